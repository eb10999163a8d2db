"""The summary of a run as Markdown, for the page of a GitHub job (GITHUB_STEP_SUMMARY). Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from runner.generation.encoders.markdown_text import cell, code, markdown
from runner.progress.reports.summary import MOST_DIFF_LINES
from runner.progress.reports.text_layout import count, duration, listed, printable
from runner.records.status import SubTaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.progress.reports.run_account import RunAccount, TaskAccount
    from runner.records.errors import Problem

_MOST_LISTED = 50  # problems, and files with their verbs
_MOST_CHARACTERS = 200_000  # of all diffs; GitHub takes 1 MiB of a step


def step_summary(account: RunAccount, problems: Sequence[Problem], drift: Iterable[tuple[str, str]]) -> str:
    """Return the summary of a run with the problems that it found; of a check, `drift` has verbs and paths."""
    stale = sorted({change for change in drift if change[0] != "keep"}, key=lambda change: (change[1], change[0]))
    lines = [f"### {markdown(account.plan)}: {_result(account, len(stale))}", ""]
    lines += ["| task | agent | sub-tasks | |", "| --- | --- | ---: | --- |"]
    lines += [_row(task, is_check=account.diffs is not None) for task in account.tasks.values()]
    if account.error:
        lines += ["", markdown(account.error)]
    if problems:
        lines += ["", *(f"- {code(problem.place)} {markdown(problem.message)}" for problem in problems[:_MOST_LISTED])]
        lines += [f"- {len(problems) - _MOST_LISTED:,} more"] if len(problems) > _MOST_LISTED else []
    for each in account.in_conflict:
        lines += ["", *_fenced(account.tasks[each.task_id].conflict_text(each).splitlines(), "text")]
    if stale:
        lines += ["", *_folded(count(len(stale), "stale file"), _listed(stale))]
    if account.diffs:
        lines += ["", *_folded("How they would change", _diff(account.diffs))]
    return "\n".join([*lines, "", ""])


def error_summary(plan: str, problems: Sequence[Problem]) -> str:
    """Return the summary of a plan that could not be run."""
    listed_ = [f"- {code(problem.place)} {markdown(problem.message)}" for problem in problems[:_MOST_LISTED]]
    return "\n".join([f"### {markdown(plan)}: not valid, nothing was run", "", *listed_, "", ""])


def _result(account: RunAccount, stale: int) -> str:
    if account.diffs is not None and account.status.value == "done":
        differ = "differs" if stale == 1 else "differ"
        return f"{count(stale, 'file')} {differ} from what would be generated" if stale else "up to date"
    took = ""
    if account.started_at and account.ended_at:
        took = f" in {duration((account.ended_at - account.started_at).total_seconds())}"
    conflicts = sum(len(each.conflicts) for each in account.in_conflict)
    return f"{account.status.value}{took}" + (f": {count(conflicts, 'file')} in conflict" if conflicts else "")


def _row(task: TaskAccount, *, is_check: bool) -> str:
    outcomes = Counter(task.outcome_of(subtask) for subtask in task.subtasks.values())
    if is_check and "done" in outcomes:
        outcomes["would run"] = outcomes.pop("done")
    failed = next((each.error for each in task.subtasks.values() if each.status is SubTaskStatus.FAILED), task.error)
    words = listed([(number, word) for word, number in outcomes.most_common()])
    said = f": {cell(failed)}" if failed else ""
    return f"| {cell(task.id)} | {cell(task.agent)} | {len(task.subtasks):,} | {words}{said} |"


def _listed(stale: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"- {verb} {code(path)}" for verb, path in stale[:_MOST_LISTED]]
    return [*lines, f"- {len(stale) - _MOST_LISTED:,} more"] if len(stale) > _MOST_LISTED else lines


def _diff(diffs: Mapping[str, str]) -> list[str]:
    """Return diffs between fences, at most `MOST_DIFF_LINES` lines and `_MOST_CHARACTERS`."""
    lines: list[str] = []
    room = _MOST_CHARACTERS
    ordered = sorted(diffs.items())
    left = ""
    for number, (_, diff) in enumerate(ordered):
        room -= len(diff)
        found = printable(diff).splitlines()
        if lines and (room < 0 or len(lines) + len(found) > MOST_DIFF_LINES):
            left = f"The diffs of {count(len(ordered) - number, 'file')} are left out."
            break
        lines += found
    return [*_fenced(lines, "diff"), *([left] if left else [])]


def _fenced(lines: Sequence[str], language: str) -> list[str]:
    """Return lines between fences that are longer than any in them."""
    fence = "`" * max(3, 1 + max((_ticks(line) for line in lines), default=0))
    return [f"{fence}{language}", *lines, fence]


def _ticks(line: str) -> int:
    return max(map(len, "".join(each if each == "`" else " " for each in line).split()), default=0)


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]
