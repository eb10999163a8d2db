"""Each row of the tables in docs/exit-codes.md is run: its situation is set up here, the rest is read from the row."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from runner.command import cli
from runner.progress.stores.state_migrations import VERSION
from tests.integration.command import AFFECTING, DDL, LIMIT, ROOT, Folder, acting, environment, make_folder
from tests.integration.jobs import Gate, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENT = ROOT / "docs" / "exit-codes.md"
UNREACHABLE = {"CONVEX_URL": "http://127.0.0.1:9", "RUNNER_CONVEX_TOKEN": "secret", "RUNNER_CONVEX_DRAIN": "0"}
ONCE = {"attempts": 1, "backoff": 0}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the document."""

    situation: str
    arguments: tuple[str, ...]
    code: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int
    printed: str


def rows() -> list[Row]:
    """Read the rows of all tables with four columns."""
    found = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 4 and cells[1].startswith("`runner"):
            situation, command, code, words = cells
            number = -signal.Signals[code] if code.startswith("SIG") else int(code)
            arguments = tuple(shlex.split(command.strip("`"))[1:])
            found.append(Row(situation=situation, arguments=arguments, code=number, words=words.strip("`")))
    return found


Prepare = Callable[[Folder], None]
Act = Callable[[Folder, tuple[str, ...]], Outcome]


def completed(folder: Folder, arguments: tuple[str, ...], **env: str) -> Outcome:
    """Run the command in a process of its own."""
    done = folder.run(*arguments, largest_file=None, **env)
    return Outcome(code=done.returncode, printed=done.stdout + done.stderr)


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=LIMIT)
    return Outcome(code=process.returncode, printed=out + err)


# --------------------------------------------------------------------------------- prepared: nothing runs beside it


def nothing(folder: Folder) -> None:
    """The folder is as it is."""


def plan(**keys: Any) -> Prepare:
    """A plan with one task with these keys."""
    return lambda folder: void(folder.write_plan(acting(**keys)))


def task(**keys: Any) -> Prepare:
    """A plan with one task that has only these keys."""
    return lambda folder: void(folder.write_plan(keys))


def plan_text(text: str | bytes) -> Prepare:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda folder: void((folder.path / "plan.yaml").write_bytes(data))


def void(_: object) -> None:
    """Discard a value."""


def schema(text: str) -> Prepare:
    """A plan on another schema."""

    def prepare(folder: Folder) -> None:
        folder.write_plan(acting())
        (folder.path / "school.sql").write_text(text)

    return prepare


def module(name: str, text: str) -> Prepare:
    """A plan with an agent in this module."""

    def prepare(folder: Folder) -> None:
        (folder.path / f"{name}.py").write_text(text)
        folder.write_plan({"description": "x", "agent": f"{name}:Nobody"})

    return prepare


def act(act: str, *, table: str = "teachers", **keys: Any) -> Prepare:
    """A plan whose agent does this for a table."""
    return plan(options={"acts": {table: act}}, retries=ONCE, **keys)


def a_folder(folder: Folder) -> None:
    (folder.path / "folder").mkdir()
    folder.write_plan(acting())


def cyclic(folder: Folder) -> None:
    folder.write_plan(acting("one", needs=["two"]), acting("two", needs=["one"]))


def no_such_ddl(folder: Folder) -> None:
    folder.write_plan(acting())
    (folder.path / "school.sql").unlink()


def ddl_folder(folder: Folder) -> None:
    (folder.path / "sql").mkdir()
    folder.write_plan(acting(), ddl="sql")


def convex(**keys: Any) -> Prepare:
    return lambda folder: void(folder.write_plan(acting(), convex=keys))


