"""Reports of runs as JSON, in the documented shape, and as text for users."""

from __future__ import annotations

import json
import os
import re
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from runner.progress.reports import commands
from runner.progress.reports.json_report import as_json, run_report
from runner.progress.reports.log_selection import LogSelection, SinceError, moment_of
from runner.progress.reports.logs_view import log_lines
from runner.progress.reports.report_files import write_report
from runner.progress.reports.status_view import run_text, runs_text
from runner.progress.reports.summary import failure_lines
from runner.progress.reports.tally import Failure, RunTally
from runner.progress.reports.text_layout import count, duration, indented, listed, painted, printable, shortened, table
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import NoSuchRunError
from runner.records.errors import StoreError
from runner.records.events import (
    Event,
    Logged,
    RunEnded,
    RunPaused,
    RunResumed,
    SubTaskRetrying,
    TaskEnded,
    TaskStarted,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import FileCounts
from tests.sample_runs import at, ended, run_started, started, step, task_added, whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.progress.reporter import Recorded

RUN = "3f2a9c1b-0000-4000-8000-000000000000"
OTHER = "4f2a9c1b-0000-4000-8000-000000000000"
AT_WORK: list[Event] = [
    run_started(pid=os.getpid()),
    task_added("be-setup", [None], agent="be-boilerplate", title="BE Boilerplate"),
    task_added("be-crud", ["students", "grades", "fees"], needs=("be-setup",), priority=7),
    task_added("ui", ["students"]),
    TaskStarted(task_id="be-setup", at=at(0)),
    started("be-setup", "setup", seconds=0),
    ended("be-setup", "setup", seconds=0.25, files=FileCounts(created=31)),
    TaskEnded(task_id="be-setup", status=TaskStatus.DONE, at=at(0.25)),
    TaskStarted(task_id="be-crud", at=at(0.25)),
    started("be-crud", "students"),
    step("be-crud", "students", 4),
    started("be-crud", "grades"),
    SubTaskRetrying(
        task_id="be-crud", subtask_id="be-crud/grades", attempt=1, error="killed by SIGKILL", delay=0.5, charged=False,
        at=at(3),
    ),
    started("be-crud", "grades", attempt=2, seconds=4),
]  # fmt: skip
FAILED: list[Event] = [
    ended("be-crud", "students", seconds=5, up_to_date=True, files=FileCounts(identical=6)),
    ended("be-crud", "grades", SubTaskStatus.FAILED, seconds=6, attempt=2, error="no space", files=FileCounts()),
    started("be-crud", "fees", seconds=6),
    ended("be-crud", "fees", seconds=7),
    TaskEnded(task_id="be-crud", status=TaskStatus.FAILED, error="no space", at=at(7)),
    TaskEnded(task_id="ui", status=TaskStatus.SKIPPED, error="needs be-crud, which failed", at=at(7)),
    RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(7.5)),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state") as opened:
        yield opened


def status_of(store: SqliteStore, seconds: float) -> str:
    return run_text(store.run(RUN), store.tasks(RUN), store.subtasks(RUN), now=at(seconds), zone=UTC)


def test_the_report_has_its_documented_shape(store: SqliteStore) -> None:
    store.append(RUN, AT_WORK + FAILED)
    report = run_report(store, RUN)
    assert report["run"] == {
        "id": RUN,
        "plan": "school",
        "status": "failed",
        "started_at": "2026-03-01T12:00:00.000000Z",
        "ended_at": "2026-03-01T12:00:07.500000Z",
        "exit_code": 1,
    }
    assert list(report) == ["run", "tasks"]
    setup, crud, ui = report["tasks"]
    subtasks = crud.pop("subtasks")
    assert crud == {
        "id": "be-crud",
        "title": "BE CRUD APIs",
        "description": "be crud apis",
        "agent": "be-crud",
        "classification": {"method": "keywords", "confidence": 1.0, "keywords": ["crud"], "reasoning": "said so"},
        "priority": 7,
        "status": "failed",
        "progress": {"completed": 2, "failed": 1, "total": 3},
        "error": "no space",
        "started_at": "2026-03-01T12:00:00.250000Z",
        "ended_at": "2026-03-01T12:00:07.000000Z",
    }
    assert subtasks[1] == {
        "id": "be-crud/grades",
        "title": "BE CRUD APIs: grades",
        "table": "grades",
        "status": "failed",
        "step": 0,
        "total_steps": 5,
        "attempts": 2,
        "error": "no space",
        "host": None,
        "started_at": "2026-03-01T12:00:01.000000Z",
        "ended_at": "2026-03-01T12:00:06.000000Z",
        "up_to_date": False,
        "files": {"created": 0, "updated": 0, "identical": 0, "kept": 0, "merged": 0, "conflicts": 0},
    }
    assert [each["table"] for each in subtasks] == ["students", "grades", "fees"]
    assert (subtasks[0]["up_to_date"], subtasks[0]["files"]["identical"]) == (True, 6)
    assert setup["subtasks"][0]["table"] is None
    assert (ui["status"], ui["started_at"], ui["subtasks"][0]["status"]) == ("skipped", None, "pending")


def test_the_report_of_an_unfinished_run_has_the_same_shape(store: SqliteStore) -> None:
    store.append(RUN, AT_WORK)
    report = run_report(store, RUN)
    assert (report["run"]["status"], report["run"]["ended_at"], report["run"]["exit_code"]) == ("running", None, None)
    assert report["tasks"][1]["status"] == "running"


def test_a_report_replaces_the_old_one_as_a_whole(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, whole_run())
    report = run_report(store, RUN)
    path = tmp_path / "new" / "report.json"
    write_report(path, as_json(report), "--json")
    write_report(path, as_json(report), "--json")
    assert json.loads(path.read_text()) == report
    assert path.read_text().endswith("}\n")
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]
    mask = os.umask(0o022)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_report_that_cannot_be_written_is_an_error_and_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"folder: the report cannot be written \(Is a directory\).*--json"):
        write_report(tmp_path / "folder", as_json({}), "--json")
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_report(path, as_json({"no": object()}), "--json")
    assert path.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "report.json"]


