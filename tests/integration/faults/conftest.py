"""The tally that every scenario fills, and the table of a whole session: RUNNER_FAULTS_TABLE names its file."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.integration.faults.aftermath import MakeScene, Scene, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = (
    "kills",
    "school_runs",
    "agents",
    "signals",
    "disks",
    "overlap",
    "soak",
    "cluster",
    "convex",
    "convex_commands",
)
_WRITTEN_AFTER = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}  # an aborted session has no result
_KINDS = ("lost", "doubled", "torn", "left")
_HEAD = """\
# The fault suite, run long

`make faults` writes this file at its end; `make test` runs the same scenarios a few times each. A row is a scenario,
named as its test is. *Lost*, *doubled* and *torn* count events and files, *left* counts processes, locks and temp
files, *hung* what was not done in time, *failed* whatever else did not hold. What must hold after every scenario is in
`tests/integration/faults/aftermath.py`; of Convex it is that the deployment has, row by row, what the state file has.

"""


@pytest.fixture
def tally(record_property) -> Iterator[Tally]:
    """Collect the problems that a scenario finds; there must be none."""
    tally = Tally()
    yield tally
    record_property("tally", tally.counts())
    assert tally.clean, tally


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[MakeScene]:
    """Make the folder of a scenario; its leftover processes are killed after the test, whether it passed or not."""
    made: list[Scene] = []

    def make(tasks: int, tables: int) -> Scene:
        made.append(Scene(tmp_path / "project", tasks, tables))
        return made[-1]

    yield make
    for process in [process for scene in made for process in scene.processes()]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@dataclass
class _Row:
    repetitions: int = 0
    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*_KINDS, "hung", "failed"), 0))


_rows: defaultdict[tuple[str, str], _Row] = defaultdict(_Row)  # by part and scenario
_skipped: set[str] = set()
_notes: list[str] = []
_delays: list[float] = []
_began = time.time()
_load_before = os.getloadavg()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "/faults/" not in report.nodeid:
        return
    if report.skipped:
        _skipped.add(_scenario(report.nodeid)[1])
        return
    row = _rows[_scenario(report.nodeid)]
    if report.when == "call":
        row.repetitions += 1
    told = report.user_properties if report.when == "teardown" else []
    counted = [value for name, value in told if name == "tally" and isinstance(value, dict)]
    for counts in counted:
        for kind, count in counts.items():
            row.found[kind] += count
    if report.failed and not any(sum(counts.values()) for counts in counted):
        hung = "HungError" in report.longreprtext or "TimeoutExpired" in report.longreprtext
        row.found["hung" if hung else "failed"] += 1
    _notes.extend(str(value) for name, value in told if name == "note")
    _delays.extend(float(str(value)) for name, value in told if name == "delay")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    target = os.environ.get("RUNNER_FAULTS_TABLE")
    if target and exitstatus in _WRITTEN_AFTER and not hasattr(session.config, "workerinput"):
        arguments = shlex.join(str(argument) for argument in session.config.invocation_params.args)
        command = f"RUNNER_FAULTS={os.environ.get('RUNNER_FAULTS', 'short')} python -m pytest {arguments}"
        Path(target).write_text(_table(command), encoding="utf-8")


def _scenario(nodeid: str) -> tuple[str, str]:
    """Return which part a test belongs to, and its name as words, followed by its parameters without the seed."""
    file, _, test = nodeid.partition("::")
    name, _, parameters = test.partition("[")
    kept = [word.strip() for word in parameters.removesuffix("]").split("-") if word and not word.isdigit()]
    words = name.removeprefix("test_").replace("_", " ")
    return Path(file).stem.removeprefix("test_"), f"{words}: {' '.join(kept)}" if kept else words


def _rank(part: str) -> int:
    return _PARTS.index(part) if part in _PARTS else len(_PARTS)


def _table(command: str) -> str:
    columns = (*_KINDS, "hung", "failed")
    lines = [
        f"| part | scenario | repetitions | {' | '.join(columns)} |",
        f"| --- | --- | --- |{' --- |' * len(columns)}",
    ]
    for (part, name), row in sorted(_rows.items(), key=lambda item: (_rank(item[0][0]), item[0])):
        counts = " | ".join(str(row.found[kind]) for kind in columns)
        lines.append(f"| {part.replace('_', ' ')} | {name} | {row.repetitions:,} | {counts} |")
    total = sum(row.repetitions for row in _rows.values())
    sums = " | ".join(str(sum(row.found[kind] for row in _rows.values())) for kind in columns)
    lines.append(f"| all | | {total:,} | {sums} |")
    return f"{_HEAD}{_circumstances()}\n\n    {command}\n\n" + "\n".join(lines) + "\n" + "".join(_remarks())


def _circumstances() -> str:
    system = f"{platform.system()} {platform.release()}"
    machine = f"{os.cpu_count()} processors, {system}, Python {platform.python_version()}"
    before, after = (", ".join(f"{one:.1f}" for one in load) for load in (_load_before, os.getloadavg()))
    took = f"{time.strftime('%Y-%m-%d', time.gmtime())}; {(time.time() - _began) / 60:.0f} minutes on {machine};"
    return f"{took}\nload {before} at the start and {after} at the end:"


def _remarks() -> list[str]:
    remarks = [f"\n{note}\n" for note in _notes]
    if _delays:
        obeyed = f"{len(_delays)} requests in the middle of 500 sub-tasks, each obeyed within {max(_delays):.2f} s"
        remarks.insert(0, f"\nControl: {obeyed} by the state file's times of the request and of its event.\n")
    if _skipped:
        remarks.append(f"\nSkipped, for want of what they need: {'; '.join(sorted(_skipped))}.\n")
    return remarks