def workspace_file(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.workspace.write_text("a file")


def workspace_link(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.workspace.mkdir()
    (folder.workspace / ".runner").symlink_to(folder.path)


def two_owners(folder: Folder) -> None:
    one, two = ({"acts": {"students": "path same.txt"}, "text": text} for text in ("one", "two"))
    tables = {"include": ["students"]}
    folder.write_plan(
        acting("one", options=one, tables=tables), acting("two", options=two, tables=tables, needs=["one"])
    )


def folder_in_the_way(folder: Folder) -> None:
    folder.write_plan(acting(retries=ONCE))
    (folder.workspace / "crud" / "students.txt").mkdir(parents=True)


def after_a_run(change: Prepare = nothing, *tasks: dict[str, Any]) -> Prepare:
    """The plan was run, and something has changed since."""

    def prepare(folder: Folder) -> None:
        folder.write_plan(*(tasks or [acting()]))
        folder.run("plan.yaml")
        change(folder)

    return prepare


def edited(folder: Folder) -> None:
    (folder.workspace / "crud" / "students.txt").write_text("mine\n")


def kept(folder: Folder) -> None:
    """A run has kept an edited file, since nothing is left of its text before the edit."""
    edited(folder)
    shutil.rmtree(folder.workspace / ".runner" / "base")
    folder.write_plan(acting(options={"text": "another"}))
    folder.run("plan.yaml")


def after_a_conflict(folder: Folder) -> None:
    after_an_edit("one\n\nthree")(folder)
    folder.run("plan.yaml")


def after_an_edit(text: str) -> Prepare:
    """The second line of a file was edited, and then another text is to be generated."""

    def prepare(folder: Folder) -> None:
        folder.write_plan(acting(options={"text": "one\n\ntwo"}))
        folder.run("plan.yaml")
        (folder.workspace / "crud" / "students.txt").write_text("one\n\nmine\n")
        folder.write_plan(acting(options={"text": text}))

    return prepare


def removed(folder: Folder) -> None:
    (folder.workspace / "crud" / "students.txt").unlink()


def dropped_table(folder: Folder) -> None:
    with (folder.path / "school.sql").open("a") as ddl:
        ddl.write("DROP TABLE teachers;\n")


def new_table(folder: Folder) -> None:
    with (folder.path / "school.sql").open("a") as ddl:
        ddl.write("CREATE TABLE fees (id int PRIMARY KEY);\n")


def failed_template(folder: Folder) -> None:
    templates = folder.path / "templates" / "schema-docs"
    templates.mkdir(parents=True)
    (templates / "broken.md.j2").write_text("{{ no_such_variable }}\n")
    folder.write_plan({"description": "docs", "agent": "schema-docs"}, templates="templates")


def dependent(folder: Folder) -> None:
    acts = {"acts": {"teachers": "raise final"}}
    folder.write_plan(acting("first", options=acts), acting("second", needs=["first"]))


def damaged(folder: Folder) -> None:
    (folder.path / ".runner" / "state.db").write_bytes(b"no database" * 1000)


def newer(folder: Folder) -> None:
    with contextlib.closing(sqlite3.connect(folder.path / ".runner" / "state.db")) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")


def linked_state(folder: Folder) -> None:
    folder.write_plan(acting())
    (folder.path / ".runner").mkdir()
    (folder.path / ".runner" / "state.db").symlink_to(folder.path / "elsewhere.db")


# Situations in which the command is run in this process. Those of runs that reach a worker are started as processes,
# since the modules of agents, once imported, would stay here.
PREPARED: dict[str, Prepare] = {
    **dict.fromkeys(
        [
            "help is asked for",
            "help of a command is asked for",
            "the version is asked for",
            "no command is given",
            "an option that does not exist",
            "a command is misspelled",
            "`run` without a plan",
            "`run` with two plans",
            "a value that is not among those of an option",
            "a number out of range",
            "an option without its value",
            "an unknown policy for running plans",
            "`validate` without a plan",
            "`status` with two formats",
            "`logs` with an unknown option",
            "`pause` with an argument",
            "`resume` with an argument",
            "`cancel` with two tasks",
            "`sync` with an argument",
            "`watch` with an argument",
            "`schema` without a file",
            "`cluster` without the number of workers",
            "an executor that is no scheduler",
            "an unknown dialect",
            "`init` without a file",
            "`plan-schema` with an argument",
            "no such plan",
            "a schema that was understood",
            "`schema` with a file that does not exist",
            "`init` writes a plan",
            "`init` with a file that does not exist",
            "`init` into a folder that does not exist",
            "`status` before the first run",
            "`logs` before the first run",
            "`watch` before the first run",
            "`pause` and nothing runs",
            "`resume` and nothing runs",
            "`cancel` and nothing runs",
            "`sync` without a deployment",
            "`sync` without the secret",
            "`board --convex` without a deployment and a secret",
            "`board --convex` with control",
        ],
        nothing,
    ),
    "a report that would replace a folder": a_folder,
    "a report that would replace the schema": plan(),
    "two reports with one path": plan(),
    "a report without a path": plan(),
    "a wait of no number of seconds": plan(),
    "a negative wait": plan(),
    "a report in a folder that is a file": plan(),
    "`--diff` without `--check`": plan(),
    "`--watch` with `--rerun-failed`": plan(),
    "`--notify-on` without `--notify`": plan(),
    "`--dry-run` with `--check`": plan(),
    "a notification to no address": plan(),
    "a state folder that is a file": plan(),
    "a valid plan": plan(),
    "the plan is a folder": a_folder,
    "the plan is not YAML": plan_text("[\n"),
    "the plan is not text": plan_text(b"version: \xff\n"),
    "the plan is empty": plan_text(""),
    "lists nested deeper than a plan may": plan_text("[" * 5000),
    "an unknown key": plan(prioritty=1),
    "a format of a newer version": lambda folder: void(folder.write_plan(acting(), version=2)),
    "a plan without tasks": lambda folder: void(folder.write_plan()),
    "a value out of range": plan(priority=11),
    "a task needs one that does not exist": plan(needs=["curd"]),
    "tasks need each other": cyclic,
    "two tasks have one id": lambda folder: void(folder.write_plan(acting(), acting())),
    "a description that means no agent": task(description="make me a sandwich"),
    "a description that means several agents": task(description="Create backend and frontend"),
    "an agent that does not exist": task(description="x", agent="be-crudd"),
    "the module of an agent does not exist": task(description="x", agent="no_such_module:Agent"),
    "the module of an agent has no such class": module("empty_agents", ""),
    "the class of an agent is not an agent": module("odd_agents", "class Nobody: ...\n"),
    "the module of an agent raises an error": module("raising", "raise ValueError('as asked')\n"),
    "the module of an agent exits": module("exiting", "import sys\nsys.exit(0)\n"),
    "a folder of templates that does not exist": plan(templates="no_templates"),
    "a pattern that matches no table": plan(tables={"include": ["studnets"]}),
    "every table is excluded": plan(tables={"exclude": ["*"]}),
    "an agent works by table and the plan has no DDL": lambda folder: void(folder.write_plan(acting(), ddl=None)),
    "Convex is required and not set up": convex(enabled=True),
    "the plan's Convex address is not allowed": convex(enabled=True, url="https://other.example"),
    "the DDL does not exist": no_such_ddl,
    "the DDL has no tables": schema("SELECT 1;\n"),
    "the DDL is a folder without SQL": ddl_folder,
    "a selected table was not understood": schema(f"{DDL}CREATE TABLE fees (id int;\n"),
    "`schema` with statements that were not understood": schema("CREATE TABLE fees (id int;\n"),
    "`init` would overwrite a file": plan(),
    "the workspace is a file": workspace_file,
    "the workspace's `.runner` is a link": workspace_link,
    "the workspace's `.runner` is a link, and a check": workspace_link,
    "`status` after a failed run": after_a_run(nothing, acting(options={"acts": {"students": "raise final"}})),
    "`status` of a run that does not exist": after_a_run(),
    "`logs` of a run that does not exist": after_a_run(),
    "`logs` of a task that does not exist": after_a_run(),
    "`watch` of a run that does not exist": after_a_run(),
    "the state file is damaged, and `status`": after_a_run(damaged),
    "the state file is of a newer version, and `status`": after_a_run(newer),
    "`sync` with what is no address": nothing,
    "`sync` beyond this machine without encryption": nothing,
    "`sync` and nothing is unsent": nothing,
}
STARTED: dict[str, Prepare] = {
    "an agent writes outside the workspace": act("path ../outside.txt"),
    "two sub-tasks write one file": two_owners,
    "the place of a generated file is a folder": folder_in_the_way,
    "the scheduler of a cluster cannot be reached": plan(),
    "everything is done": plan(),
    "everything is up to date": after_a_run(),
    "a generated file was edited": after_a_run(edited),
    "nothing failed last time": after_a_run(),
    "the conflict of the last run is still open": after_a_conflict,
    "an agent raises an error": act("raise final"),
    "an agent raises an error, and a check": act("raise value"),
    "an agent raises an error, and no more is to start": act("raise final"),
    "an agent exceeds its time limit": act("obey reached", timeouts={"task": 60, "subtask": 0.2, "grace": 30}),
    "an agent ends its process": act("exit 0"),
    "an agent crashes its process": act("signal SIGSEGV"),
    "a task that another needs fails": dependent,
    "a template cannot be rendered": failed_template,
    "a check finds nothing": after_a_run(),
    "nothing was generated yet": plan(),
    "a generated file was removed": after_a_run(removed),
    "a file would be generated again, and a dry run": after_a_run(removed),
    "the schema has changed": after_a_run(new_table),
    "files of a dropped table are still there": after_a_run(dropped_table),
    "an edited file is merged": after_an_edit("one\nand a half\n\ntwo"),
    "an edited file would be merged": after_an_edit("one\nand a half\n\ntwo"),
    "an edit contradicts what is generated": after_an_edit("one\n\nthree"),
    "an edit contradicts what would be generated": after_an_edit("one\n\nthree"),
    "an edited file would be kept": after_a_run(kept),
    "the state file is damaged, and a run": after_a_run(damaged),
    "the state file is of a newer version, and a run": after_a_run(newer),
    "the state file is a link": linked_state,
    "the state folder cannot be created": plan(),
}

# --------------------------------------------------------------------------------- acted: something happens beside it


@contextlib.contextmanager
def running(folder: Folder, *arguments: str, name: str = "plan.yaml") -> Iterator[tuple[subprocess.Popen[str], Gate]]:
    """Have a run at work; it ends once its gate is opened, and is ended after the block if it is not."""
    gate = Gate(folder.path / f"gate-{name}")
    first, crud = acting("first", setup=True, priority=10), acting(options={"acts": {"teachers": gate.act}})
    folder.write_plan(first, {**crud, "needs": ["first"]}, name=name, workspace=f"out-{name}")
    process = folder.start(name, *arguments)
    try:
        gate.wait_reached()
        yield process, gate
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=LIMIT)


def signalled(number: signal.Signals, *, again: bool = False) -> Act:
    """The run gets a signal while an agent works."""

    def perform(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
        reached = folder.path / "reached"
        limits = {"task": 600, "subtask": 600, "grace": 500 if again else 30}
        folder.write_plan(
            acting(options={"acts": {"teachers": f"{'ignore' if again else 'obey'} {reached}"}}), timeouts=limits
        )
        process = folder.start(*arguments)
        until(reached.exists, "the agent at work", LIMIT)
        process.send_signal(number)
        if again:
            until(lambda: f"interrupted by {number.name}" in folder.run("logs").stdout, "the first", LIMIT)
            process.send_signal(number)
        return ended(process)

    return perform


def watched(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    """A plan is watched, and no run is in progress."""
    folder.write_plan(acting())
    with folder.start(*arguments) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "waiting" in line)
        process.send_signal(signal.SIGINT)
        code = process.wait(LIMIT)
    return Outcome(code=code, printed=line)


def struck(place: int) -> Act:
    """A process of the run is killed while an agent works, by its depth in the tree: 0 is the supervisor."""

    def perform(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
        go = folder.path / "go"
        folder.write_plan(acting(options={"acts": {"teachers": f"attend {go}"}}))
        process = folder.start(*arguments)
        until((folder.workspace / "crud" / "students.txt").exists, "the agents at work", LIMIT)
        supervisor = psutil.Process(process.pid)
        found = [supervisor, *supervisor.children(recursive=True)]
        next(one for one in found if depth(one, process.pid) == place).kill()
        if place:
            until(lambda: "it is replaced" in folder.run("logs").stdout, "another worker", LIMIT)
            go.touch()
        return ended(process)

    return perform


def depth(process: psutil.Process, ancestor: int) -> int:
    """Return how many generations a process of a run is below another: 2 is the forkserver, 3 a worker."""
    parents = [parent.pid for parent in process.parents()]
    return parents.index(ancestor) + 1 if ancestor in parents else 0


def asked(*before: str) -> Act:
    """The command is given while a run is at work, after other commands."""

    def perform(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
        with running(folder):
            if before:
                assert folder.run(*before).returncode == 0
            return completed(folder, arguments)

    return perform


def second(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    with running(folder):
        return completed(folder, arguments)


def cancelled(*command: str) -> Act:
    """The run is cancelled by another command."""

    def perform(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
        reached = folder.path / "reached"
        folder.write_plan(acting(options={"acts": {"teachers": f"obey {reached}"}}))
        process = folder.start(*arguments)
        until(reached.exists, "the agent at work", LIMIT)
        assert folder.run(*command).returncode == 0
        return ended(process)

    return perform


def two_runs(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    with running(folder), running(folder, name="other.yaml"):
        return completed(folder, arguments)


def lost_workspace(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    with running(folder) as (process, gate):
        (folder.path / "out-plan.yaml").rename(folder.path / "removed")  # at once, however much is being written
        gate.open()
        return ended(process)


def closed_pipe(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    folder.write_plan(acting())
    process = folder.start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=LIMIT)
    return Outcome(code=process.returncode, printed=err)


def full_output(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    folder.write_plan(acting())
    return shell(folder, 'exec "$@" > /dev/full', arguments)


def no_descriptors(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    folder.write_plan(acting())
    return shell(folder, 'ulimit -n 20; exec "$@"', arguments)


def shell(folder: Folder, script: str, arguments: tuple[str, ...]) -> Outcome:
    """Run the command from a shell that has changed something before."""
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "runner", *arguments]
    done = subprocess.run(
        command, cwd=folder.path, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    return Outcome(code=done.returncode, printed=done.stdout + done.stderr)


def full_state(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    folder.write_plan(acting())
    done = folder.run(*arguments, largest_file=40_000)
    return Outcome(code=done.returncode, printed=done.stdout + done.stderr)


def early(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    """The signal comes while an agent's module is imported, which is before the run."""
    (folder.path / "slow.py").write_text("import os\nos.mkfifo('importing')\nopen('importing').read()\n")
    folder.write_plan({"description": "x", "agent": "slow:Agent"})
    process = folder.start(*arguments)
    until((folder.path / "importing").exists, "the import", LIMIT)
    process.send_signal(signal.SIGINT)
    return ended(process)


def unreachable(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    """Convex is set up, and nobody listens at its address."""
    folder.write_plan(acting())
    return completed(folder, arguments, **UNREACHABLE)


class _Denying(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def denied(folder: Folder, arguments: tuple[str, ...]) -> Outcome:
    """There are events to send, and the deployment refuses them."""
    assert unreachable(folder, ("plan.yaml",)).code == 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Denying) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            return completed(folder, arguments, **{**UNREACHABLE, "CONVEX_URL": url})
        finally:
            server.shutdown()
            thread.join(LIMIT)


ACTED: dict[str, Act] = {
    "the workspace is removed during the run": lost_workspace,
    "the reader of the output closes its pipe": closed_pipe,
    "a worker is killed": struck(3),
    "the forkserver is killed": struck(2),
    "the supervisor is killed": struck(0),
    "no worker can be started": no_descriptors,
    "the output of a run is on a full disk": full_output,
    "the output of another command is on a full disk": full_output,
    "the plan is already running": second,
    "the plan is already running, and one is to wait": second,
    "the plan is already running, and one is to skip": second,
    "Ctrl-C": signalled(signal.SIGINT),
    "SIGTERM": signalled(signal.SIGTERM),
    "the terminal is closed": signalled(signal.SIGHUP),
    "Ctrl-C twice": signalled(signal.SIGINT, again=True),
    "Ctrl-C before the plan was read": early,
    "Ctrl-C while a plan is watched": watched,
    "the run is cancelled": cancelled("cancel"),
    "one task is cancelled": cancelled("cancel", "crud"),
    "`pause` of a run": asked(),
    "`resume` of a run": asked("pause"),
    "`cancel` of a run": asked(),
    "`cancel` of a task that does not exist": asked(),
    "`cancel` of a task that has ended": asked(),
    "several runs are in progress": two_runs,
    "the disk of the state is full": full_state,
    "the deployment cannot be reached during a run": unreachable,
    "`sync` and the deployment denies access": denied,
    "`watch` and the deployment cannot be reached": unreachable,
    "`board --convex` and the deployment cannot be reached": unreachable,
}
ENVIRONMENT: dict[str, dict[str, str]] = {
    "the plan's Convex address is not allowed": {"RUNNER_CONVEX_TOKEN": "secret"},
    "`sync` with what is no address": {"RUNNER_CONVEX_TOKEN": "secret"},
    "`sync` beyond this machine without encryption": {"RUNNER_CONVEX_TOKEN": "secret"},
    "`sync` and nothing is unsent": {"RUNNER_CONVEX_TOKEN": "secret"},
}


def test_each_row_has_its_situation_and_each_situation_its_row() -> None:
    described = [row.situation for row in rows()]
    assert len(described) == len(set(described))
    assert set(described) == PREPARED.keys() | STARTED.keys() | ACTED.keys()
    assert sum(row.code != 0 for row in rows()) >= 56


@pytest.mark.parametrize("row", [pytest.param(row, id=row.situation) for row in rows()])
def test_a_row_is_what_the_command_does(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "project")
    if row.situation in PREPARED:
        PREPARED[row.situation](folder)
        outcome = in_this_process(folder, row, monkeypatch, capfd)
    elif row.situation in STARTED:
        STARTED[row.situation](folder)
        outcome = completed(folder, row.arguments)
    else:
        outcome = ACTED[row.situation](folder, row.arguments)
    assert outcome.code == row.code, outcome.printed
    assert re.sub(r"\s+", " ", row.words) in re.sub(r"\s+", " ", outcome.printed)
    assert "Traceback" not in outcome.printed
    assert bool(outcome.printed) or not row.words


def in_this_process(
    folder: Folder, row: Row, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Outcome:
    """Call the command's entry point."""
    for name in AFFECTING:
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.get(row.situation, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder.path)
    monkeypatch.setattr(sys, "argv", ["runner", *row.arguments])
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # `main` sets it
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capfd.readouterr()
    return Outcome(code=int(caught.value.code or 0), printed=printed.out + printed.err)
