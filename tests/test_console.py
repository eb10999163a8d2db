"""The console: plain lines, JSON lines, bars on a real pseudo-terminal, and output without a reader."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.reporter import Recorded
from runner.progress.reports import displays
from runner.progress.reports.console import Console, print_drift
from runner.records.events import (
    Event,
    Logged,
    RunEnded,
    RunPaused,
    RunResumed,
    SubTaskRetrying,
    TaskEnded,
    TaskStarted,
    from_json,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import FileCounts
from tests.sample_runs import at, ended, run_started, started, step, task_added, whole_run
from tests.screen import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RUN = "3f2a9c1b-0000-4000-8000-000000000000"
CAUSE = "TemplateError: be-crud/router.py.j2:12: 'tabel' is undefined"

FAILED_RUN: list[Event] = [
    run_started(),
    task_added("be-setup", [None]),
    task_added("be-crud", ["students", "grades", "fees"]),
    task_added("fe-crud", ["students", "grades"]),
    Logged(level="warning", message="school.sql:812: not understood: CREATE TRIGGER", at=at(0)),
    TaskStarted(task_id="be-setup", at=at(0)),
    started("be-setup", "setup", seconds=0),
    ended("be-setup", "setup", seconds=0.214, files=FileCounts(created=31)),
    TaskEnded(task_id="be-setup", status=TaskStatus.DONE, at=at(0.22)),
    TaskStarted(task_id="be-crud", at=at(0.22)),
    started("be-crud", "students", seconds=0.25),
    started("be-crud", "grades", seconds=0.25),
    step("be-crud", "grades", 4),
    SubTaskRetrying(
        task_id="be-crud", subtask_id="be-crud/grades", attempt=1, error="timed out after 300 s", delay=1.5, at=at(9)
    ),
    ended("be-crud", "students", seconds=0.31, up_to_date=True, files=FileCounts(identical=6)),
    started("be-crud", "fees", seconds=1),
    ended("be-crud", "fees", seconds=63, files=FileCounts(updated=4, kept=2)),
    started("be-crud", "grades", attempt=2, seconds=11),
    ended("be-crud", "grades", SubTaskStatus.FAILED, seconds=12.75, attempt=2, error=CAUSE, files=FileCounts()),
    TaskEnded(task_id="be-crud", status=TaskStatus.FAILED, error=CAUSE, at=at(63)),
    TaskEnded(task_id="fe-crud", status=TaskStatus.SKIPPED, error="needs be-crud, which failed", at=at(63)),
    RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(63.1)),
]
FAILURES = f"""\
failed: be-crud grades (2 attempts)
  {CAUSE}
skipped: fe-crud
  needs be-crud, which failed
"""
VERDICT = "school: failed in 1 min 03 s: 1 of 6 sub-tasks failed, 2 skipped (run 3f2a9c1b)\n"
PLAIN = f"""\
warning: school.sql:812: not understood: CREATE TRIGGER
[1/6] be-setup  setup     done        0.21 s
retry: be-crud/grades: attempt 1 failed; again in 1.50 s
  timed out after 300 s
[2/6] be-crud   students  up to date  0.06 s
[3/6] be-crud   fees      done        1 min 02 s
[4/6] be-crud   grades    failed      12.5 s
      {CAUSE}
[6/6] fe-crud   (2 not run)  skipped
      needs be-crud, which failed