def test_status_of_a_run_shows_its_tasks_and_their_steps(store: SqliteStore) -> None:
    store.append(RUN, AT_WORK)
    assert (
        status_of(store, 10)
        == f"""\
school: running for 10.0 s: 1 of 5 sub-tasks done, 2 running
run {RUN}
started 2026-03-01 12:00:00
plan /plans/school.yaml
process {os.getpid()} on {os.uname().nodename}

TASK      STATUS   DONE  FAILED    TOOK  NOW
be-setup  done      1/1          0.25 s
be-crud   running   0/3          9.75 s  students: 4/5 render
                                         grades: starts (attempt 2)
ui        pending   0/1"""
    )


def test_status_of_a_run_that_failed_repeats_every_failure(store: SqliteStore) -> None:
    store.append(RUN, AT_WORK + FAILED)
    assert (
        status_of(store, 1000)
        == f"""\
school: failed in 7.50 s: 3 of 5 sub-tasks done, 1 failed
run {RUN}
started 2026-03-01 12:00:00, ended 2026-03-01 12:00:07, exit code 1
plan /plans/school.yaml

TASK      STATUS   DONE  FAILED    TOOK
be-setup  done      1/1          0.25 s
be-crud   failed    2/3       1  6.75 s
ui        skipped   0/1

failed: be-crud grades (2 attempts)
  no space
skipped: ui
  needs be-crud, which failed"""
    )


def test_status_of_a_run_whose_process_died_says_what_to_do(store: SqliteStore) -> None:
    store.append(RUN, [run_started(pid=2**22 + 1), *AT_WORK[1:]])
    text = status_of(store, 10)
    assert text.startswith("school: interrupted: 1 of 5 sub-tasks done, 2 running\nits process 4194305 on ")
    assert "run the plan again to continue" in text


def test_status_shows_at_most_a_few_of_many_running_steps(store: SqliteStore) -> None:
    tables = [f"t{number}" for number in range(9)]
    store.append(RUN, [run_started(), task_added("crud", tables), *(started("crud", name) for name in tables)])
    assert re.search(r"t4: starts\n +and 4 more$", status_of(store, 10))


