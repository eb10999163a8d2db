"""Measures speed against baselines, in turn and in one run: `make bench`. Prints a table; quote ratios, not seconds.

Wall time is a median with its minimum and maximum. CPU time is that of a command and of all processes that it started;
where other programs keep the machine busy, its ratio says more. The file system is that of TMPDIR.

With `--only NAME`, runs only this benchmark. `scale` and `groups` make large tables: they run only if they are named.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 5
NO_OPS = 1000
NO_OP_TASK = "  - description: nothing\n    agent: bench_agents:NoOp\n"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: medians of `RUNS` runs in seconds, or a rate."""

    what: str
    measured: str
    baseline: str = ""
    ratio: float | None = None
    cpu_ratio: float | None = None
    bound: str = ""

    def __str__(self) -> str:
        ratios = " | ".join("" if ratio is None else f"{ratio:.2f}" for ratio in (self.ratio, self.cpu_ratio))
        return f"| {self.what} | {self.measured} | {self.baseline} | {ratios} | {self.bound} |"


class Cost(NamedTuple):
    """What one command took, in seconds."""

    wall: float
    cpu: float  # user and system, of all its processes


@dataclass(frozen=True)
class Costs:
    """What a command took, several times."""

    runs: tuple[Cost, ...]

    @property
    def wall(self) -> float:
        """The median."""
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """The median."""
        return statistics.median(run.cpu for run in self.runs)

    def __str__(self) -> str:
        walls = [run.wall for run in self.runs]
        spread = f" ({min(walls):.2f} to {max(walls):.2f})" if len(walls) > 1 else ""
        return f"{self.wall:.2f} s{spread}, CPU {self.cpu:.2f} s"

    def against(self, baseline: Costs, what: str, bound: str = "", note: str = "") -> Row:
        """Return the row with the ratios of these costs to those of the baseline."""
        return Row(
            what=what,
            measured=str(self),
            baseline=f"{baseline}{note}",
            ratio=self.wall / baseline.wall,
            cpu_ratio=self.cpu / baseline.cpu,
            bound=bound,
        )


_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def timed(command: list[str], **env: str) -> Cost:
    """Run a command to its end and return what it took.

    Processes that outlive it become children of this one, so that their time counts, too.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**inherited, **env}, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def in_turn(*actions: Callable[[], Cost]) -> list[Costs]:
    """Return the costs of each action, all of them run one after the other `RUNS` times, after one warm-up."""
    for action in actions:
        action()
    rounds = [[action() for action in actions] for _ in range(RUNS)]
    return [Costs(values) for values in zip(*rounds, strict=True)]


class Scratch:
    """Makes plans and fresh workspaces in a new folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._number = 0

    def fresh(self) -> Path:
        self._number += 1
        return self.folder / f"w{self._number}"

    def plan(self, workspace: Path, ddl: Path, tasks: str) -> Path:
        path = workspace.with_suffix(".yaml")
        path.write_text(
            f"version: 1\nname: bench\nddl: {ddl}\ndialect: postgres\nworkspace: {workspace}\n"
            f"convex: {{enabled: false}}\nllm: {{enabled: false}}\ntasks:\n{tasks}"
        )
        return path

    def runner(self, plan: Path, state: Path, *options: str) -> Cost:
        return timed([sys.executable, "-m", "runner", str(plan), "-q", "--state", str(state), *options])

    def straight(self, plan: Path, workspace: Path) -> Cost:
        return timed([sys.executable, "-m", "tests.bench.straight_line", str(plan), str(workspace)])


def school_tasks() -> str:
    """Return the tasks of the school plan, without their dependencies: both sides do the same work."""
    text = (ROOT / "plans" / "school.yaml").read_text()
    return text.partition("\ntasks:\n")[2]


