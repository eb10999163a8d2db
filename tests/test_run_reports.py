"""The reports for CI, browsers and trace viewers: JUnit's XML, the page, the trace."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runner.command.run_options import RunOptions
from runner.command.run_plan import run_plan
from runner.progress.reports.junit_report import invalid_plan_xml, junit_xml
from runner.progress.reports.report_files import ReportFiles, check_writable
from runner.progress.reports.report_page import report_html
from runner.progress.reports.run_account import RunAccount
from runner.progress.reports.trace_report import trace_json
from runner.records.errors import Problem, ReportPathError
from runner.records.events import Event, Logged, RunEnded, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import FileCounts
from tests.made_up_runs import made_up_events
from tests.sample_runs import NOON, at, ended, run_started, started, step, task_added

RUN = "3f2a9c1b-0000-4000-8000-000000000000"
# Jenkins' schema of JUnit's XML: the attributes of each element, required ones with a bang, and its children.
GRAMMAR: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name!", "tests!", "failures!", "errors!", "time", "skipped", "timestamp", "hostname", "id"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name!", "value!"}, set()),
    "testcase": ({"name!", "time", "classname"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
EVENTS: list[Event] = [
    run_started(),
    task_added("be-crud", ["students", "grades", "fees"]),
    task_added("ui", ["students"], needs=("be-crud",)),
    TaskStarted(task_id="be-crud", at=at(0)),
    started("be-crud", "students", seconds=0),
    step("be-crud", "students", 1),
    Logged(level="info", message="\x1b[31mred\x1b[0m \x00 text", task_id="be-crud", subtask_id="be-crud/students"),
    started("be-crud", "grades", seconds=1),
    SubTaskRetrying(
        task_id="be-crud", subtask_id="be-crud/grades", attempt=1, error="disk <full>", delay=0.5, at=at(3)
    ),
    ended("be-crud", "students", seconds=4, files=FileCounts(created=6)),
    started("be-crud", "grades", attempt=2, seconds=4),
    ended("be-crud", "grades", seconds=5, attempt=2, files=FileCounts(updated=2)),
    started("be-crud", "fees", seconds=5),
    Logged(level="info", message="npm & co", task_id="be-crud", at=at(5)),
    ended(
        "be-crud", "fees", SubTaskStatus.FAILED, seconds=6.5, error="no <such> table\nsecond line", files=FileCounts()
    ),
    TaskEnded(task_id="be-crud", status=TaskStatus.FAILED, error="no <such> table", at=at(6.5)),
    TaskEnded(task_id="ui", status=TaskStatus.SKIPPED, error="needs be-crud, which failed", at=at(6.5)),
    RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(7)),
]


def check_grammar(element: ET.Element) -> None:
    attributes, children = GRAMMAR[element.tag]
    assert {name.rstrip("!") for name in attributes} >= set(element.attrib), element.tag
    assert {name[:-1] for name in attributes if name.endswith("!")} <= set(element.attrib), element.tag
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        check_grammar(child)


def read_junit(events: list[Event], **more: Any) -> ET.Element:
    root = ET.fromstring(junit_xml(RunAccount.of(RUN, events, **more)))
    check_grammar(root)
    return root


def case_of(root: ET.Element, suite: str, name: str) -> ET.Element:
    (found,) = root.findall(f"testsuite[@name='{suite}']/testcase[@name='{name}']")
    return found


def test_a_task_is_a_suite_and_a_sub_task_a_case() -> None:
    root = read_junit(EVENTS)
    assert {name: root.get(name) for name in ("name", "tests", "failures", "errors", "time")} == {
        "name": "school", "tests": "4", "failures": "1", "errors": "0", "time": "7.000",
    }  # fmt: skip
    suites = [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("skipped")) for suite in root]
    assert suites == [("be-crud", "3", "1", "0"), ("ui", "1", "0", "1")]
    fees = case_of(root, "be-crud", "fees")
    failure = fees.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("no <such> table", "no <such> table\nsecond line")
    assert (fees.get("classname"), fees.get("time")) == ("school.be-crud", "1.500")


def test_a_case_that_passed_at_its_second_attempt_has_passed_and_shows_the_first_error() -> None:
    grades = case_of(read_junit(EVENTS), "be-crud", "grades")
    assert [child.tag for child in grades] == ["system-out"]
    assert grades[0].text == "attempt 1 failed: disk <full>"
    assert grades.get("time") == "3.000"  # two attempts, without the time between them


def test_what_did_not_run_is_skipped_with_its_reason() -> None:
    skipped = case_of(read_junit(EVENTS), "ui", "students").find("skipped")
    assert skipped is not None
    assert (skipped.get("type"), skipped.get("message")) == ("skipped", "needs be-crud, which failed")


def test_control_characters_are_removed_from_output() -> None:
    root = read_junit(EVENTS)
    assert case_of(root, "be-crud", "students").findtext("system-out") == "red  text"
    assert root.findtext("testsuite[@name='be-crud']/system-out") == "npm & co"


def test_a_conflict_that_a_check_finds_is_told_from_a_merge() -> None:
    changes = [("be-crud/students", ("merge", "app/a.py")), ("be-crud/grades", ("conflict", "app/b.py"))]
    root = read_junit(EVENTS, changes=changes, diffs={"app/a.py": "diff"})
    kinds = {failure.get("type"): failure.text or "" for failure in root.iter("failure")}
    assert "merge app/a.py" in kinds["drift"]
    assert "conflict app/b.py" in kinds["conflict"]


def test_a_conflict_fails_the_case_of_a_run_and_says_how_to_settle_it() -> None:
    changes = [("be-crud/students", ("conflict", "app/a b.py")), ("be-crud/grades", ("update", "app/b.py"))]
    root = read_junit(EVENTS, changes=changes, folder=Path("/build").parent)
    (failure,) = case_of(root, "be-crud", "students").findall("failure")
    assert (failure.get("type"), root.get("failures")) == ("conflict", "2")
    assert failure.text == (
        "1 file in conflict: your edits contradict what is generated now\n  runner resolve 'build/app/a b.py'"
    )


def test_a_page_of_a_run_with_conflicts_does_not_say_done() -> None:
    done = [*EVENTS[:-4], RunEnded(status=RunStatus.DONE, exit_code=1, at=at(7))]
    changes = [("be-crud/students", ("conflict", "app/a.py"))]
    page = report_html(RunAccount.of(RUN, done, changes))
    assert 'school <span class="failed">in conflict</span></h1>' in page
    assert "runner resolve /build/app/a.py" in page
    checked = report_html(RunAccount.of(RUN, done, changes, {}))
    assert '<span class="failed">stale</span></h1>' in checked


def test_drift_of_a_check_is_a_failure_and_a_kept_file_is_not() -> None:
    changes = [
        ("be-crud/students", ("update", "app/students.py")),
        ("be-crud/students", ("keep", "app/own.py")),
        ("be-crud/grades", ("keep", "app/grades.py")),
    ]
    diffs = {"app/students.py": "--- a/app/students.py\n+new\n"}
    root = read_junit(EVENTS, changes=changes, diffs=diffs)
    failure = case_of(root, "be-crud", "students").find("failure")
    assert failure is not None
    assert failure.get("type") == "drift"
    assert "update app/students.py\n--- a/app/students.py\n+new" in (failure.text or "")
    assert "own.py" not in (failure.text or "")
    assert case_of(root, "be-crud", "grades").find("failure") is None
    written = case_of(read_junit(EVENTS, changes=changes), "be-crud", "students")
    assert written.find("failure") is None  # the same changes of a run that made them


def test_each_problem_of_an_invalid_plan_is_an_error() -> None:
    problems = [
        Problem(file="plan.yaml", line=3, column=7, message="priority: 'high' is no number", expected="Give 1"),
        Problem(file="a\x1b.sql", message="not text\x00"),
    ]
    root = ET.fromstring(invalid_plan_xml("plan.yaml", problems))
    check_grammar(root)
    assert [root.get(name) for name in ("tests", "errors", "failures")] == ["2", "2", "0"]
    error = case_of(root, "input", "plan.yaml:3:7").find("error")
    assert error is not None
    assert error.get("message") == "plan.yaml:3:7: priority: 'high' is no number. Give 1"


@pytest.mark.parametrize("seed", range(20))
def test_any_run_gives_reports_that_can_be_read(seed: int) -> None:
    events = made_up_events(random.Random(seed))
    for cut in (len(events), len(events) // 2, 3, 1):
        root = read_junit(events[:cut])
        account = RunAccount.of(RUN, events[:cut])
        assert int(root.get("tests", "")) == len(account.subtasks)
        read_page(report_html(account))
        check_trace(json.loads(trace_json(account)))


# ------------------------------------------------------------------------------------------ the trace


def check_trace(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """Spans of a thread are nested or apart, as the format wants it of complete events."""
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    threads = {(event["pid"], event["tid"]) for event in spans}
    named = {(event["pid"], event["tid"]) for event in trace["traceEvents"] if event["name"] == "thread_name"}
    assert threads <= named
    for thread in threads:
        open_ends: list[int] = []
        for span in sorted(
            (span for span in spans if (span["pid"], span["tid"]) == thread),
            key=lambda span: (span["ts"], -span["dur"]),
        ):
            while open_ends and open_ends[-1] <= span["ts"]:
                open_ends.pop()
            assert not open_ends or span["ts"] + span["dur"] <= open_ends[-1], span
            open_ends.append(span["ts"] + span["dur"])
    return spans


def test_a_trace_has_the_tasks_the_attempts_and_their_steps() -> None:
    spans = check_trace(json.loads(trace_json(RunAccount.of(RUN, EVENTS))))
    found = {(span["name"], span["args"].get("attempt")): (span["ts"], span["dur"]) for span in spans}
    assert found["be-crud", None] == (0, 6_500_000)
    assert found["be-crud/grades", 1] == (1_000_000, 2_000_000)
    assert found["be-crud/grades", 2] == (4_000_000, 1_000_000)
    outcomes = {span["args"]["attempt"]: span["args"]["outcome"] for span in spans if span["name"] == "be-crud/grades"}
    assert outcomes == {1: "failed, and attempted again", 2: "done"}


def test_a_trace_of_an_interrupted_run_ends_with_what_is_known() -> None:
    cut = [event for event in EVENTS if event.at <= NOON + timedelta(seconds=2)]
    spans = check_trace(json.loads(trace_json(RunAccount.of(RUN, cut))))
    assert max(span["ts"] + span["dur"] for span in spans) <= 2_000_000


# ------------------------------------------------------------------------------------------ the page


class Page(HTMLParser):
    """The text, the tags and the attributes of a page; fails for a tag that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "link", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def close(self) -> None:
        super().close()
        assert self._open == []


