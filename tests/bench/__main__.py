"""Measures speed against baselines, in turn and in one run: `make bench`. Prints a table; quote ratios, not seconds.

With `--only NAME`, runs only this benchmark. `scale` takes many minutes and gigabytes: it runs only if it is named.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 5
MANY_TABLES = 2400
FEW_TABLES = 24
NO_OPS = 1000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: medians of `RUNS` runs in seconds, or a rate."""

    what: str
    measured: str
    baseline: str = ""
    ratio: float | None = None
    bound: str = ""

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.what} | {self.measured} | {self.baseline} | {ratio} | {self.bound} |"


def timed(command: list[str], **env: str) -> float:
    """Run a command to its end and return its wall time in seconds."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**inherited, **env}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def in_turn(*actions: Callable[[], float]) -> list[float]:
    """Return the median of each action, all of them run one after the other `RUNS` times, after one warm-up."""
    for action in actions:
        action()
    rounds = [[action() for action in actions] for _ in range(RUNS)]
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


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

    def runner(self, plan: Path, state: Path) -> float:
        return timed([sys.executable, "-m", "runner", str(plan), "-q", "--state", str(state)])

    def straight(self, plan: Path, workspace: Path) -> float:
        return timed([sys.executable, "-m", "tests.bench.straight_line", str(plan), str(workspace)])


def school_tasks() -> str:
    """Return the tasks of the school plan, without their dependencies: both sides do the same work."""
    text = (ROOT / "plans" / "school.yaml").read_text()
    return text.partition("\ntasks:\n")[2]


def many_tables(count: int) -> str:
    """Return a schema of `count` tables, each with a key, columns, a check and a reference to the previous table."""
    parts = []
    for number in range(count):
        reference = f"REFERENCES item_{number - 1} (id)" if number else ""
        parts.append(
            f"CREATE TABLE item_{number} (\n"
            "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
            "    code varchar(20) NOT NULL UNIQUE,\n    title varchar(200) NOT NULL,\n"
            "    amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0),\n    starts_on date,\n"
            f"    parent_id bigint {reference},\n    created_at timestamptz NOT NULL DEFAULT now()\n);\n"
        )
    return "\n".join(parts)


def bench_school(scratch: Scratch) -> Iterator[Row]:
    """The school plan, cold and again, against the straight-line script."""
    ddl, tasks = ROOT / "plans" / "school.sql", school_tasks()

    def cold() -> float:
        workspace = scratch.fresh()
        return scratch.runner(scratch.plan(workspace, ddl, tasks), scratch.fresh())

    def straight() -> float:
        workspace = scratch.fresh()
        return scratch.straight(scratch.plan(workspace, ddl, tasks), workspace)

    kept, state = scratch.fresh(), scratch.fresh()
    plan = scratch.plan(kept, ddl, tasks)
    scratch.runner(plan, state)
    first, script, again = in_turn(cold, straight, lambda: scratch.runner(plan, state))
    yield Row(
        what="school plan, cold",
        measured=f"{first:.2f} s",
        baseline=f"{script:.2f} s",
        ratio=first / script,
        bound="≤ 2.0",
    )
    yield Row(
        what="school plan, nothing changed",
        measured=f"{again:.2f} s",
        baseline=f"{script:.2f} s",
        ratio=again / script,
        bound="≤ 1.0",
    )


def bench_many(scratch: Scratch) -> Iterator[Row]:
    """One task of very many tables, against the script, and the cost of a table as their number grows."""
    tasks = "  - description: BE CRUD APIs\n"
    medians: dict[int, float] = {}
    for count in (FEW_TABLES, MANY_TABLES):
        ddl = scratch.fresh().with_suffix(".sql")
        ddl.write_text(many_tables(count))

        def run(ddl: Path = ddl) -> float:
            return scratch.runner(scratch.plan(scratch.fresh(), ddl, tasks), scratch.fresh())

        def script(ddl: Path = ddl) -> float:
            workspace = scratch.fresh()
            return scratch.straight(scratch.plan(workspace, ddl, tasks), workspace)

        if count == FEW_TABLES:
            (medians[count],) = in_turn(run)
        else:
            medians[count], baseline, again = run(), script(), run()
            for what, seconds in (("", medians[count]), (", its DDL read before", again)):
                yield Row(
                    what=f"{count:,} tables in one task{what} (1 run)",
                    measured=f"{seconds:.1f} s",
                    baseline=f"{baseline:.1f} s",
                    ratio=baseline / seconds,
                    bound="≥ 1.6 times faster",
                )
    (fixed,) = in_turn(lambda: scratch.runner(empty_plan(scratch), scratch.fresh()))
    few, many = ((medians[count] - fixed) / count * 1000 for count in (FEW_TABLES, MANY_TABLES))
    yield Row(
        what=f"cost a table, {FEW_TABLES} → {MANY_TABLES:,} tables",
        measured=f"{many:.2f} ms",
        baseline=f"{few:.2f} ms",
        ratio=many / few,
        bound="≤ 1.2",
    )


def empty_plan(scratch: Scratch) -> Path:
    """Return a plan of one sub-task that does nothing: the fixed cost of a run."""
    return no_op_plan(scratch, 1)


def no_op_plan(scratch: Scratch, count: int) -> Path:
    """Return a plan of one task with `count` sub-tasks that do nothing."""
    workspace = scratch.fresh()
    ddl = scratch.folder / f"no-op-{count}.sql"  # one file for all runs: reading it is not measured
    ddl.write_text("".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(count)))
    agent = scratch.folder / "bench_agents.py"
    agent.write_text(
        "from runner import Agent\n\n\nclass NoOp(Agent):\n    kind = 'no-op'\n    title = 'No-op'\n\n"
        "    def generate(self, ctx):\n        for step in (2, 3, 4):\n            ctx.progress(step, 'nothing')\n"
        "        return []\n"
    )
    return scratch.plan(workspace, ddl, "  - description: nothing\n    agent: bench_agents:NoOp\n")


def no_op(number: int) -> int:
    """The work of a sub-task that does nothing."""
    return number


def bench_no_ops(scratch: Scratch) -> Iterator[Row]:
    """Sub-tasks that do nothing, with all state durable, against a bare process pool."""

    def bare() -> float:
        code = (
            "from concurrent.futures import ProcessPoolExecutor as P\nfrom tests.bench.__main__ import no_op\n"
            f"with P(5) as pool:\n    list(f.result() for f in [pool.submit(no_op, n) for n in range({NO_OPS})])\n"
        )
        return timed([sys.executable, "-c", code])

    def ours() -> float:
        return scratch.runner(no_op_plan(scratch, NO_OPS), scratch.fresh())

    mine, pool = in_turn(ours, bare)
    yield Row(
        what=f"{NO_OPS:,} sub-tasks that do nothing, state durable",
        measured=f"{mine:.2f} s",
        baseline=f"{pool:.2f} s",
        ratio=mine / pool,
        bound="≤ 2.7 (1.2 s where the pool takes 0.45 s)",
    )


def bench_start(scratch: Scratch) -> Iterator[Row]:
    """Duration of the read-only commands."""
    state = scratch.fresh()
    scratch.runner(empty_plan(scratch), state)
    bare, helped, status = in_turn(
        lambda: timed([sys.executable, "-c", "pass"]),
        lambda: timed([sys.executable, "-m", "runner", "--help"]),
        lambda: timed([sys.executable, "-m", "runner", "status", "--state", str(state)]),
    )
    for name, value in (("--help", helped), ("status", status)):
        yield Row(
            what=f"runner {name}",
            measured=f"{value:.2f} s",
            baseline=f"{bare:.2f} s (bare Python)",
            ratio=value / bare,
            bound="under 0.25 s",
        )


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


def bench_scale(scratch: Scratch, rows: int, server: str | None) -> Iterator[Row]:
    """Requests to the generated backend on large tables; its modules are imported only here."""
    from tests.bench import scale

    yield from scale.bench_scale(scratch, rows, server)


BENCHES = {
    "start": bench_start,
    "school": bench_school,
    "no-ops": bench_no_ops,
    "events": bench_events,
    "locks": bench_locks,
    "convex": bench_convex,
    "backend": bench_backend,
    "many": bench_many,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks and print the results. Raises where something cannot be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted([*BENCHES, "scale"]), help="measure only this")
    parser.add_argument("--rows", type=int, default=1_000_000, help="students of `scale` (default: %(default)s)")
    parser.add_argument("--server", help="address of a PostgreSQL for `scale`, postgresql://…; default: one of its own")
    options = parser.parse_args(arguments)
    only = options.only
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, medians of {RUNS}\n")
    print("| what | runner | baseline | ratio | bound |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as folder:
        for name, bench in BENCHES.items():
            if only in {None, name}:
                for row in bench(Scratch(Path(folder, name))):  # its own: nothing of another one's is found there
                    print(row, flush=True)
        if only == "scale":
            for row in bench_scale(Scratch(Path(folder, only)), options.rows, options.server):
                print(row, flush=True)


if __name__ == "__main__":
    main()