def bench_school(scratch: Scratch) -> Iterator[Row]:
    """The school plan against the straight-line script: cold, with nothing to do, and with one column more."""
    ddl, tasks = ROOT / "plans" / "school.sql", school_tasks()

    def cold() -> Cost:
        workspace = scratch.fresh()
        return scratch.runner(scratch.plan(workspace, ddl, tasks), scratch.fresh())

    def straight() -> Cost:
        workspace = scratch.fresh()
        return scratch.straight(scratch.plan(workspace, ddl, tasks), workspace)

    kept, state = scratch.fresh(), scratch.fresh()
    plan = scratch.plan(kept, ddl, tasks)
    scratch.runner(plan, state)

    growing, growing_state = scratch.folder / "growing.sql", scratch.fresh()
    growing.write_text(ddl.read_text())
    growing_plan = scratch.plan(scratch.fresh(), growing, tasks)
    scratch.runner(growing_plan, growing_state)
    added = iter(range(1000))

    def one_column() -> Cost:
        with growing.open("a") as file:
            file.write(f"ALTER TABLE grades ADD COLUMN bench_{next(added)} text;\n")
        return scratch.runner(growing_plan, growing_state)

    first, script, again, check, column, validate = in_turn(
        cold,
        straight,
        lambda: scratch.runner(plan, state),
        lambda: scratch.runner(plan, state, "--check"),
        one_column,
        lambda: timed([sys.executable, "-m", "runner", "validate", str(plan)]),
    )
    yield first.against(script, "school plan, cold", "≤ 0.75")
    yield again.against(script, "school plan, nothing changed", "≤ 0.25")
    yield check.against(script, "school plan, `--check`, nothing changed", "≤ 0.4")
    yield column.against(script, "school plan, one column more in one table of 24", "≤ 0.5")
    yield validate.against(script, "runner validate of the school plan", "≤ 0.12 s")


def no_op_plan(scratch: Scratch, count: int, tasks: str = NO_OP_TASK) -> Path:
    """Return a plan with tasks of `count` sub-tasks that do nothing."""
    workspace = scratch.fresh()
    ddl = scratch.folder / f"no-op-{count}.sql"  # one file for all runs: reading it is not measured
    ddl.write_text("".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(count)))
    agent = scratch.folder / "bench_agents.py"
    agent.write_text(
        "from runner import Agent\n\n\nclass NoOp(Agent):\n    kind = 'no-op'\n    title = 'No-op'\n\n"
        "    def generate(self, ctx):\n        for step in (2, 3, 4):\n            ctx.progress(step, 'nothing')\n"
        "        return []\n"
    )
    return scratch.plan(workspace, ddl, tasks)


def no_op(number: int) -> int:
    """The work of a sub-task that does nothing."""
    return number


def bench_no_ops(scratch: Scratch) -> Iterator[Row]:
    """Sub-tasks that do nothing, with all state durable, against a bare process pool."""

    def bare() -> Cost:
        code = (
            "from concurrent.futures import ProcessPoolExecutor as P\nfrom tests.bench.__main__ import no_op\n"
            f"with P(5) as pool:\n    list(f.result() for f in [pool.submit(no_op, n) for n in range({NO_OPS})])\n"
        )
        return timed([sys.executable, "-c", code])

    def ours() -> Cost:
        return scratch.runner(no_op_plan(scratch, NO_OPS), scratch.fresh())

    mine, pool = in_turn(ours, bare)
    yield mine.against(pool, f"{NO_OPS:,} sub-tasks that do nothing, state durable", "≤ 2.5")


def bench_start(scratch: Scratch) -> Iterator[Row]:
    """Duration of the read-only commands."""
    state = scratch.fresh()
    scratch.runner(no_op_plan(scratch, 1), state)
    bare, helped, status = in_turn(
        lambda: timed([sys.executable, "-c", "pass"]),
        lambda: timed([sys.executable, "-m", "runner", "--help"]),
        lambda: timed([sys.executable, "-m", "runner", "status", "--state", str(state)]),
    )
    for name, costs in (("--help", helped), ("status", status)):
        yield costs.against(bare, f"runner {name}", "under 0.25 s", " (bare Python)")


def bench_events(scratch: Scratch) -> Iterator[Row]:
    """Events a second through the reporter into SQLite, durable."""
    from runner.progress.reporter import Reporter
    from runner.progress.stores.sqlite_store import SqliteStore
    from runner.records.events import RunStarted, SubTaskStep

    count = 50_000
    store = SqliteStore(scratch.fresh())
    reporter = Reporter(store, run_id="bench", on_failure=lambda error: None)
    reporter.start()
    reporter.post(RunStarted(plan="bench", plan_path="", pid=os.getpid(), host="here", concurrency=5))
    reporter.flush(60)
    began = time.perf_counter()
    for number in range(count):
        reporter.post(SubTaskStep(task_id="a", subtask_id=f"a/{number % 50}", step=1, message="step"))
    reporter.flush(120)
    rate = count / (time.perf_counter() - began)
    reporter.close(10)
    store.close()
    yield Row(what="events kept a second (SQLite, durable)", measured=f"{rate:,.0f}")


