"""Dask clusters for tests: a scheduler and workers with nannies, as processes with a folder of their own each."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.integration.command import ROOT, environment
from tests.integration.jobs import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WAIT = 60.0  # seconds for a process to start or to end


@dataclass(kw_only=True)
class DaskCluster:
    """A scheduler on loopback, and workers that see nothing of each other's folders."""

    folder: Path
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)  # their nannies
    port: int = 0
    options: tuple[str, ...] = ()  # of all processes
    scheme: str = "tcp"
    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()  # before the command of the scheduler
    count: int = 0

    @property
    def address(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def start_scheduler(self) -> None:
        """Start the scheduler, the second time on the same port. It has no plan-runner, and needs none."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self.scheduler = self._start(
            "scheduler",
            ("--host", f"{self.scheme}://{self.host}", "--port", str(self.port), "--no-dashboard"),
            self.prefix,
            "--scheduler-file",
            str(file),
            **without_runner(self.folder),
        )
        until(lambda: file.exists() and file.stat().st_size > 0, "the scheduler", WAIT)
        if self.port == 0:
            self.port = int(json.loads(file.read_text())["address"].rpartition(":")[2])

    def start_worker(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        threads: int = 1,
    ) -> subprocess.Popen[bytes]:
        """Start a Dask worker and return its process, which is its nanny."""
        self.count += 1
        self.workers.append(
            self._start(
                f"worker-{self.count}",
                (self.address, "--nthreads", str(threads), "--no-dashboard", "--death-timeout", "120"),
                prefix,
                "--nanny",
                *options,
                **(env or {}),
            )
        )
        return self.workers[-1]

    def _start(
        self, name: str, first: tuple[str, ...], prefix: Sequence[str], *options: str, **env: str
    ) -> subprocess.Popen[bytes]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        kind = name.partition("-")[0]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", f"distributed.cli.dask_{kind}", *first, *options, *self.options],
                cwd=folder,
                env={**environment(), "DASK_TEMPORARY_DIRECTORY": str(folder), **env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the scheduler and of the workers, and all that these have started."""
        found = []
        for process in (self.scheduler, *self.workers):
            if process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.append(psutil.Process(process.pid))
                    found += found[-1].children(recursive=True)
        return found

    def dask_worker(self, number: int = 0) -> psutil.Process:
        """Return the process that runs the tasks of a worker with a nanny."""
        return next(one for one in psutil.Process(self.workers[number].pid).children() if "spawn_main" in command(one))

    def hosts(self) -> list[psutil.Process]:
        """Return the worker hosts."""
        return [one for one in self.processes() if "worker_host" in command(one)]

    def close(self) -> None:
        """Kill everything."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for one in (self.scheduler, *self.workers):
            if one is not None:
                one.wait(WAIT)


def without_runner(folder: Path) -> dict[str, str]:
    """Return the environment of a Python in which there is no plan-runner, though it is installed."""
    shadow = folder / "shadow"
    (shadow / "runner").mkdir(parents=True, exist_ok=True)
    text = 'raise ModuleNotFoundError("No module named \'runner\'", name="runner")\n'
    (shadow / "runner" / "__init__.py").write_text(text)
    return {"PYTHONPATH": str(shadow)}


def another_version(folder: Path) -> dict[str, str]:
    """Return the environment of a Python with a plan-runner of version 99."""
    other = folder / "other"
    if not other.exists():
        shutil.copytree(ROOT / "runner", other / "runner", ignore=shutil.ignore_patterns("__pycache__"))
        (other / "runner" / "templates").symlink_to(ROOT / "templates")
        (other / "runner" / "records" / "version.py").write_text('VERSION = "99"\n')
    return {"PYTHONPATH": str(other)}


def command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return " ".join(process.cmdline())
    return ""


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int = 2, **values: object) -> Iterator[DaskCluster]:
    """Yield a cluster with so many workers, of one thread each."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(folder=folder, **values)  # type: ignore[arg-type]
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        cluster.close()