def test_runs_are_listed_newest_first(store: SqliteStore) -> None:
    store.append(RUN, AT_WORK + FAILED)
    store.append(OTHER, [run_started(at=at(90)), task_added("crud", ["a"])])
    runs = [(run, store.tasks(run.id)) for run in store.runs()]
    assert (
        runs_text(runs, now=at(100), zone=UTC)
        == """\
RUN       PLAN    STATUS   TASKS  SUB-TASKS  STARTED                TOOK
4f2a9c1b  school  running    0/1        0/1  2026-03-01 12:01:30  10.0 s
3f2a9c1b  school  failed     1/3        3/5  2026-03-01 12:00:00  7.50 s"""
    )


@pytest.mark.parametrize(("exit_code", "outcome"), [(0, "done"), (1, "in conflict"), (3, "stale")])
def test_of_a_run_that_is_done_the_exit_code_says_more(store: SqliteStore, exit_code: int, outcome: str) -> None:
    end = RunEnded(status=RunStatus.DONE, exit_code=exit_code, at=at(1))
    store.append(RUN, [run_started(), task_added("crud", []), end])
    run = store.run(RUN)
    assert f"  school  {outcome}  " in runs_text([(run, store.tasks(RUN))], now=at(2), zone=UTC)
    told = "" if outcome == "done" else f", {outcome}"
    assert status_of(store, 2).startswith(f"school: done in 1.00 s: 0 of 0 sub-tasks done{told}\n")


def test_on_a_narrow_terminal_status_has_lines_in_place_of_columns(store: SqliteStore) -> None:
    long = "pages-of-the-school-and-of-its-library-and-canteen"  # is needed whole, for `logs --task`
    store.append(RUN, [*AT_WORK, task_added(long, ["a"])])
    run, tasks, subtasks = store.run(RUN), store.tasks(RUN), store.subtasks(RUN)
    shown = run_text(run, tasks, subtasks, now=at(10), zone=UTC, width=40)
    assert shown.partition("\n\n")[2] == (
        "be-setup  done\n  1/1 done, 0.25 s\n"
        "be-crud  running\n  0/3 done, 9.75 s\n  students: 4/5 render\n  grades: starts (attempt 2)\n"
        "ui  pending\n  0/1 done\n"
        f"{long}  pending\n  0/1 done"
    )
    assert runs_text([(run, tasks)], now=at(10), zone=UTC, width=40) == (
        "3f2a9c1b  running  school\n  1/4 tasks, 1/6 sub-tasks\n  2026-03-01 12:00:00  10.0 s"
    )


def test_status_without_any_run_is_a_sentence() -> None:
    assert runs_text([], now=at(0)) == "no run was recorded yet; `runner PLAN` starts one"


def test_a_log_has_a_line_for_every_event(store: SqliteStore) -> None:
    events = [
        *AT_WORK[:2],
        *AT_WORK[8:],
        Logged(level="info", message="a word\nand another", task_id="be-crud", at=at(5)),
        Logged(level="warning", message="slow", at=at(5)),
        RunPaused(at=at(5)),
        RunResumed(at=at(6)),
        *FAILED,
    ]
    lines = [line.partition("12:00:")[2] or line for line in log_lines(recorded(store, events), UTC)]
    assert lines == [
        f"00.000  run of school started by process {os.getpid()} on {os.uname().nodename}",
        "00.000  be-setup: added: be-boilerplate, priority 5, 1 sub-task",
        "00.250  be-crud: started",
        "01.000  be-crud/students: started by worker 7",
        "01.000  be-crud/students: step 4: render",
        "01.000  be-crud/grades: started by worker 7",
        "03.000  be-crud/grades: attempt 1 failed (not charged), again in 0.50 s: killed by SIGKILL",
        "04.000  be-crud/grades: started by worker 7, attempt 2",
        "05.000  be-crud: a word",
        " " * 27 + "and another",
        "05.000  warning: slow",
        "05.000  run paused",
        "06.000  run resumed",
        "05.000  be-crud/students: up to date: 6 identical",
        "06.000  be-crud/grades: failed: no space",
        "06.000  be-crud/fees: started by worker 7",
        "07.000  be-crud/fees: done: 3 created",
        "07.000  be-crud: failed: no space",
        "07.000  ui: skipped: needs be-crud, which failed",
        "07.500  run failed",
    ]


def recorded(store: SqliteStore, events: list[Event]) -> Iterator[Recorded]:
    store.append(RUN, events)
    return store.events(RUN)


