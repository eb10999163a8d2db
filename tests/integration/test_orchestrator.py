"""Runs with real worker processes: order, limits, failures, deaths, and their records."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import psutil
import pytest

from runner import ReportFiles, TaskInput
from runner.execution.output_capture import MAX_LINES, TRUNCATED
from runner.execution.process_pool import Worker
from runner.execution.worker_protocol import Limits, Shard
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import ReportPathError
from runner.records.events import (
    Event,
    Logged,
    RunEnded,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    TaskEnded,
    TaskStarted,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Retries, Timeouts
from runner.scheduling.orchestrator import ParallelOrchestrator
from runner.scheduling.supervisor import Settings
from tests.integration.jobs import HERE, Gate, alive, events_of, job, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWN_AGENT = """\
from runner import Agent


class Mine(Agent):
    kind = title = "mine"

    def generate(self, ctx):
        return []
"""
WAIT = 60.0  # seconds for any wait; a healthy run takes one or two


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def make(state: Path) -> Iterator[Callable[..., ParallelOrchestrator]]:
    made: list[ParallelOrchestrator] = []

    def make_one(**settings: Any) -> ParallelOrchestrator:
        orchestrator = ParallelOrchestrator(store=state, settings=replace(Settings(), **settings), import_path=HERE)
        made.append(orchestrator)
        return orchestrator

    yield make_one
    for orchestrator in made:
        orchestrator.close()


def finish(orchestrator: ParallelOrchestrator, state: Path) -> list[Event]:
    assert orchestrator.on_idle(WAIT)
    orchestrator.close()
    return events_of(state, orchestrator)


def ended(events: list[Event]) -> dict[str, SubTaskEnded]:
    return {event.subtask_id: event for event in events if isinstance(event, SubTaskEnded)}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # of the loop, which is the point
def test_a_loop_that_ends_without_a_word_is_noticed(make, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no memory is left, not even to tell those that wait."""
    orchestrator = make()
    orchestrator.start_run()

    def no_memory(*_: object) -> None:
        raise MemoryError

    supervisor = orchestrator._supervisor
    monkeypatch.setattr(supervisor._idle, "set", no_memory)
    monkeypatch.setattr(supervisor, "_turn", no_memory)
    monkeypatch.setattr(supervisor, "_on_failure", no_memory)
    with contextlib.suppress(MemoryError):  # the loop may have ended before
        orchestrator.submit_jobs([job("crud", tmp_path)])
    with pytest.raises(MemoryError):
        orchestrator.on_idle(WAIT)
    monkeypatch.undo()


def test_one_worker_starts_tasks_in_strict_priority_and_plan_order(make, state, tmp_path) -> None:
    priorities = [3, 10, 5, 1, 8, 5, 10, 2, 8, 7]
    orchestrator = make(workers=1)
    orchestrator.start_run()
    orchestrator.pause()
    for number, priority in enumerate(priorities):
        orchestrator.submit_jobs([job(f"task-{number}", tmp_path / "ws", priority=priority)])
    orchestrator.start()
    started = [event.task_id for event in finish(orchestrator, state) if isinstance(event, TaskStarted)]
    expected = sorted(range(10), key=lambda number: -priorities[number])
    assert started == [f"task-{number}" for number in expected]


def test_never_more_than_five_tasks_nor_five_sub_tasks_of_one(make, state, tmp_path) -> None:
    orchestrator = make()
    held = {f"task-{number}": (5 if number == 0 else 1) for number in range(5)}  # sub-tasks, until all of them run
    gates = {task: [Gate(tmp_path / f"{task}-{number}") for number in range(count)] for task, count in held.items()}
    orchestrator.submit_jobs(
        [
            job(
                task := f"task-{number}",
                tmp_path / "ws",
                12,
                acts={"*": "work 0.01", **{f"t{at}": gate.act for at, gate in enumerate(gates.get(task, ()))}},
            )
            for number in range(8)
        ]
    )
    for gate in chain.from_iterable(gates.values()):
        gate.wait_reached()
    for gate in chain.from_iterable(gates.values()):
        gate.open()
    events = finish(orchestrator, state)
    tasks: set[str] = set()
    subtasks: dict[str, set[str]] = {}
    most_tasks = most_subtasks = 0
    for event in sorted(events, key=lambda event: event.at):
        match event:
            case TaskStarted():
                tasks.add(event.task_id)
            case TaskEnded():
                tasks.discard(event.task_id)
            case SubTaskStarted():
                subtasks.setdefault(event.task_id, set()).add(event.subtask_id)
            case SubTaskEnded():
                subtasks[event.task_id].discard(event.subtask_id)
            case _:
                continue
        most_tasks = max(most_tasks, len(tasks))
        most_subtasks = max(most_subtasks, max((len(running) for running in subtasks.values()), default=0))
    assert (most_tasks, most_subtasks) == (5, 5)


