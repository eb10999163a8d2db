"""The tally that every scenario fills, and the table of a whole session: RUNNER_FAULTS_TABLE names its file."""

from __future__ import annotations

import contextlib
import os
import platform
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

_KINDS = ("lost", "doubled", "torn", "left")
_HEAD = """\
# The fault suite, run long

Written by the command below at its end (`make faults` runs all of the folder; `make test` the same scenarios a few
times each). A row is a scenario, named as its test is. *Lost*, *doubled* and *torn* count events and files, *left*
counts processes, locks and temp files, *hung* what was not done in time, *failed* whatever else did not hold. What must
hold after every scenario is in `tests/integration/faults/aftermath.py`.

"""


@pytest.fixture
def tally(record_property) -> Iterator[Tally]:
    """Take what a scenario finds wrong; nothing may be."""
    tally = Tally()
    yield tally
    record_property("tally", tally.counts())
    assert tally.clean, tally


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[MakeScene]:
    """Make the folder of a scenario; what it leaves running is ended after its test, whatever that found."""
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


_rows: defaultdict[str, _Row] = defaultdict(_Row)
_notes: list[str] = []
_began = time.time()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped or "/faults/" not in report.nodeid:
        return
    row = _rows[_scenario(report.nodeid)]
    if report.when == "call":
        row.repetitions += 1
    if report.failed:
        hung = "HungError" in report.longreprtext or "TimeoutExpired" in report.longreprtext
        row.found["hung" if hung else "failed"] += report.when != "teardown" or hung
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == "tally" and isinstance(value, dict):
                for kind, count in value.items():
                    row.found[kind] += count
            elif name == "note":
                _notes.append(str(value))


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = os.environ.get("RUNNER_FAULTS_TABLE")
    if target and not hasattr(session.config, "workerinput"):
        command = f"RUNNER_FAULTS={os.environ.get('RUNNER_FAULTS')} python -m pytest {' '.join(_arguments(session))}"
        Path(target).write_text(_table(command), encoding="utf-8")


def _arguments(session: pytest.Session) -> list[str]:
    return [str(argument) for argument in session.config.invocation_params.args]


def _scenario(nodeid: str) -> str:
    """Return a test's name as words, its parameters but the seed behind it."""
    name, _, parameters = nodeid.partition("::")[2].partition("[")
    kept = [word for word in parameters.removesuffix("]").split("-") if word and not word.isdigit()]
    words = name.removeprefix("test_").replace("_", " ")
    return f"{words}: {' '.join(kept)}" if kept else words


def _table(command: str) -> str:
    columns = (*_KINDS, "hung", "failed")
    lines = [
        f"| scenario | repetitions | {' | '.join(columns)} |",
        f"| --- | --- |{' --- |' * len(columns)}",
        *(
            f"| {name} | {row.repetitions:,} | {' | '.join(str(row.found[kind]) for kind in columns)} |"
            for name, row in sorted(_rows.items())
        ),
    ]
    total = sum(row.repetitions for row in _rows.values())
    sums = " | ".join(str(sum(row.found[kind] for row in _rows.values())) for kind in columns)
    lines.append(f"| all | {total:,} | {sums} |")
    system = f"{platform.system()} {platform.release()}"
    machine = f"{os.cpu_count()} processors, {system}, Python {platform.python_version()}"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    ended = f"{time.strftime('%Y-%m-%d', time.gmtime())}; {(time.time() - _began) / 60:.0f} minutes on {machine}; "
    notes = [f"\n{note}\n" for note in _notes]
    return f"{_HEAD}{ended}load at the end {load}:\n\n    {command}\n\n" + "\n".join(lines) + "\n" + "".join(notes)