def bench_locks(scratch: Scratch) -> Iterator[Row]:
    """Lock operations a second: one thread alone, and five threads at one path."""
    from runner.generation.workspace.file_locks import FileLockManager

    manager = FileLockManager(scratch.fresh())
    count = 5000

    def hold(times: int, path: str) -> None:
        for _ in range(times):
            with manager.hold(path):
                pass

    began = time.perf_counter()
    hold(count, "alone.txt")
    alone = count / (time.perf_counter() - began)
    threads = [threading.Thread(target=hold, args=(count // 5, "shared.txt")) for _ in range(5)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared = count / (time.perf_counter() - began)
    yield Row(what="lock operations a second, one thread", measured=f"{alone:,.0f}")
    yield Row(what="lock operations a second, five threads at one path", measured=f"{shared:,.0f}")


def bench_convex(scratch: Scratch) -> Iterator[Row]:
    """The cost of live progress; its modules are imported only here."""
    from tests.bench import convex

    yield from convex.bench_convex(scratch)


def bench_backend(scratch: Scratch) -> Iterator[Row]:
    """Requests per second of the generated backend; its modules are imported only here."""
    from tests.bench import backend

    yield from backend.bench_backend(scratch)


def bench_growth(scratch: Scratch) -> Iterator[Row]:
    """Runs of many tables and of many tasks; its module is imported only here."""
    from tests.bench import growth

    yield from growth.bench_growth(scratch)


def bench_merging(scratch: Scratch) -> Iterator[Row]:
    """A run that merges edited files, against one that writes them; its module is imported only here."""
    from tests.bench import merging

    yield from merging.bench_merging(scratch)


def bench_reading(scratch: Scratch) -> Iterator[Row]:
    """CPU time and memory of reading DDL; its module is imported only here."""
    from tests.bench import reading

    yield from reading.bench_reading(scratch)


def bench_scale(scratch: Scratch, rows: int, server: str | None) -> Iterator[Row]:
    """Requests to the generated backend on large tables; its modules are imported only here."""
    from tests.bench import scale

    yield from scale.bench_scale(scratch, rows, server)


def bench_groups(scratch: Scratch, rows: int, server: str | None) -> Iterator[Row]:
    """Numbers of rows by group, of a large table; its modules are imported only here."""
    from tests.bench import groups

    yield from groups.bench_groups(scratch, rows, server)


BENCHES = {
    "start": bench_start,
    "school": bench_school,
    "no-ops": bench_no_ops,
    "events": bench_events,
    "locks": bench_locks,
    "convex": bench_convex,
    "backend": bench_backend,
    "growth": bench_growth,
    "reading": bench_reading,
    "merging": bench_merging,
}
LARGE_TABLES = {"scale": bench_scale, "groups": bench_groups}


def file_system(folder: str) -> str:
    """Return the type of the file system that a folder is on."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    under = [(mount, kind) for _, mount, kind, *_ in lines if f"{folder}/".startswith(f"{mount.rstrip('/')}/")]
    return max(under, key=lambda pair: len(pair[0]), default=("", "an unknown file system"))[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks and print the results. Raises where something cannot be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted([*BENCHES, *LARGE_TABLES]), help="measure only this")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="students of `scale`, attendance of `groups` (default: %(default)s)"
    )
    parser.add_argument(
        "--server", help="address of a PostgreSQL for these two, postgresql://…; default: one of its own"
    )
    options = parser.parse_args(arguments)
    only = options.only
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as folder:
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, medians of {RUNS}")
        print(f"load {load} before; on {file_system(folder)}\n")
        print("| what | runner | baseline | ratio | ratio of CPU | bound |\n| --- | --- | --- | --- | --- | --- |")
        for name, bench in BENCHES.items():
            if only in {None, name}:
                for row in bench(Scratch(Path(folder, name))):  # its own: nothing of another one's is found there
                    print(row, flush=True)
        if only in LARGE_TABLES:
            for row in LARGE_TABLES[only](Scratch(Path(folder, only)), options.rows, options.server):
                print(row, flush=True)


if __name__ == "__main__":
    main()