def test_status_and_logs_need_the_state_folder_only(store: SqliteStore, tmp_path: Path) -> None:
    state = tmp_path / "state"
    store.append(RUN, AT_WORK)
    assert commands.status(state).count(RUN[:8]) == 2  # in the table, and below it as a run in progress
    assert commands.status(state, "3f2a").startswith("school: running for ")
    assert json.loads(commands.status(state, as_json=True)) == run_report(store, RUN)
    assert len(list(commands.logs(state, "latest"))) == len(AT_WORK)
    assert len(list(commands.logs(state, None, LogSelection(task="be-crud")))) == 7
    with pytest.raises(NoSuchRunError, match="has no task 'nothing'; its tasks are be-setup, be-crud, ui"):
        list(commands.logs(state, None, LogSelection(task="nothing")))
    with pytest.raises(NoSuchRunError, match="give at least 4 characters of its id"):
        commands.status(state, "3f")
    with pytest.raises(NoSuchRunError, match="there is no run '9999'"):
        commands.status(state, "9999")
    assert commands.status(tmp_path / "nothing") == "no run was recorded yet; `runner PLAN` starts one"


def test_a_log_is_limited_to_a_level_and_a_time(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, [*AT_WORK, *FAILED])
    state = tmp_path / "state"
    warnings = list(commands.logs(state, None, LogSelection(level="warning")))
    assert [line.split("  ", 1)[1] for line in warnings] == [
        "be-crud/grades: attempt 1 failed (not charged), again in 0.50 s: killed by SIGKILL",
        "be-crud/grades: failed: no space",
        "be-crud: failed: no space",
        "ui: skipped: needs be-crud, which failed",
    ]
    steps = [line for line in commands.logs(state, None, LogSelection(level="info")) if ": step " in line]
    assert steps == []
    late = list(commands.logs(state, None, LogSelection(since=at(7))))
    assert len(late) == 4


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10m", at(-600)),
        ("1.5 h", at(-5400)),
        ("2d", at(-172800)),
        ("2026-03-01T11:00:00+00:00", at(-3600)),
        ("2026-03-01T18:00+07:00", at(-3600)),
    ],
)
def test_times_that_since_takes(text: str, moment: datetime) -> None:
    assert moment_of(text, at(0)) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "10 minutes", "-5m", "99999999999999d", "2026-13-01"])
def test_times_that_since_refuses(text: str) -> None:
    with pytest.raises(SinceError, match=r"is no time; give 30s, 10m, 2h or 3d ago"):
        moment_of(text, at(0))


def test_runs_are_listed_and_pruned(store: SqliteStore, tmp_path: Path) -> None:
    for number in range(3):
        store.append(f"{number}f2a9c1b-0000-4000-8000-000000000000", [*AT_WORK, *FAILED])
    state = tmp_path / "state"
    assert len(commands.list_runs(state).splitlines()) == 4
    assert commands.prune_runs(state, 1) == "2 runs deleted"
    assert [run.id[0] for run in store.runs()] == ["2"]
    with pytest.raises(NoSuchRunError, match="no run was recorded here"):
        commands.prune_runs(tmp_path / "nothing", 1)
    assert not (tmp_path / "nothing").exists()


def test_a_followed_log_ends_with_the_run(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, AT_WORK)
    waiting = list(FAILED)

    def pause(seconds: float) -> None:
        store.append(RUN, [waiting.pop(0)])

    log = list(commands.logs(tmp_path / "state", follow=True, pause=pause))
    assert waiting == []
    assert len(log) == len(AT_WORK) + len(FAILED)
    assert log[-1].endswith("run failed")


def test_a_followed_status_ends_with_the_run(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, AT_WORK)
    waiting = list(FAILED)
    texts = list(commands.follow_status(tmp_path / "state", pause=lambda _: store.append(RUN, [waiting.pop(0)])))
    assert waiting == []
    assert texts[0].startswith("school: running")
    assert texts[-1].startswith("school: failed in 7.50 s")


