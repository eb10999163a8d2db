"""What `--dry-run` shows: which tasks would run, and what would become of their files, on one screen. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.progress.reports.summary import INDENT, Line
from runner.progress.reports.text_layout import GAP, count, indented, listed, one_line, shortened, table
from runner.records.status import SubTaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.progress.reports.run_account import RunAccount, TaskAccount

VERBS = ("create", "update", "keep", "remove")
_MOST_TASKS = 30  # with work, that are listed
_WIDEST = 32  # columns for the id of a task, and for its agent
_NARROW = 72  # columns: below them a task takes two lines
_HEADS = ("task", "agent", "sub-tasks", *VERBS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outlook:
    """What would happen to one task: `due` of its `total` sub-tasks would run."""

    id: str
    agent: str
    due: int
    total: int
    files: Counter[str]

    @classmethod
    def of(cls, task: TaskAccount) -> _Outlook:
        subtasks = task.subtasks.values()
        return cls(
            id=one_line(task.id),
            agent=one_line(task.agent),
            due=sum(not subtask.up_to_date for subtask in subtasks),
            total=len(subtasks),
            files=Counter(verb for subtask in subtasks for verb, _ in subtask.changes),
        )

    @property
    def cells(self) -> tuple[str, ...]:
        numbers = (f"{self.files[verb]:,}" if self.files[verb] else "-" for verb in VERBS)
        return (self.id, self.agent, f"{self.due:,} of {self.total:,}", *numbers)


def dry_run_lines(account: RunAccount, leftovers: Sequence[str], width: int | None = None) -> list[Line]:
    """Return the lines for a check's account. `leftovers` are the paths of dropped tables' files.

    `width` is that of the terminal in columns, None for no limit.
    """
    tasks = [_Outlook.of(task) for task in account.tasks.values()]
    working = [task for task in tasks if task.due]
    shown = working[:_MOST_TASKS]
    lines = [*(_narrow(shown, width) if width is not None and width < _NARROW else _wide(shown, width))]
    if len(working) > len(shown):
        lines.append(Line(f"and {count(len(working) - len(shown), 'more task')} that would run"))
    idle = [task.id for task in tasks if not task.due]
    if idle:
        lines += [Line(each, "dim") for each in indented(f"up to date: {', '.join(idle)}", "", width)]
    if leftovers:
        text = f"{count(len(leftovers), 'file')} of dropped tables would stay; --prune removes what nobody edited"
        lines += [Line(each, "warn") for each in indented(text, "", width)]
    failed = sum(subtask.status is not SubTaskStatus.DONE for subtask in account.subtasks)
    return [
        *lines,
        *(Line(each, "bad" if failed else "good", bad=True) for each in indented(_verdict(working, failed), "", width)),
    ]


def _wide(tasks: Sequence[_Outlook], width: int | None) -> list[Line]:
    if not tasks:
        return []
    limit = _WIDEST if width is None else max(8, min(_WIDEST, (width - len("sub-tasks") - 7 * len(GAP) - 30) // 2))
    cut = (lambda text: text) if width is None else (lambda text: shortened(text, limit))
    rows = [_HEADS, *((cut(task.cells[0]), cut(task.cells[1]), *task.cells[2:]) for task in tasks)]
    head, *rest = table(rows, right=frozenset({2, 3, 4, 5, 6}))
    return [Line(head, "bold"), *map(Line, rest)]


def _narrow(tasks: Sequence[_Outlook], width: int) -> list[Line]:
    lines: list[Line] = []
    for task in tasks:
        lines += [Line(each, "bold") for each in indented(f"{task.id} ({task.agent})", "", width)]
        files = listed([(task.files[verb], f"to {verb}") for verb in VERBS])
        text = f"{task.due:,} of {count(task.total, 'sub-task')}{': ' if files else ''}{files}"
        lines += [Line(each) for each in indented(text, INDENT, width)]
    return lines


def _verdict(working: Sequence[_Outlook], failed: int) -> str:
    files: Counter[str] = sum((task.files for task in working), Counter())
    due = sum(task.due for task in working)
    if not due:
        return "nothing would run; nothing was written"
    what = listed([(files[verb], f"to {verb}") for verb in VERBS]) or "no file would change"
    problem = f"; {failed:,} would fail" if failed else ""
    return f"{count(due, 'sub-task')} of {count(len(working), 'task')} would run{problem}: {what}; nothing was written"
