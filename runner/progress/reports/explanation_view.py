"""The lines of `--explain`: for each sub-task how it ended, and why it ran or did not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.progress.reports.summary import INDENT, Line, tone_of
from runner.progress.reports.text_layout import GAP, indented, one_line, shortened

if TYPE_CHECKING:
    from runner.progress.reports.tally import Ending

_UP_TO_DATE = "up to date"
_CHANGED_MEANWHILE = "another task changed its files"
_WIDEST_ID = 60  # columns for the id of a sub-task
_NARROW = 60  # columns: below them a sub-task takes two lines
_LEAST_REASON = 24  # columns that a reason gets at least


@dataclass(slots=True)
class Explanation:
    """Collects how sub-tasks end, to be shown with their `reasons`, texts by the id of the sub-task in order.

    With `check`, what was generated was not written.
    """

    reasons: Mapping[str, str]
    check: bool = False
    _ended: dict[str, str] = field(default_factory=dict)  # words by the id of the sub-task
    _tasks: dict[str, tuple[str, str]] = field(default_factory=dict)  # words and errors of tasks with sub-tasks left

    def add(self, ending: Ending) -> None:
        """Note how a sub-task ended, or a task with its sub-tasks that never ran."""
        if ending.piece is not None:
            self._ended[f"{ending.task_id}/{ending.piece}"] = ending.word
        elif ending.left:
            self._tasks[ending.task_id] = (ending.word, ending.error or "")

    def lines(self, width: int | None = None) -> list[Line]:
        """Return the lines for all sub-tasks; `width` is that of the terminal in columns, None for no limit."""
        outcomes = {subtask_id: self._outcome(subtask_id, reason) for subtask_id, reason in self.reasons.items()}
        widest_word = max((len(word) for word, _ in outcomes.values()), default=0)
        widest_id = min(max(map(len, outcomes), default=0), _WIDEST_ID)
        if width is not None:
            widest_id = min(widest_id, width - widest_word - 2 * len(GAP) - _LEAST_REASON)
        lines: list[Line] = []
        for subtask_id, (word, reason) in outcomes.items():
            name = one_line(subtask_id)
            if width is not None and width < _NARROW:
                lines.append(Line(f"{shortened(name, width)}", tone_of(_state(word))))
                text = f"{word}: {reason}" if reason else word
                lines += [Line(each) for each in indented(text, INDENT, width)]
                continue
            cell = name if width is None else shortened(name, widest_id)
            head = f"{cell:<{widest_id}}{GAP}{word:<{widest_word}}"
            first, *rest = indented(reason, " " * (len(head) + len(GAP)), width) or [""]
            text = f"{head}{GAP}{first.strip()}".rstrip()
            lines += [Line(text, tone_of(_state(word)), word), *map(Line, rest)]
        return lines

    def _outcome(self, subtask_id: str, reason: str) -> tuple[str, str]:
        """Return how a sub-task ended, in a word, and why."""
        word, error = self._ended.get(subtask_id), ""
        if word is None:
            word, error = self._tasks.get(subtask_id.partition("/")[0], ("not run", ""))
        if word == "done":
            if reason == _UP_TO_DATE:
                reason = _CHANGED_MEANWHILE
            return ("would run" if self.check else "ran"), reason
        reason = "" if reason == word else reason
        return word, "; ".join(filter(None, (error, reason)))


def _state(word: str) -> str:
    """Return the state whose colour a word has."""
    return "done" if word in {"ran", "would run"} else word
