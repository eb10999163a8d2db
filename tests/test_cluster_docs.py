"""The snippets of docs/cluster.md: each is parsed, and its cluster is constructed as far as that starts nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runner.plan.format import ExecutorEntry
from runner.plan.validation import read_plan

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "cluster.md").read_text(encoding="utf-8")


def snippet(name: str) -> str:
    (found,) = re.findall(rf"^```python {name}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def test_slurm_jobs_start_workers_of_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job script is made; nothing is submitted and no scheduler started."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    made: list[Any] = []

    class Recorded:
        """Takes what the snippet gives to a cluster, and makes one of its jobs."""

        scheduler_address = "tcp://127.0.0.1:8786"

        def __init__(self, **values: Any) -> None:
            made.append(jobqueue.slurm.SLURMJob(self.scheduler_address, name="test", **values))

        def scale(self, *, jobs: int) -> None:
            assert jobs > 0

    monkeypatch.setattr(jobqueue, "SLURMCluster", Recorded)
    exec(compile(snippet("slurm"), "docs/cluster.md", "exec"), {"__name__": "snippet"})
    script = made[0].job_script()
    assert "#SBATCH -p normal" in script
    assert "--nthreads 1 " in script
    assert "--nworkers 4 " in script
    assert "source /shared/venv/bin/activate" in script


def test_the_kubernetes_resource_has_workers_of_one_thread() -> None:
    names: dict[str, Any] = {}
    exec(compile(snippet("kubernetes"), "docs/cluster.md", "exec"), names)
    worker = names["spec"]["spec"]["worker"]
    assert worker["replicas"] == 8
    (container,) = worker["spec"]["containers"]
    assert {"--nthreads", "1"} <= set(container["args"])
    assert json.dumps(names["spec"])


def test_the_key_of_a_plan_is_read_and_every_key_is_explained(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "a.sql").write_text("")
    rest = "version: 1\nname: x\nworkspace: out\ntasks: [{description: Schema docs, ddl: a.sql}]\n"
    executor = read_plan(tmp_path / "plan.yaml", (text + rest).encode()).executor
    assert executor is not None
    assert executor.dask == "tls://scheduler.example:8786"
    rows = "\n".join(line.partition("|")[2].partition("|")[0] for line in TEXT.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", rows)) >= set(ExecutorEntry.model_fields)
