"""Opening the state file: what is set aside, what is migrated, and the errors of an unusable one."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.progress.stores import state_damage, state_file, state_migrations
from runner.progress.stores.sqlite_store import SqliteStore, request_control
from runner.progress.stores.state_migrations import APPLICATION_ID, VERSION
from runner.progress.stores.state_reader import NoSuchRunError, StateReader
from runner.progress.web_board.run_feed import StateSource
from runner.records.errors import StoreError
from runner.records.events import Logged, RunEnded, RunPaused
from runner.records.status import RunStatus
from tests.sample_runs import run_started, whole_run

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = "11111111-aaaa-4000-8000-000000000000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def write_run(folder: Path) -> None:
    with SqliteStore(folder) as store:
        store.append(RUN, whole_run(tables=200))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in {".gitignore", "state.lock"})


def test_the_board_shows_the_first_run_though_it_looked_while_the_file_was_created(folder: Path) -> None:
    folder.mkdir()
    source = StateSource(folder)
    assert source.runs() == []
    (folder / "state.db").touch()  # as SQLite does before anything is in it
    assert source.runs() == []
    write_run(folder)
    assert [run["id"] for run in source.runs()] == [RUN]
    source.close()


def test_a_new_state_folder_has_a_gitignore(folder: Path) -> None:
    with SqliteStore(folder / "deep") as store:
        assert store.notices == ()
    assert (folder / "deep" / ".gitignore").read_text() == "*\n"


def test_stored_runs_are_there_at_the_next_start(folder: Path) -> None:
    write_run(folder)
    with SqliteStore(folder) as store:
        assert store.notices == ()
        assert store.run().status is RunStatus.DONE
        assert sum(1 for _ in store.events(RUN)) == store.run().last_seq


def test_the_file_is_in_wal_mode_and_ours(folder: Path) -> None:
    write_run(folder)
    db = sqlite3.connect(folder / "state.db")
    found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "application_id", "user_version")]
    db.close()
    assert found == ["wal", APPLICATION_ID, VERSION]


def no_database(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def broken_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 3 : -4096] = os.urandom(len(data) - 4096 * 4)
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def newer(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA application_id = 1")
    db.close()


@pytest.mark.parametrize(
    ("spoil", "label", "reason"),
    [
        (no_database, "damaged", "is damaged"),
        (broken_pages, "damaged", "is damaged"),
        (cut_short, "damaged", "is damaged"),
        (newer, "newer", f"was written by a newer runner (format {VERSION + 1}, this one knows {VERSION})"),
        (foreign, "foreign", "is not a state file of the runner"),
    ],
)
def test_a_file_that_cannot_be_used_is_set_aside_and_never_deleted(
    folder: Path, spoil: Callable[[Path], None], label: str, reason: str
) -> None:
    write_run(folder)
    spoil(folder / "state.db")
    before = (folder / "state.db").read_bytes()
    with SqliteStore(folder) as store:
        (notice,) = store.notices
        assert store.runs() == ()
        store.append(RUN, [run_started()])
    (aside,) = [name for name in files(folder) if name.startswith(f"state.{label}-") and name.endswith(".db")]
    assert (folder / aside).read_bytes() == before
    assert reason in notice
    assert aside in notice
    with SqliteStore(folder) as store:
        assert store.notices == ()
        assert len(store.runs()) == 1


def test_the_log_of_a_damaged_file_is_set_aside_with_it(folder: Path) -> None:
    write_run(folder)
    copied = folder.with_name("copied")
    copied.mkdir()
    with SqliteStore(folder) as writer:
        writer.append(RUN, [Logged(level="info", message="not yet folded into the file")])
        for name in ("state.db", "state.db-wal"):  # leftovers of a killed process
            (copied / name).write_bytes((folder / name).read_bytes())
    broken_pages(copied / "state.db")
    log = (copied / "state.db-wal").read_bytes()
    with SqliteStore(copied) as store:
        assert len(store.notices) == 1
    (aside,) = [path for path in copied.iterdir() if path.name.endswith(".db-wal") and ".damaged-" in path.name]
    assert aside.read_bytes() == log


def test_an_empty_file_is_used(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.db").touch()
    with SqliteStore(folder) as store:
        assert store.notices == ()
        store.append(RUN, [run_started()])


def test_migrations_run_once_each_and_in_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(folder)
    later = ("ALTER TABLE runs ADD COLUMN label TEXT", "UPDATE runs SET label = 'old'")
    monkeypatch.setattr(state_migrations, "MIGRATIONS", (*state_migrations.MIGRATIONS, later))
    for module in (state_file, state_damage):
        monkeypatch.setattr(module, "VERSION", VERSION + 1)
    for _ in range(2):
        with SqliteStore(folder) as store:
            assert store.notices == ()
    db = sqlite3.connect(folder / "state.db")
    assert db.execute("SELECT label FROM runs").fetchall() == [("old",)]
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    db.close()


def test_a_column_that_an_older_runner_did_not_write_is_added_with_its_default(folder: Path) -> None:
    write_run(folder)
    db = sqlite3.connect(folder / "state.db")
    for table, column in (("subtasks", "up_to_date"), ("subtasks", "kept"), ("tasks", "error"), ("runs", "last_seq")):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.close()
    with pytest.raises(StoreError, match=r"was written by an older runner; the next run brings it up to date"):
        StateReader.open(folder)
    with SqliteStore(folder) as store:
        assert store.notices == ()
        assert {(each.up_to_date, each.files.kept, each.files.created) for each in store.subtasks(RUN)} == {
            (False, 0, 3)
        }
        assert {task.error for task in store.tasks(RUN)} == {None}
    with StateReader.open(folder) as reader:
        assert reader.run(RUN).last_seq == 0


def test_a_migration_that_fails_leaves_the_file_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(folder)
    broken = ("CREATE TABLE half (x)", "INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patched:
        patched.setattr(state_migrations, "MIGRATIONS", (*state_migrations.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="nowhere"):
            SqliteStore(folder)
    with SqliteStore(folder) as store:
        assert store.run().plan == "school"
    db = sqlite3.connect(folder / "state.db")
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    db.close()


def test_a_state_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match=r"state.*cannot be saved here.*--state or RUNNER_STATE"):
        SqliteStore(tmp_path / "state")


def test_a_state_file_that_is_a_folder_is_reported(folder: Path) -> None:
    (folder / "state.db").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"state\.db: the run's state cannot be saved"):
        SqliteStore(folder)


@pytest.mark.parametrize("name", ["", "state.db", "state.db-wal", "state.db-shm", "state.lock"])
def test_a_link_in_place_of_the_folder_or_a_file_is_refused_and_not_followed(name: str, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "state"
    if name:
        folder.mkdir()
    else:
        outside.mkdir()
    (folder / name).symlink_to(outside)
    with pytest.raises(StoreError, match=r"(is a link|symbolic links).*--state or RUNNER_STATE"):
        SqliteStore(folder)
    if name != "state.lock":  # which readers do not open
        with pytest.raises(StoreError, match="it is a link; remove it"):
            StateReader.open(folder)
    assert not list(outside.iterdir()) if outside.is_dir() else not outside.exists()


def test_a_pipe_in_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    for name in ("state.db", "state.lock"):
        folder = tmp_path / name
        folder.mkdir()
        os.mkfifo(folder / name)
        with pytest.raises(StoreError, match=rf"{name}: .*no regular file.*--state or RUNNER_STATE"):
            SqliteStore(folder)
    with pytest.raises(StoreError, match="no regular file"):
        StateReader.open(tmp_path / "state.db")


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from runner.records.errors import StoreError
from runner.progress.stores.state_reader import StateReader
from runner.progress.stores.sqlite_store import SqliteStore
if os.getuid() == 0:  # everything is writable to root
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    SqliteStore(Path(sys.argv[1]))
except StoreError as error:
    print("refused:", error)
with StateReader.open(Path(sys.argv[1])) as reader:
    print("runs:", len(reader.runs()))
"""