def test_by_the_records_of_a_task_that_fails_five_of_its_sub_tasks_ran_at_once(make, state, tmp_path) -> None:
    """A failed attempt ends when it fails, not when the supervisor reads about it."""
    orchestrator = make()
    acts = {"*": "raise value", **{f"t{number}": "write" for number in range(0, 200, 7)}}
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 200, acts=acts)])
    finish(orchestrator, state)
    with StateReader.open(state) as reader:
        attempts = reader.attempts(orchestrator.run_id)
    assert sum(attempt.error is not None for attempt in attempts) > 150
    changes = [(attempt.started_at, 1) for attempt in attempts] + [(attempt.ended_at, -1) for attempt in attempts]
    running = list(accumulate(change for _, change in sorted(changes)))
    assert max(running) <= 5


def test_a_more_urgent_task_submitted_while_five_run_is_next(make, state, tmp_path) -> None:
    orchestrator = make()
    gates = [Gate(tmp_path / f"gate-{number}") for number in range(5)]
    orchestrator.submit_jobs(
        [job(f"running-{number}", tmp_path / "ws", acts={"*": gate.act}) for number, gate in enumerate(gates)]
    )
    for gate in gates:
        gate.wait_reached()
    orchestrator.submit_jobs([job(f"patient-{number}", tmp_path / "ws", priority=5) for number in range(3)])
    orchestrator.submit_jobs([job("urgent", tmp_path / "ws", priority=9)])
    assert orchestrator.get_queue_stats().pending == 5
    for gate in gates:
        gate.open()
    started = [event.task_id for event in finish(orchestrator, state) if isinstance(event, TaskStarted)]
    assert started[5] == "urgent"


def test_one_big_task_uses_a_worker_for_each_core_and_keeps_its_budget(make, state, tmp_path) -> None:
    def pids(events: list[Event]) -> set[int]:
        return {event.pid for event in events if isinstance(event, SubTaskStarted)}

    orchestrator = make()
    go = tmp_path / "go"
    orchestrator.submit_jobs([job("big", tmp_path / "ws", 100, acts={"*": f"attend {go}"})])
    cores = min(5, len(os.sched_getaffinity(0)))
    until(lambda: len(pids(events_of(state, orchestrator))) == cores, "a worker for each core")
    go.touch()
    events = finish(orchestrator, state)
    assert len(pids(events)) == cores
    assert len(ended(events)) == 100


def test_the_library_runs_a_task_and_returns_its_result(state, tmp_path) -> None:
    with ParallelOrchestrator(store=state, import_path=HERE) as orchestrator:
        task = TaskInput(
            description="Set it up",
            workspace_path=tmp_path / "ws",
            agent="acting_agents:Setup",
            options={"folder": "a"},
        )
        result = orchestrator.execute_task(task)
        again = orchestrator.execute_task(task)
    assert (result.success, result.task_id, result.sub_task_count) == (True, "set-it-up", 1)
    assert again.task_id == "set-it-up-2"
    assert (tmp_path / "ws" / "a" / "setup.txt").read_text() == "setup\n"


def test_a_given_store_is_never_replaced_and_stays_open(state, tmp_path) -> None:
    with SqliteStore(state) as store:
        checking = ParallelOrchestrator(store=store, settings=Settings(check=True), import_path=HERE)
        checking.submit_jobs([job("crud", tmp_path / "ws")])
        checking.on_idle()
        checking.close()
        (run,) = store.runs()
    assert (run.id, run.status) == (checking.run_id, RunStatus.DONE)
    assert not (tmp_path / "ws").exists()


