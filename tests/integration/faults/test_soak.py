"""Ten minutes of faults at random: memory and open files of the supervisor stay flat, and nothing is lost."""

from __future__ import annotations

import gc
import random
import shutil
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import psutil

from runner.records.events import SubTaskEnded
from runner.records.status import SubTaskStatus
from runner.records.task import Retries, Timeouts
from runner.scheduling.orchestrator import ParallelOrchestrator
from runner.scheduling.supervisor import Settings
from tests.integration.faults.aftermath import (
    LONG,
    look_at_events,
    look_at_files,
    look_at_locks,
    until_gone,
)
from tests.integration.faults.test_kills import strike
from tests.integration.jobs import HERE, HungError, events_of, job, workers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.faults.aftermath import Tally

FIRST_TASKS, TASKS, TABLES = (200, 40, 25) if LONG else (20, 8, 25)  # first round's tasks, later rounds', tables
SECONDS = 600.0 if LONG else 6.0
FEWEST_ROUNDS = 12 if LONG else 4  # a slow machine takes longer
ROUND_LIMIT = 300.0  # seconds for a round that takes ten
FAULTS = ["raise final", "raise value", "exit 3", "signal SIGKILL", "signal SIGSEGV", "unpicklable", "ignore"]
LIMITS = Timeouts(task=ROUND_LIMIT, subtask=5.0, grace=0.2)
FAULTY, PATIENT = (Retries(attempts=attempts, backoff=0.01) for attempts in (3, 20))  # healthy ones are hit, too
WARM = 2  # rounds after which all permanent data has been loaded
SETTLED = 5.0  # seconds for the threads of a closed run to release their objects
GROWTH = 1.05 if LONG else 1.25  # of memory, from the first rounds after the warm-up to the last ones
MORE_OBJECTS = 200  # of Python, over the same rounds: a leak of one sub-task per round is more


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """The size of the supervisor's process between two rounds."""

    memory: int  # bytes
    files: int
    threads: int
    objects: int


def test_a_soak_with_faults_at_random(tally: Tally, tmp_path: Path, record_property) -> None:
    chance = random.Random(6)
    sizes: list[Size] = []
    struck = failed = done = 0
    ends_at = time.monotonic() + SECONDS
    while len(sizes) < FEWEST_ROUNDS or time.monotonic() < ends_at:
        tasks = TASKS if sizes else FIRST_TASKS
        round_struck, round_failed = play_round(tasks, chance, tally, tmp_path)
        struck, failed, done = struck + round_struck, failed + round_failed, done + tasks * TABLES
        sizes.append(measure(sizes[0] if sizes else None))
    early, late = sizes[WARM : WARM + (len(sizes) - WARM) // 3 + 1], sizes[-(len(sizes) // 3) :]
    memory = [
        min(one.memory for one in part) / 1e6 for part in (early, late)
    ]  # the C library's cached memory fluctuates
    objects = [median(one.objects for one in part) for part in (early, late)]
    files, threads = sorted({one.files for one in sizes[1:]}), sorted({one.threads for one in sizes[1:]})
    record_property(
        "note",
        f"The soak: {len(sizes)} rounds, the first of {FIRST_TASKS} tasks and {FIRST_TASKS * TABLES:,} sub-tasks, the "
        f"others of {TASKS} and {TASKS * TABLES:,}; {done:,} sub-tasks in {SECONDS:g} s, {struck} strikes at workers, "
        f"{failed} sub-tasks at fault, all others done. The supervisor's process after a round: memory "
        f"{memory[0]:.1f} MB in the first third, {memory[1]:.1f} MB in the last (the least of each); Python objects "
        f"{objects[0]:,.0f} and {objects[1]:,.0f} (medians); open files {_span(files)}; threads {_span(threads)}.",
    )
    assert memory[1] < memory[0] * GROWTH, sizes
    assert objects[1] < objects[0] + MORE_OBJECTS, sizes
    assert files[-1] <= sizes[0].files, sizes
    assert threads[-1] <= sizes[0].threads, sizes


def play_round(tasks: int, chance: random.Random, tally: Tally, tmp_path: Path) -> tuple[int, int]:
    """Run tasks, some with a faulty sub-task, and kill workers; return the number of kills and of faulty sub-tasks."""
    state, workspace = tmp_path / "state", tmp_path / "ws"
    names = [f"task-{number}" for number in range(tasks)]
    acts = {
        name: {f"t{chance.randrange(TABLES)}": _fault(chance, tmp_path)} for name in names if chance.random() < 0.05
    }
    orchestrator = ParallelOrchestrator(store=state, settings=Settings(), import_path=HERE)
    orchestrator.submit_jobs(
        [
            job(
                name,
                workspace,
                TABLES,
                acts=acts.get(name),
                timeouts=LIMITS,
                retries=FAULTY if name in acts else PATIENT,
            )
            for name in names
        ]
    )
    struck = 0
    began = time.monotonic()
    while not orchestrator.on_idle(chance.uniform(0.2, 1.0)):
        strike(chance, chance.choice(["one", "one", "two"]))
        struck += 1
        if time.monotonic() - began > ROUND_LIMIT:
            raise HungError(f"a round of {tasks} tasks is not done within {ROUND_LIMIT:g} s")
    orchestrator.close()
    blamed = {f"{name}/{table}" for name, act in acts.items() for table in act}
    ended = {one.subtask_id: one for one in events_of(state, orchestrator) if isinstance(one, SubTaskEnded)}
    not_done = {name for name, one in ended.items() if one.status is not SubTaskStatus.DONE}
    assert not_done == blamed, {name: ended[name].error for name in not_done ^ blamed if name in ended}
    subtasks = {f"{name}/t{table}" for name in names for table in range(TABLES)}
    expected = {f"{name}.txt": f"{name.partition('/')[2]}\n" for name in subtasks - blamed}
    look_at_events(tally, state, orchestrator.run_id, subtasks)
    look_at_files(tally, workspace, expected)
    look_at_locks(tally, workspace, dict.fromkeys(sorted(expected)[:200], ""))
    until_gone(workers())
    shutil.rmtree(state)
    shutil.rmtree(workspace)
    return struck, len(blamed)


def measure(first: Size | None) -> Size:
    """Return the size of this process, once the objects of the last round are released."""
    me = psutil.Process()
    gc.collect()
    deadline = time.monotonic() + SETTLED
    while first is not None and me.num_fds() > first.files and time.monotonic() < deadline:
        time.sleep(0.05)
        gc.collect()
    return Size(
        memory=me.memory_info().rss, files=me.num_fds(), threads=me.num_threads(), objects=len(gc.get_objects())
    )


def _span(numbers: list[int]) -> str:
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _fault(chance: random.Random, tmp_path: Path) -> str:
    act = chance.choice(FAULTS)
    return f"{act} {tmp_path / 'reached'}" if act == "ignore" else act