def test_a_request_needs_exactly_one_run_in_progress(store: SqliteStore, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pytest.raises(NoSuchRunError, match="no run is in progress"):
        commands.control(state, "pause")
    store.append(RUN, AT_WORK)
    store.append(OTHER, [run_started("other")])
    with pytest.raises(NoSuchRunError, match=r"several runs.*4f2a9c1b \(other\), 3f2a9c1b \(school\)"):
        commands.control(state, "pause")


def test_a_request_returns_its_answer(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, AT_WORK)

    def supervise(seconds: float) -> None:
        for control in store.take_controls(RUN):
            store.answer_control(control.id, {"cancel": "cancelled", "pause": "failed: why"}[control.kind])

    answer = commands.control(tmp_path / "state", "cancel", "be-crud", pause=supervise)
    assert answer == "school (run 3f2a9c1b): cancelled"
    with pytest.raises(StoreError, match=r"school \(run 3f2a9c1b\): failed: why"):
        commands.control(tmp_path / "state", "pause", pause=supervise)


def test_a_request_to_a_run_that_ends_in_the_meantime_fails(store: SqliteStore, tmp_path: Path) -> None:
    store.append(RUN, AT_WORK)
    with pytest.raises(StoreError, match="ended before it could pause"):
        commands.control(tmp_path / "state", "pause", pause=lambda _: store.append(RUN, [FAILED[-1]]))


def test_a_report_is_written_to_pipes_and_links_without_replacing_them(store: SqliteStore, tmp_path: Path) -> None:
    """Neither a device nor a link may be replaced by a file."""
    store.append(RUN, whole_run())
    report = run_report(store, RUN)
    link, target, pipe = tmp_path / "link", tmp_path / "target", tmp_path / "pipe"
    link.symlink_to(target)
    write_report(link, as_json(report), "--json")
    assert link.is_symlink()
    assert json.loads(target.read_text()) == report
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write_report(pipe, as_json(report), "--json")
    reader.join(30)
    assert pipe.is_fifo()
    assert json.loads(read[0]) == report


def test_a_request_without_an_answer_is_an_error(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(RUN, AT_WORK)
    monkeypatch.setattr(commands, "ANSWER_TIMEOUT", 0.01)
    with pytest.raises(StoreError, match="it has not answered"):
        commands.control(tmp_path / "state", "pause")


def test_failures_with_one_cause_are_listed_together_and_long_lists_are_wrapped() -> None:
    tables = [f"a_rather_long_table_name_{number}" for number in range(5)]
    lines = failure_lines(
        [*(Failure("crud", name, "same", "failed", 1) for name in tables), Failure("crud", "x", "own", "failed", 1)]
    )
    assert [line.text for line in lines] == [
        "failed: crud a_rather_long_table_name_0, a_rather_long_table_name_1,",
        "    a_rather_long_table_name_2, a_rather_long_table_name_3,",
        "    a_rather_long_table_name_4",
        "  same",
        "failed: crud x",
        "  own",
    ]


def test_a_tally_counts_every_sub_task_once() -> None:
    tally = RunTally()
    for event in [*AT_WORK, *FAILED, *FAILED]:
        tally.add(event)
    assert (tally.total, tally.done, tally.up_to_date, tally.failed, tally.skipped) == (5, 2, 1, 1, 1)
    assert tally.ended == tally.total
    assert not tally.begun
    assert not any(task.pieces for task in tally.tasks.values())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0.00 s"), (0, "0.00 s"), (0.124, "0.12 s"), (9.994, "9.99 s"), (9.996, "10.0 s"), (59.94, "59.9 s"),
        (59.96, "1 min 00 s"), (125, "2 min 05 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)  # fmt: skip
def test_durations_are_written_in_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_lists_of_counts() -> None:
    assert (count(1, "file"), count(1200, "file")) == ("1 file", "1,200 files")
    assert listed([(0, "a"), (2, "b"), (3, "c")]) == "2 b, 3 c"
    assert [shortened("abcdefgh", width) for width in (8, 7, 3, 1)] == ["abcdefgh", "abcd...", "...", "."]
    assert painted("x", "bad", colour=True) == "\x1b[31mx\x1b[0m"
    assert painted("x", "plain", colour=True) == painted("x", "bad", colour=False) == "x"
    assert table([("a", "1"), ("bbb", "22")], right=frozenset({1})) == ["a     1", "bbb  22"]
    assert table([]) == []
    assert printable("a\tb\r\nc\x1b[1md") == "a    b\ncd"
    assert indented("one two three\n\nfour", "  ", width=10) == ["  one two", "  three", "  four"]
    assert re.fullmatch(r"[\x20-\x7e]*", printable("".join(map(chr, range(32)))).replace("\n", ""))
