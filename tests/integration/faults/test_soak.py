"""Ten minutes of faults at random: memory and open files of the supervisor stay flat, and nothing is lost."""

from __future__ import annotations

import gc
import random
import shutil
import time
from typing import TYPE_CHECKING

import psutil

from runner.events import SubTaskEnded
from runner.orchestrator import ParallelOrchestrator
from runner.status import SubTaskStatus
from runner.supervisor import Settings
from runner.task import Retries, Timeouts
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

TASKS, TABLES = (200, 25) if LONG else (20, 25)  # a round
SECONDS = 600.0 if LONG else 6.0
ROUND_LIMIT = 300.0  # seconds for one that takes ten
FAULTS = ["raise final", "raise value", "exit 3", "signal SIGKILL", "signal SIGSEGV", "unpicklable", "ignore"]
LIMITS = Timeouts(task=ROUND_LIMIT, subtask=5.0, grace=0.2)
FAULTY, PATIENT = (Retries(attempts=attempts, backoff=0.01) for attempts in (3, 20))  # an innocent is struck, too
GROWTH = 1.25  # of memory from the second round to the largest after it
MORE_FILES = 2  # than after the first round: the pipe of a loop whose thread has just ended


def test_a_soak_with_faults_at_random(tally: Tally, tmp_path: Path, record_property) -> None:
    chance = random.Random(6)
    me = psutil.Process()
    sizes: list[tuple[int, int]] = []
    struck = failed = 0
    ends_at = time.monotonic() + SECONDS
    while len(sizes) < 3 or time.monotonic() < ends_at:
        state, workspace = tmp_path / "state", tmp_path / "ws"
        acts = {
            f"task-{task}": {f"t{chance.randrange(TABLES)}": _fault(chance, tmp_path)}
            for task in range(TASKS)
            if chance.random() < 0.05
        }
        orchestrator = ParallelOrchestrator(store=state, settings=Settings(), import_path=HERE)
        names = [f"task-{number}" for number in range(TASKS)]
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
        began = time.monotonic()
        while not orchestrator.on_idle(chance.uniform(0.2, 1.0)):
            strike(chance, chance.choice(["one", "one", "two"]))
            struck += 1
            if time.monotonic() - began > ROUND_LIMIT:
                raise HungError(f"a round of {TASKS} tasks is not done within {ROUND_LIMIT:g} s")
        orchestrator.close()
        blamed = {f"{name}/{table}" for name, act in acts.items() for table in act}
        ended = {one.subtask_id: one for one in events_of(state, orchestrator) if isinstance(one, SubTaskEnded)}
        not_done = {name for name, one in ended.items() if one.status is not SubTaskStatus.DONE}
        assert not_done == blamed, {name: ended[name].error for name in not_done ^ blamed if name in ended}
        failed += len(blamed)
        subtasks = {f"{name}/t{table}" for name in names for table in range(TABLES)}
        expected = {f"{name}.txt": f"{name.partition('/')[2]}\n" for name in subtasks - blamed}
        look_at_events(tally, state, orchestrator.run_id, subtasks)
        look_at_files(tally, workspace, expected)
        look_at_locks(tally, workspace, dict.fromkeys(sorted(expected)[:200], ""))
        until_gone(workers())
        shutil.rmtree(state)
        shutil.rmtree(workspace)
        del orchestrator, ended
        gc.collect()
        sizes.append((me.memory_info().rss, me.num_fds()))
    memory, files = zip(*sizes[1:], strict=True)
    megabytes = [round(one / 1e6) for one in memory]
    record_property(
        "note",
        f"The soak: {len(sizes)} rounds of {TASKS} tasks and {TASKS * TABLES:,} sub-tasks in {SECONDS:g} s; workers "
        f"struck {struck} times, {failed} sub-tasks at fault, all others done. The supervisor's memory after the "
        f"second round {megabytes[0]} MB, at most {max(megabytes)} MB, after the last {megabytes[-1]} MB; its open "
        f"files {min(files)} to {max(files)}.",
    )
    assert max(memory) < memory[0] * GROWTH, megabytes
    assert max(files) <= sizes[0][1] + MORE_FILES, files


def _fault(chance: random.Random, tmp_path: Path) -> str:
    act = chance.choice(FAULTS)
    return f"{act} {tmp_path / 'reached'}" if act == "ignore" else act
