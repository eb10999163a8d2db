"""The report for `--junit FILE`: JUnit's XML, as Jenkins and GitLab read it. Pure.

A task is a suite, a sub-task a case. The elements and attributes are those of the schema `junit-10.xsd` of Jenkins'
xUnit plugin. It has elements for flaky cases, which neither of the two shows: a case that succeeded at a later attempt
has passed, and the errors of the earlier ones are in its output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from runner.progress.reports.text_layout import count, printable
from runner.records.status import SubTaskStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.progress.reports.run_account import RunAccount, SubTaskAccount, TaskAccount
    from runner.records.errors import Problem
    from runner.records.events import Logged

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # production [2] Char of XML 1.0
_KEPT = "keep"  # of a file that was edited by hand: no drift


def junit_xml(account: RunAccount) -> str:
    """Return the report of a run: sub-tasks with conflicts have failed, and of a check those with files that differ."""
    root = ET.Element("testsuites", name=_clean(account.plan))
    for task in account.tasks.values():
        root.append(_suite(account, task))
    if account.leftovers:
        listed = (f"prune {path}" for path in account.leftovers)
        text = "\n".join((f"{_numbered(account.leftovers)} of dropped tables", *listed))
        root.append(_single(account.plan, "dropped tables", "files", ("failure", "drift", text)))
    if (why := account.own_failure) is not None:
        root.append(_single(account.plan, "run", "end", ("error", account.status.value, why)))
    return _document(root, _span(account))


def invalid_plan_xml(plan: str, problems: Iterable[Problem]) -> str:
    """Return the report of a plan that is not valid, or whose DDL is not: nothing was run, each problem is an error."""
    root = ET.Element("testsuites", name=_clean(plan))
    for problem in problems:
        root.append(_single(plan, "input", problem.place, ("error", "invalid", str(problem))))
    return _document(root, 0.0)


def _document(root: ET.Element, seconds: float) -> str:
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", _seconds(seconds))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(account: RunAccount, task: TaskAccount) -> ET.Element:
    cases = [_case(account, task, subtask) for subtask in task.subtasks.values()]
    suite = ET.Element(
        "testsuite",
        name=_clean(task.id),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=_seconds(_span(task)),
        hostname=_clean(account.host),
    )
    began = task.started_at or task.ended_at or account.started_at
    if began is not None:
        suite.set("timestamp", began.strftime("%Y-%m-%dT%H:%M:%S"))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("agent", task.agent), ("title", task.title), ("run", account.id)):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(cases)
    _add_output(suite, _log_lines(task.log))
    return suite


def _single(plan: str, suite_name: str, name: str, problem: tuple[str, str, str]) -> ET.Element:
    """Return a suite with one case that concerns no sub-task; `problem` is its element, kind and text."""
    suite = ET.Element("testsuite", name=suite_name, tests="1", failures="0", errors="0", skipped="0", time="0.000")
    suite.set(f"{problem[0]}s", "1")
    case = ET.SubElement(suite, "testcase", name=_clean(name), classname=_clean(f"{plan}.{suite_name}"), time="0.000")
    _add_problem(case, *problem)
    return suite


def _numbered(files: Sequence[object]) -> str:
    return count(len(files), "file")


def _case(account: RunAccount, task: TaskAccount, subtask: SubTaskAccount) -> ET.Element:
    case = ET.Element(
        "testcase",
        name=_clean(subtask.piece),
        classname=_clean(f"{account.plan}.{task.id}"),
        time=_seconds(subtask.seconds),
    )
    drift = [] if account.diffs is None else [change for change in subtask.changes if change[0] != _KEPT]
    if subtask.status is SubTaskStatus.FAILED:
        _add_problem(case, "failure", "failed", subtask.error or "no reason was given")
    elif subtask.status is not SubTaskStatus.DONE:
        _add_problem(case, "skipped", _unended_kind(task, subtask), subtask.error or task.error or "it was not run")
    elif drift:
        listed = (f"{verb} {path}" for verb, path in drift)
        shown = (account.diffs.get(path, "") for _, path in drift) if account.diffs else ()
        text = "\n".join((f"not as generated: {_numbered(drift)}", *listed, *filter(None, shown)))
        kind = "conflict" if any(verb == "conflict" for verb, _ in drift) else "drift"
        _add_problem(case, "failure", kind, text)
    elif account.diffs is None and subtask.conflicts:
        _add_problem(case, "failure", "conflict", task.conflict_text(subtask))
    earlier = [
        f"attempt {attempt.number} failed: {attempt.error}" for attempt in subtask.attempts[:-1] if attempt.error
    ]
    _add_output(case, [*earlier, *_log_lines(subtask.log)])
    return case


def _unended_kind(task: TaskAccount, subtask: SubTaskAccount) -> str:
    return subtask.status.value if subtask.status.ended else TaskStatus(task.status).value


def _add_problem(case: ET.Element, element: str, kind: str, text: str) -> None:
    clean = _clean(text)
    problem = ET.SubElement(case, element, type=kind, message=clean.split("\n", 1)[0])
    problem.text = clean


def _add_output(element: ET.Element, lines: Iterable[str]) -> None:
    text = "\n".join(map(_clean, lines))
    if text:
        ET.SubElement(element, "system-out").text = text


def _log_lines(log: Iterable[Logged]) -> list[str]:
    return [line.message if line.level == "info" else f"{line.level}: {line.message}" for line in log]


def _span(timed: RunAccount | TaskAccount) -> float:
    if timed.started_at is None or timed.ended_at is None:
        return 0.0
    return (timed.ended_at - timed.started_at).total_seconds()


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    """Return text without escape sequences and what XML 1.0 does not allow."""
    return _NOT_XML.sub("", printable(text))