{FAILURES}
tasks       3  1 done, 1 failed, 1 skipped
sub-tasks   6  2 done, 1 up to date, 1 failed, 2 skipped
files      43  31 created, 4 updated, 6 identical, 2 kept
2 files edited by hand and kept; --force overwrites them
{VERDICT}"""


def recorded(events: Sequence[Event], first: int = 1) -> list[Recorded]:
    return [Recorded(run_id=RUN, seq=seq, event=event) for seq, event in enumerate(events, first)]


def shown(events: Sequence[Event], **values: object) -> tuple[str, str]:
    """Return the output of a console without a terminal for these events, by stream."""
    out, err = io.StringIO(), io.StringIO()
    console = Console(out=out, err=err, environ={}, **values)  # type: ignore[arg-type]
    for each in recorded(events):
        console.write([each])
    console.close()
    return out.getvalue(), err.getvalue()


def test_without_a_terminal_a_run_is_plain_lines() -> None:
    assert shown(FAILED_RUN) == (PLAIN, "")


def test_the_output_does_not_depend_on_batches() -> None:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), environ={})
    console.write(recorded(FAILED_RUN))
    console.close()
    assert out.getvalue() == PLAIN


def test_quiet_prints_failures_and_the_last_line() -> None:
    assert shown(FAILED_RUN, quiet=True) == (f"{FAILURES}{VERDICT}", "")


def test_quiet_prints_nothing_for_a_successful_run() -> None:
    assert shown(whole_run(), quiet=True) == ("", "")


def test_a_run_with_nothing_to_do_is_reported_as_up_to_date() -> None:
    events: list[Event] = [
        run_started(),
        task_added("crud", ["a"]),
        ended("crud", "a", up_to_date=True, files=FileCounts(identical=3)),
        TaskEnded(task_id="crud", status=TaskStatus.DONE, at=at(2)),
        RunEnded(status=RunStatus.DONE, exit_code=0, at=at(2)),
    ]
    assert shown(events)[0].endswith("school: up to date in 2.00 s\n")
    assert shown(events, quiet=True) == ("", "")


def test_json_prints_one_event_a_line_and_nothing_else() -> None:
    out, err = shown(FAILED_RUN, log_format="json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line.pop("seq") for line in lines] == list(range(1, len(FAILED_RUN) + 1))
    assert {line.pop("run_id") for line in lines} == {RUN}
    assert [from_json(line) for line in lines] == FAILED_RUN
    assert err == ""


def test_pausing_resuming_and_messages_of_the_run_are_printed() -> None:
    events: list[Event] = [
        run_started(),
        Logged(level="info", message="waits for another run of this plan"),
        Logged(level="info", message="an agent's own words", task_id="crud", subtask_id="crud/a"),
        Logged(level="error", message="two\nlines", task_id="crud"),
        RunPaused(),
        RunResumed(),
    ]
    assert shown(events)[0] == (
        "waits for another run of this plan\n"
        "error: crud: two\n"
        "  lines\n"
        "paused: running tasks go on, no task is started\n"
        "resumed\n"
    )


def test_escape_sequences_in_texts_are_removed() -> None:
    evil = "\x1b[2Jcleared\x1b]0;title\x07 \x9b31m red \x00\x08 \u202eback\rover"
    events: list[Event] = [
        run_started(),
        task_added("crud", ["a"]),
        Logged(level="warning", message=evil),
        ended("crud", "a", SubTaskStatus.FAILED, error=evil),
        RunEnded(status=RunStatus.FAILED, exit_code=1, error=evil),
    ]
    out, _ = shown(events)
    assert "cleared" in out
    assert not re.search(r"[^\n\x20-\x7e]", out)


def test_characters_that_an_encoding_lacks_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as out:
        console = Console(out=out, err=io.StringIO(), environ={})
        console.write(recorded([Logged(level="warning", message="Schüler \udc80")]))
    assert path.read_bytes() == b"warning: Sch\\xfcler \\udc80\n"


def test_a_notice_is_printed_in_the_summary_or_at_once_after_it() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out=out, err=err, environ={})
    console.notice("3 events wait to be sent")
    console.write(recorded(whole_run()))
    assert out.getvalue().splitlines()[-2:] == ["3 events wait to be sent", "school: done in 4.00 s"]
    console.notice("report.json written")
    assert err.getvalue() == "report.json written\n"


def test_removed_files_are_counted_and_the_run_is_not_called_up_to_date() -> None:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), environ={})
    console.write(
        recorded([run_started(), task_added("crud", ["x"]), ended("crud", "x", up_to_date=True, files=FileCounts())])
    )
    console.count_removed(9)
    console.write(recorded([RunEnded(status=RunStatus.DONE, exit_code=0, at=at(4))]))
    assert re.search(r"^files +9  9 removed$", out.getvalue(), re.MULTILINE)
    assert "up to date in" not in out.getvalue()


def test_a_check_with_failures_says_that_not_all_was_checked() -> None:
    out = io.StringIO()
    print_drift([], out=out, unchecked=2)
    assert out.getvalue() == "no file of the other sub-tasks differs; 2 sub-tasks could not be checked\n"
    print_drift([("update", "a")], out=out, unchecked=1)
    assert out.getvalue().endswith("1 to update; 1 sub-task could not be checked\n")


def test_a_check_prints_only_failures_before_its_list() -> None:
    assert shown(whole_run(), check=True) == ("", "")
    assert shown(FAILED_RUN, check=True)[0] == f"{FAILURES}\n"


def test_drift_is_listed_and_counted() -> None:
    out = io.StringIO()
    changes = [("update", "b.py"), ("create", "a.py"), ("keep", "c.py"), ("create", "a.py")]
    print_drift(changes, out=out)
    assert out.getvalue() == (
        "would create    a.py\n"
        "would update    b.py\n"
        "would keep      c.py (edited by hand)\n"
        "2 files differ from what would be generated: 1 to create, 1 to update; "
        "1 file edited by hand would be kept\n"
    )


def test_a_check_without_drift_says_so() -> None:
    out = io.StringIO()
    print_drift([], out=out)
    assert out.getvalue() == "no file differs from what would be generated\n"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def bars(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    monkeypatch.setattr(displays, "REFRESH_INTERVAL", 0.0)
    console = Console(out=terminal.stream, err=terminal.stream, environ={})
    yield console
    console.close()


def at_work(tasks: Sequence[str]) -> list[Event]:
    events: list[Event] = [run_started(), *(task_added(task, ["students", "grades"]) for task in tasks)]
    for task in tasks:
        events += [TaskStarted(task_id=task, at=at(1)), started(task, "students"), step(task, "students", 4)]
    return events


def without_time(line: str) -> str:
    return re.sub(r"\d+\.\d+ s", "T s", line)


def test_there_is_a_bar_for_the_run_and_for_each_running_task(terminal: Terminal, bars: Console) -> None:
    bars.write(recorded([*at_work(["setup", "be-crud", "fe-crud"]), ended("be-crud", "students")]))
    run, *tasks = [without_time(line) for line in terminal.screen()]
    assert re.fullmatch(r"school   17% \|█+\S? +\| 1/6  T s", run)
    assert [re.sub(r"\|.*\|", "|", line) for line in tasks] == [
        "setup     0% | 0/2  students: render",
        "be-crud  50% | 1/2  students: render",
        "fe-crud   0% | 0/2  students: render",
    ]
    assert len({line.rindex("|") for line in (run, *tasks)}) == 1


def test_a_bar_is_removed_when_its_task_ends(terminal: Terminal, bars: Console) -> None:
    events = at_work(["setup", "be-crud", "fe-crud"])
    bars.write(recorded(events))
    over = TaskEnded(task_id="be-crud", status=TaskStatus.DONE, at=at(4))
    bars.write(recorded([ended("be-crud", "students"), ended("be-crud", "grades"), over], len(events) + 1))
    message, *lines = terminal.screen()
    assert message == "be-crud  done             2 of 2  3.00 s"
    while lines[-1] == "":
        lines.pop()
    assert [line.split()[0] for line in lines] == ["school", "setup", "fe-crud"]


def test_messages_are_printed_above_the_bars(terminal: Terminal, bars: Console) -> None:
    events = at_work(["setup"])
    bars.write(recorded(events))
    bars.write(recorded([Logged(level="warning", message="slow: setup/students")], len(events) + 1))
    first, *lines = terminal.screen()
    assert first == "warning: slow: setup/students"
    assert [line.split()[0] for line in lines] == ["school", "setup"]


def test_after_the_end_no_bar_is_left(terminal: Terminal, bars: Console) -> None:
    for each in recorded(FAILED_RUN):
        bars.write([each])
    lines = terminal.screen()
    assert not [line for line in lines if "%" in line]
    blank = lines.index("")
    assert "\n".join(lines[blank + 1 :]) == PLAIN[PLAIN.index(FAILURES) :]
    assert lines[:blank] == [
        "warning: school.sql:812: not understood: CREATE TRIGGER",
        "be-setup  done             1 of 1  0.22 s",
        "retry: be-crud/grades: attempt 1 failed; again in 1.50 s",
        "  timed out after 300 s",
        "[4/6] be-crud   grades    failed      12.5 s",
        f"      {CAUSE}",
        "be-crud   failed           2 of 3  1 min 03 s",
        "fe-crud   skipped          0 of 2",
        "  needs be-crud, which failed",
    ]


@pytest.mark.parametrize("columns", [40, 61, 200])
def test_bars_fit_the_terminal_however_long_the_names(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displays, "REFRESH_INTERVAL", 0.0)
    terminal = Terminal(columns)
    console = Console(out=terminal.stream, err=terminal.stream, environ={})
    long = "be-crud-apis-for-the-management-of-schools-and-everything-else-there-is"
    console.write(recorded([*at_work([long, "ui"]), step(long, "students", 1)]))
    assert len(terminal.screen()) == 3  # asserts that no line is wider
    console.close()
    terminal.close()


def test_braces_in_names_are_plain_text(terminal: Terminal, bars: Console) -> None:
    bars.write(recorded(at_work(["{bar}"])))
    assert terminal.screen()[1].startswith("{bar}")


def test_the_time_on_the_bar_is_updated_between_events(terminal: Terminal, bars: Console) -> None:
    bars.write(recorded(at_work(["setup"])))
    before = terminal.output()
    bars.tick()
    assert len(terminal.output()) > len(before)


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}, {"CI": "1", "NO_COLOR": "1"}])
def test_ci_and_dumb_terminals_get_lines(terminal: Terminal, environ: dict[str, str]) -> None:
    console = Console(out=terminal.stream, err=terminal.stream, environ=environ)
    console.write(recorded(FAILED_RUN))
    coloured = not ({"NO_COLOR", "TERM"} & environ.keys())
    assert ("\x1b[31mfailed\x1b[0m" in terminal.output()) is coloured
    assert terminal.screen()[1] == "[1/6] be-setup  setup     done        0.21 s"


@pytest.mark.parametrize(("no_colour", "coloured"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_used_on_terminals_unless_disabled(
    terminal: Terminal, no_colour: dict[str, str], *, coloured: bool
) -> None:
    console = Console(out=terminal.stream, err=terminal.stream, environ=no_colour)
    console.write(recorded(FAILED_RUN))
    assert ("\x1b[31mfailed:\x1b[0m" in terminal.output()) is coloured


def test_output_that_goes_to_a_file_gets_no_bars_though_errors_go_to_a_terminal(terminal: Terminal) -> None:
    out = io.StringIO()
    console = Console(out=out, err=terminal.stream, environ={})
    console.write(recorded(FAILED_RUN))
    console.close()
    assert out.getvalue() == PLAIN
    assert terminal.output() == ""


PROGRAM = """
import select
import sys
from runner.progress.reports import displays
from runner.progress.reports.console import Console
from runner.progress.reporter import Reporter
from tests.sample_runs import MemoryEvents, whole_run
store = MemoryEvents()
reporter = Reporter(store, [Console()], run_id="r", on_failure=print)
reporter.start()
sys.stdin.readline()
for event in whole_run(tables=2000):
    reporter.post(event)