def test_a_check_without_a_store_leaves_no_state_behind(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ParallelOrchestrator(settings=Settings(check=True), import_path=HERE) as orchestrator:
        orchestrator.submit_jobs([job("crud", tmp_path / "ws")])
    assert orchestrator.results["crud"].success
    assert list(tmp_path.iterdir()) == []


def test_reports_are_written_at_the_end_of_a_run_and_refused_before_it(state, tmp_path) -> None:
    task = job("one", tmp_path / "out", acts={"t0": "raise final"})
    written = {kind: tmp_path / f"{kind}.txt" for kind in ("json", "junit", "page", "trace")}
    with ParallelOrchestrator(store=state, import_path=HERE, reports=ReportFiles(**written)) as orchestrator:
        orchestrator.submit_jobs([task])
    assert all("as asked" in path.read_text() for kind, path in written.items() if kind != "trace")
    assert '"one/t0"' in written["trace"].read_text()
    with pytest.raises(ReportPathError, match="it is a folder"):
        ParallelOrchestrator(store=state, reports=ReportFiles(json=tmp_path))
    schema = tmp_path / "school.sql"
    schema.write_text("CREATE TABLE students (id bigint PRIMARY KEY);\n")
    docs = TaskInput(description="Schema docs", workspace_path=str(tmp_path / "out"), ddl_path=str(schema))
    refused = ParallelOrchestrator(store=state, import_path=HERE, reports=ReportFiles(json=schema))
    refused.submit_jobs([replace(task, spec=replace(task.spec, id="two"))])  # the run has begun
    with pytest.raises(ReportPathError, match="the run reads this file"):
        refused.submit(docs)
    with pytest.raises(ReportPathError, match="the run reads this file"):
        refused.close()
    assert schema.read_text().startswith("CREATE TABLE")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("school.sql", r"school.sql: the run reads this file; name another one with ReportFiles\(page=...\)"),
        ("own/model.py.j2", "model.py.j2: the run reads this file"),
        ("{module}.py", "py: the run reads this file"),
        ("state/state.db", "state.db: the run reads this file"),
        ("report.json", r"ReportFiles\(json=...\) names this file, too"),
        ("school.sql/report", "school.sql is not a folder"),
    ],
)
def test_the_library_refuses_the_paths_of_reports_that_the_command_refuses(tmp_path, path: str, message: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "model.py.j2").write_text("")
    (tmp_path / "school.sql").write_text("CREATE TABLE students (id bigint PRIMARY KEY);\n")
    module = f"agents_of_{tmp_path.name}"  # a process imports each name once
    (tmp_path / f"{module}.py").write_text(OWN_AGENT)
    reports = ReportFiles(json=tmp_path / "report.json", page=tmp_path / path.format(module=module))
    task = TaskInput(
        description="x",
        agent=f"{module}:Mine",
        workspace_path=tmp_path / "out",
        ddl_path=tmp_path / "school.sql",
        templates=tmp_path / "own",
    )
    made = []

    def submit() -> None:
        made.append(ParallelOrchestrator(store=tmp_path / "state", import_path=tmp_path, reports=reports))
        made[0].submit(task)

    with pytest.raises(ReportPathError, match=message):
        submit()
    for orchestrator in made:
        orchestrator.close()
    assert not (tmp_path / "out").exists()


def test_a_conflict_is_recorded_as_the_command_records_it(state, tmp_path) -> None:
    (tmp_path / "school.sql").write_text("CREATE TABLE students (id bigint PRIMARY KEY);\n")
    reports = ReportFiles(junit=tmp_path / "junit.xml")
    for text in ("one", "two"):
        task = TaskInput(
            description="x",
            agent="acting_agents:Acting",
            workspace_path=tmp_path / "out",
            ddl_path=tmp_path / "school.sql",
            options={"text": text, "folder": "crud"},
        )
        with ParallelOrchestrator(store=state, import_path=HERE, reports=reports) as orchestrator:
            assert orchestrator.execute_task(task).success
        with StateReader.open(state) as store:
            exit_code = store.run(orchestrator.run_id).exit_code
        failures = ET.parse(tmp_path / "junit.xml").getroot().get("failures")
        assert (exit_code, failures) == ((0, "0") if text == "one" else (1, "1"))
        (tmp_path / "out" / "crud" / "students.txt").write_text("mine\n")


