"""`runner PLAN --watch` as a process: what it hears, what it leaves, and how it ends.

Each wait is for a line that the process prints, or for its end.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from runner.progress.stores.state_reader import StateReader
from tests.integration.command import LIMIT, Folder, acting, environment, make_folder
from tests.integration.jobs import Gate, alive
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.progress.stores.run_records import RunRecord

WAITING = "waiting for a change of"
AGENT = """\
from pathlib import Path

from runner import Agent, AgentContext, GeneratedFile


class Columns(Agent):
    kind = "columns"
    title = "Columns"

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        text = "FIRST " + " ".join(column.name for column in ctx.table.columns)
        return [GeneratedFile(f"columns/{ctx.table.name.name}.txt", text)]
"""
TASK = {"id": "columns", "description": "columns", "agent": "column_agents:Columns"}


class Watcher:
    """A watching process, whose lines are read by a thread."""

    def __init__(self, folder: Folder, *arguments: str, **env: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runner", *(arguments or ("plan.yaml", "--watch"))],
            cwd=folder.path,
            env=environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def until(self, words: str = WAITING) -> str:
        """Wait for a line with these words; return the lines up to it."""
        seen = []
        while True:
            line = self._queue.get(timeout=LIMIT)
            assert line is not None, f"it ended: {''.join(self.lines)}"
            self.lines.append(line)
            seen.append(line)
            if words in line:
                return "".join(seen)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        while (line := self._queue.get(timeout=LIMIT)) is not None:
            self.lines.append(line)
        return self.process.wait(LIMIT)

    def close(self) -> None:
        """End the process, however it is."""
        self.process.kill()
        self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def watching(folder: Folder, *arguments: str, **env: str) -> Iterator[Watcher]:
    """Watch a plan; the first run has ended."""
    watcher = Watcher(folder, *arguments, **env)
    try:
        watcher.until()
        yield watcher
    finally:
        watcher.close()


def runs(folder: Folder) -> list[RunRecord]:
    with StateReader.open(folder.path / ".runner") as reader:
        return list(reader.runs())


def replace(path: Path, text: str) -> None:
    """Save as most editors do: a new file, renamed over the old one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.replace(path)


def table(name: str, *columns: str) -> str:
    return f"CREATE TABLE {name} (id int PRIMARY KEY{''.join(f', {column} text' for column in columns)});\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = make_folder(tmp_path / "project", table("students"))
    (folder.path / "column_agents.py").write_text(AGENT)
    folder.write_plan(TASK)
    return folder


def columns(folder: Folder, name: str = "students") -> str:
    return (folder.workspace / "columns" / f"{name}.txt").read_text()


def test_many_rapid_saves_run_a_few_times_and_end_as_a_fresh_run(folder: Folder, tmp_path: Path) -> None:
    with watching(folder) as watcher:
        for number in range(200):
            save = replace if number % 2 else Path.write_text
            save(folder.path / "school.sql", table("students", f"column_{number}"))
        while "column_199" not in columns(folder):
            watcher.until()
        assert watcher.end() == 130
    assert 2 <= len(runs(folder)) <= 6
    fresh = make_folder(tmp_path / "fresh", (folder.path / "school.sql").read_text())
    for name in ("column_agents.py", "plan.yaml"):
        shutil.copy(folder.path / name, fresh.path)
    assert fresh.run("plan.yaml").returncode == 0
    assert folder.files() == fresh.files()


def test_a_broken_schema_is_reported_and_a_mended_one_runs(folder: Folder) -> None:
    with watching(folder) as watcher:
        (folder.path / "school.sql").write_text("CREATE TABLE students (id int PRIMARY KEY, broken")
        broken = watcher.until()
        assert "school.sql changed" in broken
        assert "never closed" in broken
        assert columns(folder) == "FIRST id"
        replace(folder.path / "school.sql", table("students", "mended"))
        watcher.until()
        assert columns(folder) == "FIRST id mended"
        (folder.path / "school.sql").unlink()
        assert "school.sql" in watcher.until()
        (folder.path / "school.sql").write_text(table("students", "again"))
        watcher.until()
        assert columns(folder) == "FIRST id again"


def test_the_code_of_an_agent_that_was_saved_is_the_code_that_runs(folder: Folder) -> None:
    with watching(folder) as watcher:
        for word in ("SECOND", "THIRD"):
            replace(folder.path / "column_agents.py", AGENT.replace("FIRST", word))
            assert "column_agents.py changed" in watcher.until()
            assert columns(folder) == f"{word} id"
        replace(folder.path / "column_agents.py", "no Python")
        assert "cannot be imported" in watcher.until()
        replace(folder.path / "column_agents.py", AGENT)
        watcher.until()
        assert columns(folder) == "FIRST id"


def test_a_plan_that_was_saved_runs_as_it_is_now_and_what_it_names_is_watched(folder: Folder) -> None:
    with watching(folder) as watcher:
        folder.write_plan(TASK, ddl="sql")
        assert "sql" in watcher.until()
        (folder.path / "sql").mkdir()
        (folder.path / "sql" / "1_teachers.sql").write_text(table("teachers"))
        while not (folder.workspace / "columns" / "teachers.txt").exists():
            watcher.until()
        replace(folder.path / "sql" / "2_rooms.sql", table("rooms"))
        watcher.until()
        assert columns(folder, "rooms") == "FIRST id"
        shutil.rmtree(folder.path / "sql")
        (folder.path / "sql").mkdir()
        (folder.path / "sql" / "1_teachers.sql").write_text(table("teachers", "name"))
        while "name" not in columns(folder, "teachers"):
            watcher.until()
        (folder.path / "plan.yaml").write_text("version: 1\ntasks: [")
        assert "plan.yaml:" in watcher.until()
        folder.write_plan(TASK)
        watcher.until()
        assert watcher.end(signal.SIGTERM) == 143


