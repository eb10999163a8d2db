"""Live databases as sources of DDL: which texts name one, and what is kept of it. SQLite files stand for all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.command.plan_jobs import prepare_plan, write_starter_plan
from runner.ddl.live.database_snapshots import FOLDER, DatabaseSnapshots, parse_url, read_database
from runner.progress.reports.schema_view import schema_report
from runner.records.errors import DDLError, PlanError

TABLES = "CREATE TABLE schools (id INTEGER PRIMARY KEY, name TEXT NOT NULL); -- the first"
PLAN = """\
version: 1
name: school
ddl: {ddl}
workspace: out
tasks:
  - description: BE CRUD APIs
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "school.db"
    execute(path, TABLES)
    return path


def execute(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def write_plan(folder: Path, ddl: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(ddl=ddl))
    return path


def tables(plan: Path, state: Path, *, refresh: bool = True) -> list[str]:
    _, _, jobs = prepare_plan(plan, state, refresh=refresh)
    return [table.name.name for table in jobs[0].schema.tables]


def kept(state: Path) -> list[Path]:
    return sorted((state / FOLDER).glob("*")) if state.exists() else []


@pytest.mark.parametrize(
    ("text", "dialect", "shown"),
    [
        ("postgresql://reader@db.example:5433/school", "postgres", "postgresql://reader@db.example:5433/school"),
        ("postgres:///school?host=/run/pg", "postgres", "postgres:///school?host=/run/pg"),
        ("postgresql+psycopg://localhost/school", "postgres", "postgresql://localhost/school"),
        ("MySQL://root@localhost/my%20school", "mysql", "mysql://root@localhost/my%20school"),
        ("mariadb://localhost/school?unix_socket=/run/m.sock", "mariadb", "mariadb://localhost/school?unix_socket=/run/m.sock"),
    ],
)  # fmt: skip
def test_urls_name_a_dialect(text: str, dialect: str, shown: str) -> None:
    url, found = parse_url(text)
    assert (found.name, url.text) == (dialect, shown)


def test_the_parts_of_a_url_are_decoded() -> None:
    url, _ = parse_url("mysql+pymysql://a%40b@[::1]:3307/my%20school?unix_socket=/s")
    assert (url.user, url.host, url.port, url.database) == ("a@b", "::1", 3307, "my school")
    assert url.options == {"unix_socket": "/s"}


def test_a_run_reads_a_sqlite_database_and_keeps_its_schema(database: Path, tmp_path: Path) -> None:
    plan, state = write_plan(tmp_path, database.name), tmp_path / "state"
    assert tables(plan, state) == ["schools"]
    (file,) = kept(state)
    assert file.read_text() == "CREATE TABLE schools (id INTEGER PRIMARY KEY, name TEXT NOT NULL)\n;\n"
    execute(database, "CREATE TABLE teachers (id INTEGER PRIMARY KEY)")
    assert tables(plan, state, refresh=False) == ["schools"]
    assert tables(plan, state) == ["schools", "teachers"]
    assert kept(state) == [file]


def test_rows_do_not_change_what_is_kept(database: Path, tmp_path: Path) -> None:
    plan, state = write_plan(tmp_path, database.name), tmp_path / "state"
    tables(plan, state)
    (file,) = kept(state)
    os.utime(file, (0, 0))
    execute(database, "INSERT INTO schools (name) VALUES ('first')")
    tables(plan, state)
    assert file.stat().st_mtime == 0


def test_a_check_needs_no_database_once_its_schema_is_kept(database: Path, tmp_path: Path) -> None:
    state, other = tmp_path / "state", tmp_path / "other.db"
    assert tables(write_plan(tmp_path, database.name), state) == ["schools"]
    database.rename(other)
    execute(database, "PRAGMA user_version = 1")  # a database without tables in its place
    assert tables(write_plan(tmp_path, database.name), state, refresh=False) == ["schools"]
    with pytest.raises(PlanError, match=r"school.db: the database has no tables that this user can see. Check"):
        tables(write_plan(tmp_path, database.name), state)


def test_a_check_without_a_kept_schema_writes_nothing(database: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert tables(write_plan(tmp_path, database.name), state, refresh=False) == ["schools"]
    assert kept(state) == []


def test_a_database_is_read_once_for_all_tasks(database: Path, tmp_path: Path) -> None:
    with DatabaseSnapshots(tmp_path / "state", refresh=True, allowed=None) as databases:
        first = databases.of([database])
        database.unlink()
        database.write_bytes(b"SQLite format 3\0")
        assert databases.of([database]) == first


def test_a_database_is_named_alone(database: Path, tmp_path: Path) -> None:
    (tmp_path / "more.sql").write_text("CREATE TABLE more (id int);")
    with pytest.raises(PlanError, match=r"school.db: a database is named beside other sources of DDL. Name it alone"):
        tables(write_plan(tmp_path, f"[{database.name}, more.sql]"), tmp_path / "state")


def test_another_dialect_than_the_databases_is_refused(database: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, f"{database.name}\ndialect: mysql")
    with pytest.raises(PlanError, match=r"plan.yaml:4:10: the dialect is mysql, and the database .* speaks sqlite"):
        tables(plan, tmp_path / "state")


def test_a_damaged_database_is_reported(database: Path) -> None:
    data = bytearray(database.read_bytes())
    data[100:200] = b"\xff" * 100
    database.write_bytes(data)
    with pytest.raises(DDLError, match=r"school.db: the SQLite database cannot be read: .* Close the program"):
        read_database(str(database))


@pytest.mark.parametrize("name", ["state", "state/ddl"])
def test_no_link_is_followed_to_where_the_schema_is_kept(name: str, database: Path, tmp_path: Path) -> None:
    outside, link = tmp_path / "outside", tmp_path / name
    outside.mkdir()
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(PlanError, match=r"cannot be written here: its folder is a link. Give a folder"):
        tables(write_plan(tmp_path, database.name), tmp_path / "state")
    assert list(outside.iterdir()) == []


def test_a_password_is_neither_accepted_nor_shown() -> None:
    for text in (
        "postgresql://me:hunter2@h/db",
        "mysql://h/db?password=hunter2",
        "postgresql://h/d?sslpassword=hunter2",
    ):
        with pytest.raises(DDLError, match="contains a password") as caught:
            read_database(text)
        assert "hunter2" not in str(caught.value)


FAR = [
    "postgresql://db.example/school",
    "postgresql:///school?host=localhost,db.example",
    "postgresql://localhost/school?hostaddr=192.0.2.1",
    "postgresql:///school?service=far",
    "mysql://192.0.2.1/school",
]
NEAR = ["postgresql:///school", "postgresql://[::1]/school", "mysql://127.0.0.1/school", "postgresql:///s?host=/run/pg"]


@pytest.mark.parametrize("url", FAR)
def test_a_plan_alone_reads_no_database_of_another_machine(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no program is found: nothing can be sent
    plan = write_plan(tmp_path, url)
    with pytest.raises(PlanError, match=r"which a plan alone may not connect to. Name the URL"):
        tables(plan, tmp_path / "state", refresh=False)
    monkeypatch.setenv("RUNNER_DATABASE_ALLOWED_URLS", f"mysql://other/db {url}")
    with pytest.raises(PlanError, match="is not installed"):
        tables(plan, tmp_path / "state")


@pytest.mark.parametrize("url", NEAR)
def test_a_plan_may_read_a_database_of_this_machine(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PlanError, match="is not installed"):
        tables(write_plan(tmp_path, url), tmp_path / "state")


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DDLError, match=r"^postgresql://h/db: cannot be read: pg_dump is not installed. Install"):
        read_database("postgresql://h/db")


def test_an_unknown_scheme_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(DDLError, match=r"^mongodb://h/db: has the unknown scheme mongodb://. Known are mariadb://, "):
        read_database("mongodb://h/db")


def test_init_writes_the_schema_and_a_plan(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    written, warnings = write_starter_plan(str(database), "postgres", None)
    assert (written, warnings) == ((Path("school.sql"), Path("school.yaml")), ())
    assert "dialect: sqlite" in (elsewhere / "school.yaml").read_text()
    assert tables(elsewhere / "school.yaml", tmp_path / "state") == ["schools"]
    with pytest.raises(PlanError, match=r"school.yaml: already exists"):
        write_starter_plan(str(database), "postgres", None)
    (elsewhere / "school.yaml").unlink()
    with pytest.raises(PlanError, match=r"school.sql: already exists"):
        write_starter_plan(str(database), "postgres", None)
    assert not (elsewhere / "school.yaml").exists()


def test_the_schema_of_a_database_can_be_shown(database: Path) -> None:
    text, complete = schema_report([str(database)], "postgres", as_json=False)
    assert complete
    assert text.endswith("1 tables, 2 columns, 0 statements not understood")