def test_reports_of_a_store_that_cannot_be_read_are_refused(tmp_path) -> None:
    write_only: Any = object()
    with pytest.raises(TypeError, match="a store that can be read"):
        ParallelOrchestrator(store=write_only, reports=ReportFiles(json=tmp_path / "report.json"))


def test_a_failure_affects_only_its_sub_task_and_skips_dependent_tasks(make, state, tmp_path) -> None:
    orchestrator = make()
    futures = orchestrator.submit_jobs(
        [
            job("first", tmp_path / "ws", 4, acts={"t2": "raise final"}),
            job("second", tmp_path / "ws", needs=("first",)),
            job("third", tmp_path / "ws", needs=("second",)),
            job("free", tmp_path / "ws"),
        ]
    )
    events = finish(orchestrator, state)
    first = futures["first"].result()
    assert (first.success, first.status, first.error, first.sub_task_count) == (
        False,
        TaskStatus.FAILED,
        "as asked",
        4,
    )
    assert [futures[name].result().status for name in ("second", "third", "free")] == [
        TaskStatus.SKIPPED,
        TaskStatus.SKIPPED,
        TaskStatus.DONE,
    ]
    assert "'first'" in (futures["second"].result().error or "")
    assert [outcome.status for outcome in ended(events).values()].count(SubTaskStatus.DONE) == 4
    assert isinstance(events[-1], RunEnded)
    assert (events[-1].status, events[-1].exit_code) == (RunStatus.FAILED, 1)


def test_retryable_failures_are_retried_and_others_are_not(make, state, tmp_path) -> None:
    """Each attempt is recorded with its own error."""
    orchestrator = make()
    acts = {
        "t0": f"fail_once {tmp_path / 'memory'}",
        "t1": "raise value",
        "t2": "raise exit",
        "t3": "raise final",
        "t4": "raise os",
        "t5": "raise passing",
    }
    once_more = Retries(attempts=3, backoff=0.01)
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 7, acts=acts, retries=once_more)])
    finish(orchestrator, state)
    with StateReader.open(state) as reader:
        tries: dict[str, list[str | None]] = {}
        for attempt in reader.attempts(orchestrator.run_id):
            tries.setdefault(attempt.subtask_id.partition("/")[2], []).append(attempt.error)
            assert attempt.charged
    assert tries == {
        "t0": ["OSError: the first time", None],
        "t1": ["ValueError: as asked"],
        "t2": ["SystemExit: as asked"],
        "t3": ["as asked"],
        "t4": ["OSError: as asked"] * 3,
        "t5": ["as asked"] * 3,
        "t6": [None],
    }


@pytest.mark.parametrize(
    ("act", "how"),
    [
        ("signal SIGKILL", "ended by SIGKILL"),
        ("signal SIGSEGV", "ended by SIGSEGV"),
        ("exit 7", "with code 7"),
    ],
)
def test_a_dead_worker_affects_only_the_sub_task_at_fault(make, state, tmp_path, act, how) -> None:
    orchestrator = make()
    deadly = job("deadly", tmp_path / "ws", 8, acts={"t3": act, "*": "work 0.02"}, priority=9)
    orchestrator.submit_jobs([deadly, *(job(f"calm-{number}", tmp_path / "ws", 8) for number in range(4))])
    events = finish(orchestrator, state)
    failed = {name: event for name, event in ended(events).items() if event.status is not SubTaskStatus.DONE}
    assert set(failed) == {"deadly/t3"}
    assert how in (failed["deadly/t3"].error or "")
    assert "step 4 (render)" in (failed["deadly/t3"].error or "")
    assert len(ended(events)) == 40
    innocent = [event for event in events if isinstance(event, SubTaskRetrying) and event.subtask_id != "deadly/t3"]
    assert not [event for event in innocent if event.charged]


def test_an_exception_that_cannot_be_pickled_is_a_usual_failure(make, state, tmp_path) -> None:
    orchestrator = make()
    orchestrator.submit_jobs([job("task", tmp_path / "ws", acts={"*": "unpicklable"}, retries=Retries(attempts=1))])
    events = finish(orchestrator, state)
    assert ended(events)["task/t0"].error == "LocalError: odd"