limit, until_full = float(sys.argv[1]), sys.argv[2] == "True"
while until_full and select.select([], [sys.stdout], [], 0)[1]:
    select.select([], [], [], 0.01)
in_time = reporter.close(limit)
print("said to nobody " * 1000)
warnings = [event.message for event in store.events if type(event).__name__ == "Logged"]
sys.stderr.write(f"{in_time} {store.events[-1]} {warnings}")
sys.exit(7)
"""


def program(limit: float, *, until_full: bool) -> subprocess.Popen[str]:
    """Return a process that has a long run to show, and `limit` seconds for it.

    On request it first waits until its output buffer is full.
    """
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", PROGRAM, str(limit), str(until_full)]
    return subprocess.Popen(command, text=True, env=environ, **pipes)


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Start it; return its exit code and its standard error."""
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("go\n")
    process.stdin.close()
    try:
        return process.wait(60), process.stderr.read()
    finally:
        process.kill()


def test_a_run_continues_when_its_output_is_closed() -> None:
    with program(30, until_full=False) as process:
        assert process.stdout is not None
        process.stdout.close()
        code, errors = outcome(process)
    assert code == 7
    assert errors.startswith("True ")
    assert errors.endswith("['Console is switched off: BrokenPipeError: [Errno 32] Broken pipe']")


def test_a_run_exits_normally_when_its_output_is_not_read() -> None:
    with program(0.2, until_full=True) as process:
        code, errors = outcome(process)
    assert code == 7
    assert errors.startswith("False RunEnded(")
    assert errors.endswith(" []")


def test_a_terminal_that_was_closed_is_a_sink_that_failed() -> None:
    terminal = Terminal()
    console = Console(out=terminal.stream, err=terminal.stream, environ={})
    terminal.hang_up()
    with pytest.raises(OSError, match="Input/output error"):
        console.write(recorded(FAILED_RUN))
    console.close()
    terminal.stream.write("goes nowhere")
    terminal.close()