def test_a_folder_that_cannot_be_written_is_named_and_can_still_be_read() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "state"
        Path(temporary).chmod(0o755)
        write_run(folder)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, str(folder)], capture_output=True, text=True, timeout=60, check=False
        )
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    refused, runs = done.stdout.splitlines()
    assert refused.startswith(f"refused: {folder}")
    assert "--state or RUNNER_STATE" in refused
    assert runs == "runs: 1"


def test_a_full_disk_is_reported_and_nothing_is_stored_in_part(folder: Path) -> None:
    write_run(folder)
    with SqliteStore(folder) as store:
        before = store.run().last_seq
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own limit: the same error as a full disk
        with pytest.raises(StoreError, match=r"state\.db: .*the disk is full; free some space"):
            store.append(RUN, [Logged(level="info", message="x" * 10_000) for _ in range(50)])
        assert sum(1 for _ in store.events(RUN)) == before == store.run().last_seq
        store._db.execute(f"PRAGMA max_page_count = {pages * 100}")
        (recorded,) = store.append(RUN, [Logged(level="info", message="space again")])
        assert recorded.seq == before + 1


def test_a_failing_write_is_a_store_error(folder: Path) -> None:
    limited = """
import resource, signal, sys
from pathlib import Path
from runner.records.errors import StoreError
from runner.records.events import Logged
from runner.progress.stores.sqlite_store import SqliteStore
from tests.sample_runs import run_started
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore(Path(sys.argv[1]))
store.append("r", [run_started()])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
try:
    while True:
        store.append("r", [Logged(level="info", message="x" * 10_000)])
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert [each.seq for each in store.events("r")] == list(range(1, store.run("r").last_seq + 1))
"""
    done = subprocess.run(
        [sys.executable, "-c", limited, str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "the run's state cannot be saved" in done.stdout


def test_many_threads_may_open_a_new_folder_at_once(folder: Path) -> None:
    errors: list[BaseException] = []
    together = threading.Barrier(8)

    def open_one() -> None:
        together.wait(30)
        try:
            SqliteStore(folder).close()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_a_file_can_be_read_at_any_moment_of_its_creation(tmp_path: Path) -> None:
    failures: list[StoreError] = []
    for number in range(150):
        folder, created = tmp_path / str(number), threading.Event()

        def read(folder: Path = folder, created: threading.Event = created) -> None:
            while not created.is_set():
                try:
                    state_file.open_for_reading(folder).close()
                except StoreError as error:
                    failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            db, notices = state_file.open_for_writing(folder)
            db.close()
        finally:
            created.set()
            for reader in readers:
                reader.join(60)
        assert notices == ()
    assert failures == []


def test_a_reader_of_a_missing_file_finds_no_runs_and_creates_nothing(folder: Path) -> None:
    with StateReader.open(folder) as reader:
        assert reader.runs() == ()
        with pytest.raises(NoSuchRunError, match="no run was recorded yet"):
            reader.run()
    assert not folder.exists()


def test_a_reader_cannot_write(folder: Path) -> None:
    write_run(folder)
    with StateReader.open(folder) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM runs")


def test_a_reader_refuses_a_file_of_a_newer_format(folder: Path) -> None:
    write_run(folder)
    newer(folder / "state.db")
    before = (folder / "state.db").read_bytes()
    with pytest.raises(StoreError, match=f"format {VERSION + 1}.*use the runner that wrote it"):
        StateReader.open(folder)
    assert (folder / "state.db").read_bytes() == before


def test_a_reader_reports_a_damaged_file(folder: Path) -> None:
    write_run(folder)
    no_database(folder / "state.db")
    with pytest.raises(StoreError, match="the state file is damaged"):
        StateReader.open(folder)


def test_a_request_needs_a_state_file(folder: Path) -> None:
    with pytest.raises(StoreError, match="no run was recorded here"):
        request_control(folder, RUN, "pause")
    assert not folder.exists()


def test_a_request_can_be_made_without_opening_a_store(folder: Path) -> None:
    with SqliteStore(folder) as store:
        store.append(RUN, [run_started()])
        number = request_control(folder, RUN, "pause")
        assert [control.id for control in store.take_controls(RUN)] == [number]
        store.append(RUN, [RunPaused(), RunEnded(status=RunStatus.DONE, exit_code=0)])
        with pytest.raises(StoreError, match="cannot resume: it is done"):
            request_control(folder, RUN, "resume")
