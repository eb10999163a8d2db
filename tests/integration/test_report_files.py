"""The reports of real runs: what CI reads, and the page in Chromium."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import expect

from tests.integration.axe import OF_COLOURS, grave_findings
from tests.integration.command import Folder, acting, make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytest_plugins = ["tests.integration.frontend_browser"]

OPTIONS = ("--junit", "ci/junit.xml", "--report", "report.html", "--trace", "trace.json", "--json", "report.json")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def write_troubled_plan(folder: Folder) -> None:
    """A sub-task that succeeds at its second attempt, one that fails, one whose program prints, and a skipped task."""
    acts = {"students": "fail_once once", "teachers": "raise final", "audit_log": "print 3"}
    folder.write_plan(
        acting("crud", options={"acts": acts}, retries={"attempts": 2, "backoff": 0}),
        acting("pages", needs=["crud"]),
    )


def test_an_invalid_plan_takes_the_place_of_an_earlier_junit_report(folder: Folder) -> None:
    folder.write_plan(acting())
    assert folder.run("plan.yaml", *OPTIONS).returncode == 0
    folder.write_plan(acting("crud", priority="high"), acting("pages", needs=["cruds"]))
    run = folder.run("plan.yaml", *OPTIONS)
    assert run.returncode == 2
    root = ET.parse(folder.path / "ci" / "junit.xml").getroot()
    cases = root.findall("testsuite/testcase")
    assert [root.get(name) for name in ("name", "tests", "errors", "failures")] == [
        "plan.yaml", str(len(cases)), str(len(cases)), "0",
    ]  # fmt: skip
    told = {case.get("name"): case.findtext("error") for case in cases}
    assert told
    for place, text in told.items():
        assert text is not None
        assert text.startswith(f"{place}: ")
        assert text in run.stderr


def test_the_reports_of_a_run_with_failures_agree(folder: Folder) -> None:
    write_troubled_plan(folder)
    run = folder.run("plan.yaml", *OPTIONS)
    assert run.returncode == 1, run.stderr
    suites = ET.parse(folder.path / "ci" / "junit.xml").getroot()
    outcomes = {
        f"{suite.get('name')}/{case.get('name')}": [child.tag for child in case]
        for suite in suites
        for case in suite.findall("testcase")
    }
    assert outcomes == {
        "crud/students": ["system-out"],
        "crud/teachers": ["failure"],
        "crud/audit_log": ["system-out"],
        "pages/students": ["skipped"],
        "pages/teachers": ["skipped"],
        "pages/audit_log": ["skipped"],
    }
    output = suites.findtext("testsuite/testcase[@name='audit_log']/system-out")
    assert output == "line 0\nline 1\nline 2"
    spans = [
        event for event in json.loads((folder.path / "trace.json").read_text())["traceEvents"] if event["ph"] == "X"
    ]
    attempts = [span["args"]["attempt"] for span in spans if span["name"] == "crud/students"]
    assert sorted(attempts) == [1, 2]
    report = json.loads((folder.path / "report.json").read_text())
    assert {task["id"]: task["status"] for task in report["tasks"]} == {"crud": "failed", "pages": "skipped"}


def test_a_check_fails_in_ci_for_the_table_whose_files_are_stale(folder: Folder) -> None:
    folder.write_plan(acting())
    assert folder.run("plan.yaml").returncode == 0
    assert folder.run("plan.yaml", "--check", "--junit", "junit.xml").returncode == 0
    assert ET.parse(folder.path / "junit.xml").getroot().get("failures") == "0"
    folder.write_plan(acting(options={"text": "new"}))
    assert folder.run("plan.yaml", "--check", "--junit", "junit.xml").returncode == 3
    failures = ET.parse(folder.path / "junit.xml").getroot().findall("testsuite/testcase/failure")
    assert len(failures) == 3
    assert {failure.get("type") for failure in failures} == {"drift"}
    assert "update crud/students.txt" in "".join(failure.text or "" for failure in failures)
    shown = folder.run("plan.yaml", "--check", "--diff", "--junit", "junit.xml")
    assert shown.returncode == 3
    assert "--- a/crud/students.txt\n+++ b/crud/students.txt\n@@ -1 +1 @@\n-students\n+new\n" in shown.stdout
    assert "-students\n+new" in (folder.path / "junit.xml").read_text()
    assert folder.run("plan.yaml", "--diff").returncode == 2


def test_the_reports_of_a_run_with_a_conflict_fail_as_the_run_does(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.run("plan.yaml")
    (folder.workspace / "crud" / "students.txt").write_text("mine\n")
    folder.write_plan(acting(options={"text": "new"}))
    options = *OPTIONS, "--code-quality", "quality.json"
    run = folder.run("plan.yaml", *options, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(folder.path / "summary.md"))
    assert run.returncode == 1, run.stderr
    suites = ET.parse(folder.path / "ci" / "junit.xml").getroot()
    failed = {case.get("name"): case.findtext("failure") or "" for case in suites.iter("testcase") if len(case)}
    assert (suites.get("failures"), list(failed)) == ("1", ["students"])
    command = "runner resolve out/crud/students.txt"
    (problem,) = json.loads((folder.path / "quality.json").read_text())
    annotation = next(line for line in run.stdout.splitlines() if line.startswith("::error file=school.sql,line=1,"))
    told = failed["students"], (folder.path / "report.html").read_text(), (folder.path / "summary.md").read_text()
    assert [command in text for text in (*told, annotation, problem["description"])] == [True] * 5
    status = folder.run("status", "latest").stdout
    assert "\nin conflict: crud students (1 file)\n  runner resolve out\n" in status
    assert ": 1 file in conflict (run " in run.stdout
    settled = folder.run(*command.split()[1:], "--edited")
    assert settled.returncode == 0, settled.stderr
    assert folder.run("plan.yaml", *OPTIONS).returncode == 0
    assert ET.parse(folder.path / "ci" / "junit.xml").getroot().get("failures") == "0"


@pytest.mark.parametrize("option", ["--json", "--junit", "--report", "--trace"])
def test_a_report_that_cannot_be_written_is_refused_before_the_run(folder: Folder, option: str) -> None:
    folder.write_plan(acting())
    run = folder.run("plan.yaml", option, "school.sql/report")
    assert run.returncode == 2
    assert f"school.sql is not a folder; name another file with {option}" in run.stderr
    assert not folder.workspace.exists()


def test_the_page_of_a_run_in_a_browser(folder: Folder, browser: Browser) -> None:
    write_troubled_plan(folder)
    assert folder.run("plan.yaml", *OPTIONS).returncode == 1
    tab = browser.new_page(viewport={"width": 375, "height": 800}, bypass_csp=False)
    requested: list[str] = []
    tab.on("request", lambda request: requested.append(request.url))
    address = f"file://{folder.path}/report.html"
    tab.goto(address)
    expect(tab.get_by_role("heading", name="test failed")).to_be_visible()
    expect(tab.get_by_role("region", name="Timeline").get_by_role("img")).to_be_visible()
    expect(tab.locator("section", has_text="crud/teachers")).to_contain_text("as asked")
    expect(tab.get_by_role("region", name="Attempted more than once")).to_contain_text("the first time")
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    found = grave_findings(tab)
    tab.emulate_media(color_scheme="dark")
    found += grave_findings(tab, OF_COLOURS)
    assert found == []
    assert requested == [address]
    tab.close()
