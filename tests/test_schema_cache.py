"""The cache of schemas: saved schemas are loaded again, and a file prepared by an attacker has no effect."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
from pathlib import Path

import pytest

from runner.ddl import model, schema_cache
from runner.ddl.reader import read_ddl, read_ddl_text
from runner.ddl.views import SetOperation

SCHOOL = Path(__file__).parent.parent / "plans" / "school.sql"
PATHS = [Path("school.sql")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder of a user who has none yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def saved(home: Path) -> Path:
    """Return the file of a schema that was saved."""
    schema_cache.save(PATHS, "digest", read_ddl([SCHOOL], "postgres"))
    (file,) = home.rglob("*.pickle")
    return file


def test_a_schema_comes_back_as_it_was(saved: Path) -> None:
    assert schema_cache.load(PATHS, "digest") == read_ddl([SCHOOL], "postgres")
    assert schema_cache.load(PATHS, "another digest") is None
    assert schema_cache.load([Path("other.sql")], "digest") is None


def test_a_schema_with_every_kind_of_record_comes_back(home: Path) -> None:
    text = """
        CREATE TYPE mood AS ENUM ('calm', 'glad');
        CREATE TABLE pupils (id int PRIMARY KEY, age int DEFAULT 6 CHECK (age > 5 OR age IS NULL), mood mood);
        CREATE VIEW ages AS SELECT age, count(*) AS n FROM pupils GROUP BY age UNION SELECT 0, 0;
        GRANT SELECT ON pupils TO public;
    """
    schema = read_ddl_text(text, "postgres")
    view = schema.tables[-1].view
    assert view is not None
    assert isinstance(view.query, SetOperation)
    assert schema.tables[0].checks[0].expression
    assert schema.notes
    schema_cache.save(PATHS, "digest", schema)
    assert schema_cache.load(PATHS, "digest") == schema


def test_a_path_that_is_not_utf_8_has_a_place_like_any_other() -> None:
    paths = [Path(os.fsdecode(b"caf\xe9/s.sql"))]
    assert schema_cache.load(paths, "digest") is None
    schema_cache.save(paths, "digest", read_ddl([SCHOOL], "postgres"))
    assert schema_cache.load(paths, "digest") is not None


class Calls:
    """Pickles as a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call


def test_no_file_in_the_cache_can_run_code(saved: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for hostile in (
        pickle.dumps(Calls(os.system, f"touch {marker}")),
        pickle.dumps(Calls(exec, f"open({str(marker)!r}, 'w')")),
        f"c{model.__name__}\n__builtins__\n.".encode(),
        f"c{model.__name__}\ndataclass\n.".encode(),  # imported there, not defined
        f"c{model.__name__}\nNote\n.".encode(),  # as earlier versions named it
        b"cpathlib\nPath\n.",
        b"half",
        b"",
        pickle.dumps("no schema"),
    ):
        saved.write_bytes(hashlib.sha256(hostile).digest() + hostile)
        assert schema_cache.load(PATHS, "digest") is None
        with contextlib.suppress(pickle.UnpicklingError, EOFError):
            schema_cache.restored(hostile)
    assert not marker.exists()


def test_a_worker_restores_the_bytes_that_were_saved_or_a_pickled_schema(saved: Path) -> None:
    schema = read_ddl([SCHOOL], "postgres")
    data = schema_cache.pickled(PATHS, "digest")
    assert data is not None
    assert schema_cache.restored(data) == schema_cache.restored(pickle.dumps(schema)) == schema
    assert schema_cache.pickled(PATHS, "another digest") is None


def test_a_schema_that_was_worked_with_is_pickled_without_what_it_has_computed() -> None:
    schema = read_ddl([SCHOOL], "postgres")
    fresh = pickle.dumps(schema)
    assert schema.partitions.total() == 0
    assert schema.tables_by_label["students"].columns_by_name
    assert pickle.dumps(schema) == fresh
    assert schema_cache.restored(fresh) == schema


def test_a_damaged_file_is_recognised_without_unpickling_it(saved: Path) -> None:
    whole = saved.read_bytes()
    for damaged in (whole[:-1], whole + b".", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:], b""):
        saved.write_bytes(damaged)
        assert schema_cache.pickled(PATHS, "digest") is None
        assert schema_cache.load(PATHS, "digest") is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_can_write_is_neither_read_nor_written(saved: Path, mode: int) -> None:
    saved.chmod(mode)
    assert schema_cache.load(PATHS, "digest") is None
    saved.chmod(0o600)
    assert schema_cache.load(PATHS, "digest") is not None
    saved.parent.chmod(0o700 | mode)
    assert schema_cache.load(PATHS, "digest") is None
    schema_cache.save(PATHS, "new", read_ddl([SCHOOL], "postgres"))
    assert list(saved.parent.iterdir()) == [saved]


def test_links_and_pipes_in_the_cache_are_not_opened(saved: Path, tmp_path: Path) -> None:
    saved.rename(tmp_path / "elsewhere")
    saved.symlink_to(tmp_path / "elsewhere")
    assert schema_cache.load(PATHS, "digest") is None
    saved.unlink()
    os.mkfifo(saved, 0o600)
    assert schema_cache.load(PATHS, "digest") is None
    saved.unlink()
    (tmp_path / "elsewhere").rename(saved)
    assert schema_cache.load(PATHS, "digest") is not None
    saved.parent.rename(tmp_path / "folder")
    saved.parent.symlink_to(tmp_path / "folder")
    assert schema_cache.load(PATHS, "digest") is None