def test_a_sub_task_past_its_limit_is_asked_to_stop_and_then_its_worker_is_ended(make, state, tmp_path) -> None:
    orchestrator = make()
    limits = Timeouts(task=60, subtask=0.4, grace=0.4)
    once = Retries(attempts=1)
    polite = job("polite", tmp_path / "ws", 3, acts={"t1": f"obey {tmp_path / 'a'}"}, timeouts=limits, retries=once)
    deaf = job("deaf", tmp_path / "ws", 3, acts={"t1": f"ignore {tmp_path / 'b'}"}, timeouts=limits, retries=once)
    orchestrator.submit_jobs([polite, deaf])
    events = finish(orchestrator, state)
    outcome = ended(events)
    for task in ("polite", "deaf"):
        assert outcome[f"{task}/t1"].error == "timed out after 0.4 s in step 4 (render)"
        assert [outcome[f"{task}/{name}"].status for name in ("t0", "t2")] == [SubTaskStatus.DONE] * 2
    assert [event.message for event in events if isinstance(event, Logged) and "SLOW" in event.message]
    deaths = [event for event in events if isinstance(event, Logged) and "is replaced" in event.message]
    assert len(deaths) == 1


def test_of_several_late_sub_tasks_only_the_one_that_holds_the_interpreter_is_charged(make, state, tmp_path) -> None:
    orchestrator = make(workers=1)
    limits, once = Timeouts(task=60, subtask=1.0, grace=0.5), Retries(attempts=1)
    acts = {"t1": f"spin {tmp_path / 'spins'}", "*": "work 0.5"}
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 5, acts=acts, timeouts=limits, retries=once)])
    outcome = ended(finish(orchestrator, state))
    assert [name for name, event in outcome.items() if event.status is SubTaskStatus.FAILED] == ["task/t1"]
    assert outcome["task/t1"].error == "timed out after 1 s in step 4 (render)"
    assert len(outcome) == 5


def test_a_memory_limit_fails_the_sub_task_that_exceeds_it(make, state, tmp_path) -> None:
    orchestrator = make(limits=Limits(memory=1 << 30))
    acts = {"t1": "hoard"}
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 3, acts=acts, retries=Retries(attempts=1))])
    outcome = ended(finish(orchestrator, state))
    assert {name for name, event in outcome.items() if event.status is SubTaskStatus.DONE} == {"task/t0", "task/t2"}
    assert outcome["task/t1"].error == "MemoryError"


def test_workers_are_replaced_after_their_number_of_sub_tasks(make, state, tmp_path) -> None:
    orchestrator = make(workers=1, limits=Limits(max_subtasks=3))
    orchestrator.submit_jobs([job(f"task-{number}", tmp_path / "ws", 3) for number in range(4)])
    events = finish(orchestrator, state)
    assert len({event.pid for event in events if isinstance(event, SubTaskStarted)}) == 4
    assert len(ended(events)) == 12


def test_programs_that_agents_leave_running_end_with_the_run(make, state, tmp_path) -> None:
    orchestrator = make()
    orchestrator.submit_jobs([job("task", tmp_path / "ws", acts={"*": f"daemon {tmp_path / 'pid'}"})])
    finish(orchestrator, state)
    left = int((tmp_path / "pid").read_text())
    until(lambda: not alive([one for one in psutil.process_iter() if one.pid == left]), "its end")


def test_a_task_past_its_limit_fails_with_its_current_step(make, state, tmp_path) -> None:
    orchestrator = make()
    limits = Timeouts(task=0.5, subtask=60, grace=0.3)
    acts = {"t1": f"obey {tmp_path / 'a'}"}
    orchestrator.submit_jobs([job("late", tmp_path / "ws", 2, acts=acts, timeouts=limits)])
    outcome = ended(finish(orchestrator, state))
    assert outcome["late/t0"].status is SubTaskStatus.DONE
    assert outcome["late/t1"].error == "its task timed out after 0.5 s, in step 4 (render)"
    assert orchestrator.results["late"].status is TaskStatus.FAILED


def test_cancelling_ends_waiting_tasks_and_stops_running_ones(make, state, tmp_path) -> None:
    orchestrator = make(workers=1)
    reached = tmp_path / "reached"
    orchestrator.submit_jobs(
        [job("running", tmp_path / "ws", acts={"*": f"obey {reached}"}), job("waiting", tmp_path / "ws")]
    )
    until(reached.exists, "the agent at work")
    orchestrator.cancel(reason="by hand")
    events = finish(orchestrator, state)
    assert {result.status for result in orchestrator.results.values()} == {TaskStatus.CANCELLED}
    assert ended(events)["running/t0"].error == "by hand"
    assert isinstance(events[-1], RunEnded)
    assert events[-1].status is RunStatus.CANCELLED


