"""What a Dask cluster costs and brings: `python -m tests.bench.cluster`.

On loopback against the local pool, four hosts against one, and the supervisor's loop alone, over workers in memory.
"""

from __future__ import annotations

import os
import pickle
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.model import Schema
from runner.records.events import SubTaskEnded
from runner.records.task import Classification, TaskInput, TaskSpec, subtasks_of
from runner.scheduling.job import Job
from runner.scheduling.supervisor import Settings, Supervisor
from tests.integration.dask_cluster import dask_cluster
from tests.memory_executor import MemoryExecutor

if TYPE_CHECKING:
    from runner.records.events import Event

ROOT = Path(__file__).resolve().parent.parent.parent
AGENTS = """\
import time
from runner import Agent, GeneratedFile

class NoOp(Agent):
    kind = title = "no-op"
    def generate(self, ctx):
        return []

class Sleeping(Agent):
    kind = title = "sleeping"
    def generate(self, ctx):
        time.sleep(1.0)
        return []

class Long(Agent):
    kind = title = "long"
    def generate(self, ctx):
        return [GeneratedFile(f"out/{ctx.table.name.name}.txt", "x" * 49_999 + chr(10))]
"""


def make_plan(folder: Path, tables: int, tasks: str) -> None:
    """Write a plan on so many tables."""
    folder.mkdir(parents=True)
    (folder / "bench_agents.py").write_text(AGENTS)
    table = "CREATE TABLE t{0} (id bigint PRIMARY KEY, name text NOT NULL, made_at timestamptz);\n"
    (folder / "a.sql").write_text("".join(table.format(number) for number in range(tables)))
    (folder / "plan.yaml").write_text(f"version: 1\nname: bench\nworkspace: out\nddl: a.sql\ntasks:\n{tasks}")


def seconds(folder: Path, executor: str, *, largest: bool = False) -> float:
    """Run the plan from nothing and return its time; with `largest`, the supervisor's most memory in MB instead."""
    for name in ("out", ".runner"):
        subprocess.run(["rm", "-rf", str(folder / name)], check=True)
    code = (
        "import sys, resource; from pathlib import Path; from runner.command.run_options import RunOptions; "
        "from runner.command.run_plan import run_plan; "
        f"chosen = {executor!r}; "
        "code = run_plan(RunOptions(plan=Path('plan.yaml'), state=Path('.runner'), quiet=True, executor=chosen)); "
        "print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    elapsed = time.perf_counter() - began
    status, memory = done.stdout.split()[-2:]
    if status != "0":
        raise RuntimeError(done.stdout + done.stderr)
    return float(memory) if largest else elapsed


def task(agent: str) -> str:
    return f"  - description: work\n    agent: {agent}\n"


def simulate(workers: int, subtasks: int, cost: float) -> tuple[float, float]:
    """Run sub-tasks on workers in memory; return the seconds and the processor seconds of the loop."""
    ended = [0]
    done = threading.Event()

    def post(event: Event) -> None:
        if isinstance(event, SubTaskEnded):
            ended[0] += 1
            if ended[0] == subtasks:
                done.set()

    executor = MemoryExecutor(workers, cost=cost, files=False, machines=workers)
    supervisor = Supervisor("run", Settings(force=True), executor, post, lambda _: None, lambda _: done.set())
    schema = Schema(dialect="postgres", tables=())
    spec = TaskSpec(
        id="task",
        input=TaskInput(description="task", workspace_path="/nonexistent"),
        title="Task",
        classification=Classification(kind="x", method="explicit", confidence=1.0),
        subtasks=subtasks_of("task", "Task", [f"t{number}" for number in range(subtasks)]),
        import_path=None,
        schema_digest="schema",
        inputs_digest="inputs",
    )
    job = Job(spec=spec, read_schema=lambda: schema, pickle_schema=lambda: pickle.dumps(schema))
    began, cpu = time.perf_counter(), time.process_time()
    supervisor.start()
    supervisor.add([job])
    done.wait()
    taken = time.perf_counter() - began, time.process_time() - cpu
    supervisor.stop()
    return taken


def main(scratch: Path, runs: int = 3) -> None:
    """Print the figures as a table."""
    print("| what | cluster | this machine | ratio |\n| --- | --- | --- | --- |")
    with dask_cluster(scratch / "two", 2) as cluster:
        make_plan(scratch / "tables", 2400, task("be-crud"))
        make_plan(scratch / "one", 1, task("bench_agents:NoOp"))
        make_plan(scratch / "nothing", 1000, task("bench_agents:NoOp"))
        make_plan(scratch / "long", 10_000, task("bench_agents:Long"))
        times = [
            (seconds(scratch / "tables", cluster.address), seconds(scratch / "tables", "local")) for _ in range(runs)
        ]
        ours, base = (statistics.median(values) for values in zip(*times, strict=True))
        print(f"| 2,400 tables, two workers | {ours:.2f} s | {base:.2f} s | {ours / base:.2f} |", flush=True)
        beyond = [  # the start of the cluster, in pairs: a noisy machine slows both runs of one
            seconds(scratch / "nothing", cluster.address) - seconds(scratch / "one", cluster.address)
            for _ in range(3 * runs)
        ]
        print(
            f"| 1,000 sub-tasks without work, beyond the start | {statistics.median(beyond):.2f} s "
            f"({min(beyond):.2f} to {max(beyond):.2f}) | | |",
            flush=True,
        )
        memory = seconds(scratch / "long", cluster.address, largest=True)
        print(f"| 10,000 sub-tasks of 50 KB, most memory of the supervisor | {memory:.0f} MB | | |", flush=True)
    make_plan(scratch / "slow", 640, task("bench_agents:Sleeping"))
    rates = []
    for hosts in (1, 4):
        with dask_cluster(scratch / f"hosts-{hosts}", hosts) as cluster:
            time.sleep(5.0)
            rates.append(640 / seconds(scratch / "slow", cluster.address))
    one, four = rates
    print(f"| four hosts, agents that sleep 1 s | {four:.1f}/s | one host {one:.1f}/s | {four / one:.2f} |", flush=True)
    for cost in (0.05, 0.01, 0.0):
        wall, cpu = simulate(100, 100_000, cost)
        print(
            f"| simulation: 100 workers, 100,000 sub-tasks of {cost * 1000:g} ms | {wall:.1f} s, "
            f"{100_000 / wall:,.0f}/s, loop busy {cpu / wall:.0%} | | |",
            flush=True,
        )


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="runner-bench-") as made:
        main(Path(made))
