"""The project that all pairs start from, and the table of a whole session: RUNNER_MERGES_TABLE names its file."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.merging.pairs import Undisturbed
from tests.integration.merging.project import make_project
from tests.integration.merging.schema_changes import SCHOOL

_ENDS = ("merged", "untouched", "conflict", "wrong")
_HEAD = """\
# The merge suite, run long

`make merges` writes this file at its end; `make test` runs the same tests on a few seeds. A seed is a change of the
schema or the plan, and an edit by hand of a file in each set. *Merged* files have both sides. For *untouched* ones
nothing new was generated. Those in *conflict* are as the user left them, with a `.rej` beside them. *Wrong* is what the
oracle (`tests/integration/merging/oracle.py`) objects to.

"""

if TYPE_CHECKING:
    from tests.integration.merging.project import Project


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the school's project after its first run. Tests copy it."""
    project = make_project(tmp_path_factory.mktemp("merging") / "generated", SCHOOL.ddl)
    result = project.generate()
    assert result.returncode == 0, result.stdout + result.stderr
    return project


@pytest.fixture(scope="session")
def undisturbed(generated: Project, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Return what a second run writes where nothing was edited, by schema."""
    return Undisturbed(generated, tmp_path_factory.mktemp("undisturbed"))


_files: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by set: how many ended in which way
_tests: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by test
_began = time.time()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "/merging/" not in report.nodeid or report.when != "call":
        return
    name = report.nodeid.rpartition("::")[2].partition("[")[0]
    _tests[name.removeprefix("test_").replace("_", " ")][report.outcome] += 1
    for key, value in report.user_properties:
        if key == "merges" and isinstance(value, dict):
            for template_set, counts in value.items():
                _files[template_set].update(counts)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    target = os.environ.get("RUNNER_MERGES_TABLE")
    if target and exitstatus in {0, 1} and not hasattr(session.config, "workerinput"):
        machine = f"{os.cpu_count()} processors, {platform.system()} {platform.release()}"
        took = f"{time.strftime('%Y-%m-%d', time.gmtime())}; {(time.time() - _began) / 60:.0f} minutes on {machine};"
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        text = f"{_HEAD}{took}\nload {load} at the end; Python {platform.python_version()}.\n\n"
        Path(target).write_text(text + _table("files of", _files, _ENDS) + "\n" + _table_of_tests(), encoding="utf-8")


def _table_of_tests() -> str:
    return _table("test", _tests, ("passed", "failed"))


def _table(first: str, rows: dict[str, Counter[str]], columns: tuple[str, ...]) -> str:
    lines = [f"| {first} | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for name, counts in sorted(rows.items()):
        lines.append(f"| {name} | {' | '.join(str(counts[column]) for column in columns)} |")
    sums = (str(sum(counts[column] for counts in rows.values())) for column in columns)
    return "\n".join([*lines, f"| all | {' | '.join(sums)} |", ""])
