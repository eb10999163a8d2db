"""What is written for the jobs of GitHub Actions and GitLab CI: log, annotations, summary, report."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.command.ci_job import CiJob
from runner.command.faults import near
from runner.command.run_options import RunOptions
from runner.progress.reporter import Recorded
from runner.progress.reports.ci_log import GitHubLog, GitLabLog, ci_log
from runner.progress.reports.code_quality import code_quality_json
from runner.progress.reports.console import Console, print_drift
from runner.progress.reports.run_account import RunAccount
from runner.progress.reports.step_summary import step_summary
from runner.records.errors import PlanError, Problem
from runner.records.events import Event, Logged, RunEnded, TaskEnded
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from tests.sample_runs import at, ended, run_started, started, task_added

if TYPE_CHECKING:
    from runner.progress.reports.ci_log import CiLog

RUN = "3f2a9c1b-0000-4000-8000-000000000000"
STALE = Problem(file="db/school.sql", line=12, message="students: 2 files are stale", expected="Run `runner`")
EVENTS: list[Event] = [
    run_started(),
    task_added("crud", ["students", "fees"]),
    Logged(level="warning", message="::add-mask::secret", at=at(0)),
    started("crud", "students", seconds=0),
    ended("crud", "students", seconds=1),
    started("crud", "fees", seconds=1),
    ended("crud", "fees", SubTaskStatus.FAILED, seconds=2, error="no `table` | <b>"),
    TaskEnded(task_id="crud", status=TaskStatus.FAILED, error="no `table` | <b>", at=at(2)),
    RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(2)),
]


def printed(log: CiLog | None, **options: Any) -> str:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), log=log, environ={}, **options)
    console.write([Recorded(run_id=RUN, seq=number, event=event) for number, event in enumerate(EVENTS, 1)])
    console.close()
    return out.getvalue()


def test_a_job_is_noticed_by_its_variables() -> None:
    assert isinstance(ci_log({"GITHUB_ACTIONS": "true"}), GitHubLog)
    assert isinstance(ci_log({"GITLAB_CI": "true"}), GitLabLog)
    assert ci_log({"CI": "true", "GITHUB_ACTIONS": "false"}) is None


def test_an_annotation_escapes_what_github_would_read() -> None:
    problem = Problem(file="a,b:c%.sql", line=3, column=7, message="50% of\r\n::error::x")
    assert GitHubLog().annotations([problem], "stale: a, b") == (
        "::error file=a%2Cb%3Ac%25.sql,line=3,col=7,title=stale%3A a%2C b::50%25 of%0A::error::x\n"
    )
    assert GitHubLog().annotations([Problem(file="plan.yaml", message="gone")], "t") == (
        "::error file=plan.yaml,title=t::gone\n"
    )


def test_more_annotations_than_github_shows_are_counted() -> None:
    lines = GitHubLog().annotations([STALE] * 25, "stale").splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("(16 more in the log)")


def test_progress_on_github_is_a_group_in_which_nothing_is_a_command() -> None:
    lines = printed(GitHubLog("t0ken")).splitlines()
    assert lines[:2] == ["::group::school", "::stop-commands::t0ken"]
    end = lines.index("::endgroup::")
    assert lines[end - 1] == "::t0ken::"
    assert "warning: ::add-mask::secret" in lines[2:end]
    assert lines[end + 1] == "::stop-commands::t0ken"
    assert lines[-2].startswith("school: failed in 2.00 s")
    assert lines[-1] == "::t0ken::"


def test_progress_on_gitlab_is_a_section() -> None:
    text = printed(GitLabLog(lambda: 1000.4))
    assert text.startswith("\x1b[0Ksection_start:1000:runner_1[collapsed=true]\r\x1b[0Kschool\n")
    assert "\n\x1b[0Ksection_end:1000:runner_1\r\x1b[0K\ncrud" not in text
    assert "\x1b[0Ksection_end:1000:runner_1\r\x1b[0K\n" in text


def test_diffs_are_in_a_group_of_their_own() -> None:
    out = io.StringIO()
    print_drift([("update", "a.txt")], {"a.txt": "--- a/a.txt\n+++ b/a.txt\n::error::\n"}, out, GitHubLog("t"))
    assert out.getvalue() == (
        "::group::how 1 file would change\n::stop-commands::t\n"
        "--- a/a.txt\n+++ b/a.txt\n::error::\n::t::\n::endgroup::\n"
        "::stop-commands::t\nwould update    a.txt\n1 file differs from what would be generated: 1 to update\n::t::\n"
    )


@pytest.mark.parametrize(("options", "talks"), [({}, True), ({"quiet": True}, False), ({"log_format": "json"}, False)])
def test_quiet_and_json_output_have_no_log_of_a_job(options: dict[str, Any], tmp_path: Path, *, talks: bool) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    given = RunOptions(plan=tmp_path, state=tmp_path, **options)
    job = CiJob.of(environ, talks=given.talks, code_quality=None)
    assert (job.log is not None, job.summary is not None, job.wants_faults) == (talks, talks, talks)
    assert ("::group::" in printed(job.log, **options)) is talks


def test_the_report_for_gitlab_has_what_gitlab_asks_for() -> None:
    moved = Problem(file=STALE.file, line=99, message=STALE.message, expected=STALE.expected)
    first, second, whole = json.loads(
        code_quality_json([STALE, moved, Problem(file="plan.yaml", message="no\nplan")], "runner")
    )
    assert first["location"] == {"path": "db/school.sql", "lines": {"begin": 12}}
    assert first["description"] == "students: 2 files are stale. Run `runner`"
    assert first["severity"] in {"info", "minor", "major", "critical", "blocker"}
    assert first["fingerprint"] == second["fingerprint"] != whole["fingerprint"]
    assert (whole["location"]["lines"]["begin"], whole["description"]) == (1, "no plan")


def test_the_summary_is_markdown_in_which_names_are_no_markup() -> None:
    account = RunAccount.of(RUN, EVENTS, [("crud/students", ("update", "a`b.py"))], {"a`b.py": "+```\n+</details>\n"})
    text = step_summary(account, [STALE], [("update", "a`b.py"), ("keep", "mine.py")])
    assert text.startswith("### school: failed in 2.00 s\n\n| task | agent | sub-tasks | |\n| --- |")
    assert "| crud | be-crud | 2 | 1 failed, 1 would run: no \\`table\\` \\| &lt;b> |" in text
    assert "- `db/school.sql:12` students: 2 files are stale" in text
    assert "<summary>1 stale file</summary>\n\n- update `` a`b.py ``\n" in text
    assert "\n````diff\n+```\n+</details>\n````\n" in text


def test_the_job_of_a_run_with_conflicts_says_so_and_how_to_settle_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [*EVENTS[:5], RunEnded(status=RunStatus.DONE, exit_code=1, at=at(2))]
    account = RunAccount.of(RUN, events, [("crud/students", ("conflict", "a.py"))], folder=Path("/"))
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    job = CiJob.of(environ, talks=True, code_quality=None)
    assert job.report(account, [STALE], [("conflict", "a.py")], 1) is None
    assert ",title=edits are in conflict::" in capsys.readouterr().out
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("### school: done in 2.00 s: 1 file in conflict\n")
    assert "\n```text\n1 file in conflict: your edits contradict what is generated now\n" in text
    assert "\n  runner resolve build/a.py\n```\n" in text


def test_an_invalid_plan_is_marked_at_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    job = CiJob.of(environ, talks=True, code_quality=tmp_path / "quality.json")
    problem = Problem(file=str(tmp_path / "plans" / "a.yaml"), line=3, column=5, message="id is missing")
    with pytest.raises(PlanError), job.marks_errors("plans/a.yaml"):
        raise PlanError(problem)
    assert capsys.readouterr().out == (
        "::error file=plans/a.yaml,line=3,col=5,title=nothing was generated::id is missing\n"
    )
    assert "- `plans/a.yaml:3:5` id is missing" in (tmp_path / "summary.md").read_text()
    assert json.loads((tmp_path / "quality.json").read_text())[0]["location"]["path"] == "plans/a.yaml"


def test_a_file_outside_of_the_checkout_keeps_its_path(tmp_path: Path) -> None:
    outside = Problem(file="/elsewhere/a.sql", message="x")
    assert near(outside, tmp_path) is outside
    (tmp_path / "checkout").mkdir()
    (tmp_path / "link").symlink_to("checkout")
    inside = Problem(file=str(tmp_path / "checkout" / "db" / "a.sql"), message="x")
    assert near(inside, tmp_path / "link").file == "db/a.sql"