def test_clearing_cancels_only_tasks_that_have_not_started(make, state, tmp_path) -> None:
    orchestrator = make(workers=1)
    gate = Gate(tmp_path / "gate")
    futures = orchestrator.submit_jobs(
        [job("running", tmp_path / "ws", acts={"*": gate.act}), job("w", tmp_path / "ws")]
    )
    gate.wait_reached()
    orchestrator.clear()
    assert futures["w"].result(WAIT).status is TaskStatus.CANCELLED
    gate.open()
    assert futures["running"].result(WAIT).status is TaskStatus.DONE
    finish(orchestrator, state)


def test_fail_fast_starts_nothing_and_lets_running_sub_tasks_end(make, state, tmp_path) -> None:
    orchestrator = make(workers=2, fail_fast=True)
    gate = Gate(tmp_path / "gate")
    orchestrator.submit_jobs(
        [
            job("running", tmp_path / "ws", acts={"*": gate.act}, priority=9),
            job("failing", tmp_path / "ws", acts={"*": "raise final"}, priority=8),
            job("never", tmp_path / "ws", priority=1),
        ]
    )
    gate.wait_reached()
    until(lambda: "never" in orchestrator.results, "the waiting task to be cancelled")
    gate.open()
    finish(orchestrator, state)
    states = {name: result.status for name, result in orchestrator.results.items()}
    assert states == {"running": TaskStatus.DONE, "failing": TaskStatus.FAILED, "never": TaskStatus.CANCELLED}


def test_two_agents_for_one_path_with_other_bytes_fail_the_second_naming_the_owner(make, state, tmp_path) -> None:
    orchestrator = make(workers=1)
    first = job("first", tmp_path / "ws", ["same"], priority=9)
    second = job("second", tmp_path / "ws", ["same"], options={"folder": "first", "text": "other"})
    orchestrator.submit_jobs([first, second])
    finish(orchestrator, state)
    result = orchestrator.results["second"]
    assert result.status is TaskStatus.FAILED
    assert "first/same" in (result.error or "")
    assert (tmp_path / "ws" / "first" / "same.txt").read_text() == "same\n"


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", ".runner/manifest"])
def test_no_file_leaves_the_workspace(make, state, tmp_path, path) -> None:
    orchestrator = make(workers=1)
    orchestrator.submit_jobs([job("task", tmp_path / "ws", options={"folder": path})])
    finish(orchestrator, state)
    result = orchestrator.results["task"]
    assert result.status is TaskStatus.FAILED
    assert path in (result.error or "")
    assert not (tmp_path / "outside").exists()


def test_a_run_with_nothing_to_do_starts_no_process(make, state, tmp_path, monkeypatch) -> None:
    def refused(*arguments: object) -> None:
        raise OSError("no more processes")

    jobs = [job("first", tmp_path / "ws", 3), job("second", tmp_path / "ws", needs=("first",))]
    orchestrator = make()
    orchestrator.submit_jobs(jobs)
    finish(orchestrator, state)
    monkeypatch.setattr("runner.execution.process_pool.Worker", refused)
    monkeypatch.setattr("runner.execution.forkserver.ensure_forkserver", refused)
    again = make()
    again.submit_jobs(jobs)
    events = finish(again, state)
    ended = [event for event in events if isinstance(event, SubTaskEnded)]
    assert [(event.subtask_id, event.up_to_date, event.files.identical) for event in ended] == [
        ("first/t0", True, 1),
        ("first/t1", True, 1),
        ("first/t2", True, 1),
        ("second/t0", True, 1),
    ]
    assert {result.status for result in again.results.values()} == {TaskStatus.DONE}


