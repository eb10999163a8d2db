"""What `--dry-run` shows: which tasks would run, and what would become of their files, on one screen. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.progress.reports.summary import INDENT, Line, outlook
from runner.progress.reports.text_layout import GAP, count, indented, listed, one_line, shortened, table
from runner.records.status import SubTaskStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.progress.reports.run_account import RunAccount, TaskAccount

_ORDER = ("create", "update", "merge", "conflict", "keep", "remove")  # of the columns; a verb has one where it occurs
_MOST_TASKS = 30  # with work, that are listed
_NARROW = 72  # columns: below them a task takes two lines
_NUMBERS_WIDTH = 18  # columns for the numbers of sub-tasks, with the gaps before and after
_HEADS = ("task", "agent", "sub-tasks")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outlook:
    """What would happen to one task: `due` of its `total` sub-tasks would run, `failed` of them would fail."""

    id: str
    agent: str
    due: int
    failed: int
    total: int
    is_skipped: bool
    files: Counter[str]

    @classmethod
    def of(cls, task: TaskAccount) -> _Outlook:
        subtasks = task.subtasks.values()
        statuses = Counter(subtask.status for subtask in subtasks if not subtask.up_to_date)
        return cls(
            id=one_line(task.id),
            agent=one_line(task.agent),
            due=statuses[SubTaskStatus.DONE] + statuses[SubTaskStatus.FAILED],
            failed=statuses[SubTaskStatus.FAILED],
            total=len(subtasks),
            is_skipped=task.status is TaskStatus.SKIPPED,
            files=Counter(verb for subtask in subtasks for verb, _ in subtask.changes),
        )

    def numbers(self, verbs: Iterable[str]) -> tuple[str, ...]:
        files = (f"{self.files[verb]:,}" if self.files[verb] else "-" for verb in verbs)
        return (f"{self.due:,} of {self.total:,}", *files)


def dry_run_lines(
    account: RunAccount, leftovers: Sequence[str], width: int | None = None, *, prune: bool = False
) -> list[Line]:
    """Return the lines for a check's account. `leftovers` are the paths of dropped tables' files that nobody edited.

    With `prune` they would be removed. `width` is that of the terminal in columns, None for no limit.
    """
    tasks = [_Outlook.of(task) for task in account.tasks.values()]
    working = [task for task in tasks if task.due]
    shown = working[:_MOST_TASKS]
    lines = _narrow(shown, width) if width is not None and width < _NARROW else _wide(shown, width)
    if len(working) > len(shown):
        lines.append(Line(f"and {count(len(working) - len(shown), 'more task')} that would run"))
    skipped = [task.id for task in tasks if task.is_skipped]
    idle = [task.id for task in tasks if not task.due and not task.is_skipped]
    lines += [Line(f"would be skipped: {', '.join(skipped)}", "warn")] if skipped else []
    lines += [Line(f"up to date: {', '.join(idle)}", "dim")] if idle else []
    if leftovers:
        fate = "be removed" if prune else "stay; --prune removes what nobody edited"
        lines.append(Line(f"{count(len(leftovers), 'file')} of dropped tables would {fate}", "warn"))
    return [*lines, _verdict(working)]


def _wide(tasks: Sequence[_Outlook], width: int | None) -> list[Line]:
    if not tasks:
        return []
    verbs = _verbs(tasks)
    ids, agents = [task.id for task in tasks], [task.agent for task in tasks]
    if width is not None:
        left = width - _NUMBERS_WIDTH - sum(len(GAP) + len(verb) for verb in verbs)
        agents = [shortened(agent, max(left - max(map(len, ids)), left // 2)) for agent in agents]
        ids = [shortened(task_id, left - max(map(len, agents))) for task_id in ids]
    rows = [(*_HEADS, *verbs)]
    rows += [(*names, *task.numbers(verbs)) for *names, task in zip(ids, agents, tasks, strict=True)]
    head, *rest = table(rows, right=frozenset(range(2, len(rows[0]))))
    return [Line(head, "bold"), *map(Line, rest)]


def _narrow(tasks: Sequence[_Outlook], width: int) -> list[Line]:
    lines: list[Line] = []
    for task in tasks:
        files = listed([(task.files[verb], outlook(verb)) for verb in _verbs([task])])
        amount = f"{task.due:,} of {count(task.total, 'sub-task')}"
        lines.append(Line(f"{task.id} ({task.agent})", "bold"))
        lines += map(Line, indented(f"{amount}: {files}" if files else amount, INDENT, width))
    return lines


def _verbs(tasks: Iterable[_Outlook]) -> tuple[str, ...]:
    found = {verb for task in tasks for verb in task.files}
    return tuple(sorted(found, key=_ORDER.index))


def _verdict(working: Sequence[_Outlook]) -> Line:
    files: Counter[str] = sum((task.files for task in working), Counter())
    due, failed = sum(task.due for task in working), sum(task.failed for task in working)
    if not due:
        return Line("nothing would run; nothing was written", "good")
    what = listed([(files[verb], outlook(verb)) for verb in _verbs(working)]) or "no file would change"
    problem = f", {failed:,} would fail" if failed else ""
    text = f"{count(due, 'sub-task')} of {count(len(working), 'task')} would run{problem}: {what}; nothing was written"
    return Line(text, "bad" if failed else "good")