def read_page(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert "script" not in page.tags
    assert not [value for name, value in page.attributes if name in {"href", "src"} and value != "data:,"]
    assert "url(" not in html
    assert "@import" not in html
    return page


def test_the_page_shows_what_failed_with_its_output_and_what_was_attempted_again() -> None:
    page = read_page(report_html(RunAccount.of(RUN, EVENTS)))
    assert "be-crud/fees" in page.text
    assert "no <such> table\nsecond line" in page.text
    assert "npm & co" in page.text
    assert "needs be-crud, which failed" in page.text
    assert "disk <full>" in page.text
    assert page.tags.count("rect") == 4


def test_files_of_dropped_tables_fail_a_check_in_every_report() -> None:
    events: list[Event] = [
        run_started(),
        task_added("crud", ["students"]),
        ended("crud", "students", up_to_date=True),
        TaskEnded(task_id="crud", status=TaskStatus.DONE, at=at(1)),
        RunEnded(status=RunStatus.DONE, exit_code=3, at=at(2)),
    ]
    root = read_junit(events, diffs={}, leftovers=["docs/classes.md"])
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    failure = case_of(root, "dropped tables", "files").find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == (
        "1 file of dropped tables",
        "1 file of dropped tables\nprune docs/classes.md",
    )
    page = read_page(report_html(RunAccount.of(RUN, events, diffs={}, leftovers=["docs/classes.md"])))
    assert "school stale" in " ".join(page.text.split())
    assert "would prune: 1 file" in page.text
    assert "docs/classes.md" in page.text
    assert "stale" not in read_page(report_html(RunAccount.of(RUN, events, diffs={}))).text


def test_a_sub_task_that_never_ran_ended_as_its_task_did() -> None:
    page = read_page(report_html(RunAccount.of(RUN, EVENTS)))
    assert "sub-tasks skipped" in page.text
    assert "sub-tasks pending" not in page.text


def test_a_run_in_which_nothing_had_to_be_done_has_no_timeline() -> None:
    begun = replace(started("be-crud", "students", seconds=0), pid=run_started().pid)
    events: list[Event] = [
        run_started(),
        task_added("be-crud", ["students"]),
        TaskStarted(task_id="be-crud", at=at(0)),
        begun,
        ended("be-crud", "students", seconds=0, up_to_date=True, files=FileCounts(identical=6)),
    ]
    page = read_page(report_html(RunAccount.of(RUN, events)))
    assert "svg" not in page.tags
    assert "sub-tasks up to date" in page.text


def test_a_page_of_ten_thousand_sub_tasks_is_bounded() -> None:
    tables = [f"table_{number}" for number in range(10_000)]
    events: list[Event] = [run_started(), task_added("be-crud", tables), TaskStarted(task_id="be-crud", at=at(0))]
    for number, table in enumerate(tables):
        events += [
            started("be-crud", table, seconds=number / 100),
            ended(
                "be-crud",
                table,
                SubTaskStatus.FAILED,
                seconds=number / 100 + 0.04,
                error="x" * 1000,
                files=FileCounts(),
            ),
        ]
    html = report_html(RunAccount.of(RUN, events))
    read_page(html)
    assert len(html) < 4_000_000
    assert "and 9900 more" in html


# ------------------------------------------------------------------------------------------ paths


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_writable(tmp_path / "new" / "deep" / "report.xml", "--junit")
    with pytest.raises(ReportPathError, match=r"it is a folder; name a file with --junit"):
        check_writable(tmp_path, "--junit")
    with pytest.raises(ReportPathError, match=r"file is not a folder; name another file with --trace"):
        check_writable(tmp_path / "file" / "report.json", "--trace")
    with pytest.raises(ReportPathError, match=r"/proc may not be written \(.+\); name another file with --json"):
        check_writable(Path("/proc/report.json"), "--json")
    (tmp_path / "link").symlink_to("/proc/report.json")
    with pytest.raises(ReportPathError, match=r"/proc may not be written"):
        check_writable(tmp_path / "link", "--json")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(ReportPathError, match=r"circle: it may not be written"):
        check_writable(tmp_path / "circle", "--json")
    check_writable(Path("/dev/stdout"), "--json")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["circle", "file", "link"]


def test_a_report_does_not_replace_an_input_or_another_report(tmp_path: Path) -> None:
    schema = tmp_path / "school.sql"
    schema.write_text("CREATE TABLE students (id int);")
    (tmp_path / "link.sql").symlink_to(schema)
    reports = ReportFiles(json=tmp_path / "report.json", trace=tmp_path / "link.sql")
    reports.check()
    with pytest.raises(ReportPathError, match=r"link.sql: the run reads this file; name another one with --trace"):
        reports.check([schema])
    twice = ReportFiles(json=tmp_path / "a", junit=tmp_path / "new" / ".." / "a")
    with pytest.raises(ReportPathError, match=r"a: --json names this file, too; name another one with --junit"):
        twice.check()
    with pytest.raises(ReportPathError, match=r"--json names this file, too; name another one with --code-quality"):
        ReportFiles(json=tmp_path / "a").check(code_quality=tmp_path / "a")
    ReportFiles(json="/dev/null", junit="/dev/null").check()


@pytest.mark.parametrize(
    "name", ["plan.yaml", "school.sql", "labels.yaml", "own/model.py.j2", "my_agents.py", "state/state.db"]
)
def test_no_report_replaces_a_file_that_the_plan_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "own").mkdir()
    for each in ("school.sql", "labels.yaml", "own/model.py.j2", "my_agents.py"):
        (tmp_path / each).write_text("")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "tasks:\n"
        "  - {description: BE CRUD APIs, ddl: school.sql, labels: labels.yaml, templates: own}\n"
        "  - {description: x, agent: 'my_agents:Mine'}\n"
    )
    state = tmp_path / "state"
    for chosen in (
        RunOptions(plan=plan, state=state, reports=ReportFiles(trace=tmp_path / name)),
        RunOptions(plan=plan, state=state, code_quality=tmp_path / name),  # written of an invalid plan as well
    ):
        with pytest.raises(ReportPathError, match="the run reads this file"):
            run_plan(chosen)