def test_a_template_of_ones_own_is_watched_and_files_of_editors_are_not(folder: Folder) -> None:
    own = folder.path / "own" / "schema-docs" / "docs"
    own.mkdir(parents=True)
    (own / "notes.md.j2").write_text("one\n")
    folder.write_plan({"id": "docs", "description": "schema docs", "agent": "schema-docs"}, templates="own")
    with watching(folder) as watcher:
        assert (folder.workspace / "docs" / "notes.md").read_text() == "one\n"
        before = len(runs(folder))
        for name in (".notes.md.j2.swp", "notes.md.j2~", "4913", "#notes.md.j2#"):
            (own / name).write_text("an editor's")
            (folder.path / name).write_text("an editor's")
        (folder.workspace / "docs" / "index.md").write_text("edited by hand")
        replace(own / "notes.md.j2", "two\n")
        said = watcher.until()
        assert "own/schema-docs/docs/notes.md.j2 changed" in said
        assert (folder.workspace / "docs" / "notes.md").read_text() == "two\n"
        assert len(runs(folder)) == before + 1
        assert watcher.end() == 130
    assert not [name for name in folder.files() if "swp" in name or "~" in name or "#" in name or "4913" in name]


@pytest.mark.parametrize(
    "editor", [["sed", "-i", "s/words/other_words/"], ["vim", "-es", "-u", "NONE", "-c", "%s/words/other_words/|wq"]]
)
def test_what_an_editor_saves_runs_once(folder: Folder, editor: list[str]) -> None:
    if shutil.which(editor[0]) is None:
        missing(f"{editor[0]} is not installed")
    (folder.path / "school.sql").write_text(table("students", "words"))
    with watching(folder) as watcher:
        for expected in ("FIRST id other_words", "FIRST id other_other_words"):
            subprocess.run([*editor, "school.sql"], cwd=folder.path, check=True, timeout=LIMIT)
            watcher.until()
            assert columns(folder) == expected
        assert watcher.end() == 130
    assert len(runs(folder)) == 3


def test_where_no_changes_are_reported_folders_can_be_polled(folder: Folder) -> None:
    with watching(folder, WATCHFILES_FORCE_POLLING="1") as watcher:
        replace(folder.path / "school.sql", table("students", "polled"))
        watcher.until()
        assert columns(folder) == "FIRST id polled"
        assert watcher.end() == 130


def test_what_runs_write_triggers_none(folder: Folder) -> None:
    folder.write_plan(TASK, workspace=".")
    with watching(folder, "plan.yaml", "--watch", "--json", "report.json", "--state", "state") as watcher:
        for number in range(3):
            replace(folder.path / "school.sql", table("students", f"column_{number}"))
            watcher.until()
        assert watcher.end() == 130
    with StateReader.open(folder.path / "state") as reader:
        assert len(list(reader.runs())) == 4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_in_progress_and_the_watch(folder: Folder, number: int, code: int) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting(options={"acts": {"*": gate.act}}), timeouts={"grace": 1})
    watcher = Watcher(folder)
    try:
        gate.wait_reached()
        family = psutil.Process(watcher.process.pid).children(recursive=True)
        assert family
        assert watcher.end(number) == code
        assert "Traceback" not in "".join(watcher.lines)
        psutil.wait_procs(family, timeout=LIMIT)
        assert not alive(family)
    finally:
        watcher.close()
    (run,) = runs(folder)
    assert run.status.ended


def test_a_watch_that_is_killed_leaves_no_process(folder: Folder) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting(options={"acts": {"*": gate.act}}))
    watcher = Watcher(folder)
    gate.wait_reached()
    family = psutil.Process(watcher.process.pid).children(recursive=True)
    assert family
    assert watcher.end(signal.SIGKILL) == -signal.SIGKILL
    watcher.close()
    psutil.wait_procs(family, timeout=LIMIT)
    assert not alive(family)


def test_what_is_wrong_from_the_beginning_ends_it(folder: Folder) -> None:
    assert folder.run("missing.yaml", "--watch").returncode == 2
    assert folder.run("plan.yaml", "--watch", "--rerun-failed").returncode == 2
    done = folder.run("plan.yaml", "--watch", "--junit", "school.sql/report.xml")
    assert done.returncode == 2
    assert "is not a folder" in done.stderr
    assert not (folder.path / ".runner").exists()


def test_without_the_extra_it_says_how_to_install_it(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "watchfiles.py").write_text("raise ModuleNotFoundError('watchfiles')\n")
    path = f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"
    done = folder.run("plan.yaml", "--watch", PYTHONPATH=path)
    assert done.returncode == 2
    assert "python -m pip install 'plan-runner[watch]'" in done.stderr


def test_a_change_is_generated_though_another_process_runs_the_plan(folder: Folder) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting(options={"acts": {"*": gate.act}}))
    other = folder.start("plan.yaml", "--state", "other")
    gate.wait_reached()
    watcher = Watcher(folder)
    try:
        gate.open()
        assert "already being run" not in watcher.until()
    finally:
        watcher.close()
        other.communicate(timeout=LIMIT)
    assert other.returncode == 0