def test_one_table_that_has_to_be_generated_takes_one_worker(make, state, tmp_path, monkeypatch) -> None:
    started: list[int] = []
    start_worker = Worker.__init__

    def counted(self: Worker, index: int, *arguments: Any) -> None:
        started.append(index)
        start_worker(self, index, *arguments)

    jobs = [job("task", tmp_path / "ws", 24), job("other", tmp_path / "ws", 24)]
    orchestrator = make()
    orchestrator.submit_jobs(jobs)
    finish(orchestrator, state)
    (tmp_path / "ws" / "task" / "t7.txt").unlink()
    monkeypatch.setattr(Worker, "__init__", counted)
    again = make()
    again.submit_jobs(jobs)
    events = finish(again, state)
    assert len(started) == 1
    done = [event.subtask_id for event in events if isinstance(event, SubTaskEnded) and not event.up_to_date]
    assert done == ["task/t7"]


def test_a_failing_loop_ends_all_waits(make, state, tmp_path, monkeypatch) -> None:
    def no_worker(*arguments: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("runner.execution.process_pool.Worker", no_worker)
    orchestrator = make()
    orchestrator.start_run()
    with pytest.raises(OSError, match="no more processes"):
        orchestrator.submit_jobs([job("task", tmp_path / "ws")])["task"].result(WAIT)
    with pytest.raises(OSError, match="no more processes"):
        orchestrator.on_idle(WAIT)


def test_a_loop_that_cannot_end_its_workers_ends_all_waits(make, tmp_path, monkeypatch) -> None:
    def no_thread(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    orchestrator = make()
    monkeypatch.setattr("runner.execution.process_pool.Worker", no_thread)
    monkeypatch.setattr("runner.execution.local_executor.LocalExecutor.close", no_thread)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        orchestrator.submit_jobs([job("task", tmp_path / "ws")])["task"].result(WAIT)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        orchestrator.on_idle(WAIT)


def test_a_shard_that_never_arrives_is_assigned_to_another_worker(make, state, tmp_path, monkeypatch) -> None:
    """As if the executor's sending thread had died: the process stays alive and waits."""
    handed: list[Shard] = []
    hand_over = Worker.run

    def lose_the_first(worker: Worker, shard: Shard, schema_pickle: bytes | None) -> None:
        handed.append(shard)
        if len(handed) > 1:
            hand_over(worker, shard, schema_pickle)

    monkeypatch.setattr(Worker, "run", lose_the_first)
    monkeypatch.setattr("runner.execution.local_executor._ARRIVAL_LIMIT", 0.5)
    orchestrator = make(workers=1)
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 3)])
    events = finish(orchestrator, state)
    assert {event.status for event in ended(events).values()} == {SubTaskStatus.DONE}
    assert {event.attempt for event in ended(events).values()} == {1}


def test_the_output_of_an_agent_goes_to_its_sub_task_up_to_a_limit(make, state, tmp_path) -> None:
    orchestrator = make()
    acts = {"t0": "print 3", "t1": "print 2000000"}
    orchestrator.submit_jobs([job("task", tmp_path / "ws", 2, acts=acts)])
    logged = [event for event in finish(orchestrator, state) if isinstance(event, Logged)]
    lines = {name: [event.message for event in logged if event.subtask_id == f"task/{name}"] for name in ("t0", "t1")}
    assert lines["t0"] == ["line 0", "line 1", "line 2"]
    assert len(lines["t1"]) == MAX_LINES + 1
    assert lines["t1"][-1] == TRUNCATED


def test_the_output_of_a_program_goes_to_its_task_up_to_a_limit(make, state, tmp_path, capfd) -> None:
    orchestrator = make(workers=1)
    first = job("first", tmp_path / "ws", acts={"*": "program 10"})
    task = job("task", tmp_path / "ws", acts={"*": "program 3000000"}, needs=("first",))
    orchestrator.submit_jobs([first, task])
    logged = [event for event in finish(orchestrator, state) if isinstance(event, Logged) and event.task_id == "task"]
    assert {(event.task_id, event.subtask_id) for event in logged} == {("task", None)}
    assert logged[0].message == "a program speaks"
    assert len(logged) == MAX_LINES + 1
    assert capfd.readouterr() == ("", "")


def test_a_character_that_a_program_prints_in_two_writes_is_whole(make, state, tmp_path) -> None:
    orchestrator = make(workers=1)
    orchestrator.submit_jobs([job("task", tmp_path / "ws", acts={"*": "halves"})])
    logged = [event.message for event in finish(orchestrator, state) if isinstance(event, Logged)]
    assert "café" in logged
