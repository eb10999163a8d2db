"""What follows a run, whatever ended it: its reports and its notification."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from runner.command import run_plan as command
from runner.command.run_options import RunOptions
from runner.command.run_plan import run_plan
from runner.progress.reports.report_files import ReportFiles
from runner.records.errors import ClusterError
from tests.memory_executor import MemoryExecutor

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """\
version: 1
name: lost
workspace: out
executor: tcp://127.0.0.1:1
tasks:
  - {description: BE CRUD APIs, ddl: school.sql}
"""


class Listener:
    """Takes the place of the receiver of a notification."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []

    def notify(self, report: dict[str, Any]) -> str | None:
        self.reports.append(report)
        return None


def test_a_run_whose_cluster_was_lost_has_its_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "school.sql").write_text("CREATE TABLE students (id bigint PRIMARY KEY);\n")
    executor = MemoryExecutor(1, files=False)
    executor.error = ClusterError("the scheduler is away")
    monkeypatch.setattr(command, "cluster_executor", lambda *_: executor)
    listener: Any = Listener()
    junit, report = tmp_path / "junit.xml", tmp_path / "report.json"
    options = RunOptions(
        plan=tmp_path / "plan.yaml",
        state=tmp_path / "state",
        reports=ReportFiles(junit=junit, json=report),
        notifier=listener,
        quiet=True,
    )
    with pytest.raises(ClusterError, match="the scheduler is away"):
        run_plan(options)
    case, end = ET.parse(junit).getroot().iter("testcase")
    assert [child.tag for child in case] == ["skipped"]
    assert [(child.tag, child.text) for child in end] == [("error", "the scheduler is away")]
    assert json.loads(report.read_text())["run"]["status"] == "interrupted"
    assert [one["run"]["exit_code"] for one in listener.reports] == [1]
