"""The lines that the console prints of a run: one for everything that ends or fails, and the summary. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import (
    GAP,
    Tone,
    count,
    duration,
    indented,
    listed,
    one_line,
    printable,
    shortened,
)
from runner.records.events import Event, Logged, RunEnded, RunPaused, RunResumed, SubTaskRetrying
from runner.records.status import RunStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.progress.reports.tally import Ending, Failure, RunTally

INDENT = "  "
MOST_DIFF_LINES = 1000  # of all diffs of a check
TEXT_WIDTH = 80  # columns of a list that goes over several lines
SHORT_ID = 8  # characters of a run's id, enough to identify it
_STATUS_WIDTH = len("up to date")
_WIDEST_TASK = 40  # columns for a task's id in a list; a longer one moves the rest to the right
_WIDEST_PIECE = 24  # the same for a table's name
_LEAST_TASK = 8  # columns for a task's id on a narrow terminal
_TONES: dict[str, Tone] = {
    "done": "good", "up to date": "dim", "failed": "bad", "cancelled": "warn", "skipped": "warn",
    "running": "bold", "paused": "warn", "interrupted": "bad", "pending": "dim",
}  # fmt: skip


_DIFF_TONES: dict[str, Tone] = {"-": "bad", "+": "good", "@": "dim"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its text, and the colour of its marked part. Only `bad` ones are printed with `--quiet`.

    A `whole` one is not broken on a narrow terminal, since it is to be copied.
    """

    text: str
    tone: Tone = "plain"
    marked: str = ""  # the part that is coloured; all of it where this is empty
    bad: bool = False
    whole: bool = False


def tone_of(word: str) -> Tone:
    """Return the tone of a state."""
    return _TONES.get(word, "plain")


def ending_lines(tally: RunTally, ending: Ending, width: int | None = None) -> list[Line]:
    """Return the lines for a sub-task that has ended, or for a task of which some sub-tasks never ran.

    `width` is that of the terminal in columns; with None nothing is shortened.
    """
    if ending.piece is None and not ending.left:
        return []
    counter = f"[{tally.ended:>{len(str(tally.total))}}/{tally.total}]"
    widest = max((len(task) for task in tally.tasks), default=0)
    piece_width = min(max(tally.widest_piece, 5), _WIDEST_PIECE)
    rest = len(counter) + 1 + piece_width + _STATUS_WIDTH + len("59 min 59 s") + 3 * len(GAP)
    piece = ending.piece if ending.piece is not None else f"({ending.left:,} not run)"
    took = duration(ending.seconds) if ending.piece is not None else ""
    if width is not None and width < rest + _LEAST_TASK:  # not enough for columns
        end = GAP.join(filter(None, (ending.word, took)))
        name = shortened(f"{ending.task_id}/{piece}", max(_LEAST_TASK, width - len(counter) - 1 - len(GAP) - len(end)))
        text = f"{counter} {name}{GAP}{end}"
    else:
        task_width = _WIDEST_TASK if width is None else min(_WIDEST_TASK, width - rest)
        task, table = _cell(ending.task_id, min(widest, task_width), width), _cell(piece, piece_width, width)
        text = f"{counter} {task}{GAP}{table}{GAP}{ending.word:<{_STATUS_WIDTH}}{GAP}{took:>6}".rstrip()
    if ending.host is not None and width is None:  # a terminal has no columns for it
        text += f"{GAP}{ending.host}"
    bad = ending.word in {"failed", "skipped"}
    lines = [Line(text, tone_of(ending.word), ending.word, bad)]
    if ending.error and ending.word != "done":
        lines += [Line(each, bad=bad) for each in indented(ending.error, " " * (len(counter) + 1), width)]
    return lines


def task_lines(tally: RunTally, ending: Ending, width: int | None = None) -> list[Line]:
    """Return the lines for a whole task that has ended, where its sub-tasks are shown as a bar."""
    task = tally.tasks[ending.task_id]
    widest = min(max(map(len, tally.tasks)), _WIDEST_TASK)
    amount = f"{task.done:,} of {task.total:,}"
    took = duration(ending.seconds) if task.started_at else ""
    text = f"{task.id:<{widest}}{GAP}{ending.word:<{_STATUS_WIDTH}}{GAP}{amount:>11}{GAP}{took:>6}".rstrip()
    if width is not None and len(text) > width:  # not enough for columns
        end = GAP.join(filter(None, (ending.word, amount, took)))
        text = f"{shortened(task.id, max(_LEAST_TASK, width - len(GAP) - len(end)))}{GAP}{end}"
    lines = [Line(text, tone_of(ending.word), ending.word)]
    if ending.word in {"skipped", "cancelled"} and ending.error:
        lines += [Line(each) for each in indented(ending.error, INDENT, width)]
    return lines


def event_lines(event: Event, width: int | None = None) -> list[Line]:
    """Return the lines for other events: warnings, retries, pauses."""
    match event:
        case SubTaskRetrying():
            blame = "" if event.charged else " (not charged: its worker died, perhaps because of another)"
            again = f"again in {duration(event.delay)}" if event.delay > 0 else "again now"
            text = f"retry: {event.subtask_id}: attempt {event.attempt} failed{blame}; {again}"
            return [Line(text, "warn", "retry:"), *map(Line, indented(event.error, INDENT, width))]
        case Logged(level="warning" | "error"):
            return _logged_lines(event)
        case Logged(level="info", task_id=None):
            return [Line(one_line(event.message))]
        case RunPaused():
            return [Line("paused: running tasks go on, no task is started", "warn", "paused:")]
        case RunResumed():
            return [Line("resumed", "warn")]
        case _:
            return []


def failure_lines(failures: Iterable[Failure], width: int | None = None) -> list[Line]:
    """Return every failure with its cause; those of one task with the same cause are listed together."""
    groups: dict[tuple[str, str, int, str], list[str | None]] = {}
    for failure in failures:
        key = (failure.task_id, failure.status, failure.attempts, failure.error)
        groups.setdefault(key, []).append(failure.piece)
    lines = []
    for (task_id, status, tries, error), group in groups.items():
        named = ", ".join(piece for piece in group if piece is not None)
        tried = f" ({tries} attempts)" if tries > 1 else ""
        text = f"{status}: {task_id} {named}".rstrip() + tried
        first, *rest = textwrap.wrap(text, TEXT_WIDTH, subsequent_indent=INDENT * 2, break_on_hyphens=False)
        lines.append(Line(first, tone_of(status), f"{status}:", bad=True))
        lines += [Line(each, bad=True) for each in rest]
        cause = error or "no reason was given"
        lines += [Line(each, bad=True) for each in indented(cause, INDENT, width)]
    return lines


def summary_lines(tally: RunTally, notices: Sequence[str] = (), width: int | None = None) -> list[Line]:
    """Return the summary of a run: failures, counts, notices, and a last line with the result."""
    order = {task_id: position for position, task_id in enumerate(tally.tasks)}
    failures = sorted(tally.failures, key=lambda failure: (order[failure.task_id], failure.piece or ""))
    lines = failure_lines(failures, width)
    lines += [Line("")] if lines else []
    tasks = Counter(task.status for task in tally.tasks.values())
    words = [(tasks[status], status.value) for status in TaskStatus if status.ended]
    unended = tally.total - tally.ended
    pieces = [
        (tally.done, "done"), (tally.up_to_date, "up to date"), (tally.failed, "failed"),
        (tally.cancelled, "cancelled"), (tally.skipped, "skipped"), (unended, "not ended"),
    ]  # fmt: skip
    amounts = [f"{len(tally.tasks):,}", f"{tally.total:,}", f"{tally.files.total + tally.removed:,}"]
    wide = max(map(len, amounts))
    counts = listed(words), listed(pieces), listed([*tally.files.named, (tally.removed, "removed")])
    for name, amount, text in zip(("tasks", "sub-tasks", "files"), amounts, counts, strict=True):
        if text:
            lines.append(Line(f"{name:<9}{GAP}{amount:>{wide}}{GAP}{text}"))
    if tally.files.kept:
        kept = tally.files.kept
        them = "it" if kept == 1 else "them"
        edited = f"{count(kept, 'file')} edited by hand and kept; --force overwrites {them}"
        lines.append(Line(edited, "warn", "edited by hand"))
    lines += [Line(each, whole=_is_command(each)) for notice in notices for each in printable(notice).splitlines()]
    return [*lines, verdict_line(tally)]


def verdict_line(tally: RunTally) -> Line:
    """Return the last line of a run."""
    word = tally.status.value
    conflicts = tally.files.conflicts
    if tally.status is RunStatus.DONE and tally.up_to_date == tally.total and tally.total and not tally.removed:
        word = "up to date"
    text = f"{one_line(tally.plan)}: {word} in {duration(tally.seconds)}"
    of_all = f"of {count(tally.total, 'sub-task')} "
    unfinished = [(tally.failed, "failed"), (tally.cancelled, "cancelled"), (tally.skipped, "skipped")]
    missed = listed([(number, word) for number, word in unfinished if number]).replace(" ", f" {of_all}", 1)
    text += f": {missed}" if missed else ""
    text += f"{', ' if missed else ': '}{count(conflicts, 'file')} in conflict" if conflicts else ""
    text += f": {one_line(tally.error)}" if tally.error else ""
    failed = tally.status is not RunStatus.DONE  # of a conflict, a quiet run prints what to do instead
    if (failed or conflicts) and tally.run_id:
        text += f" (run {tally.run_id[:SHORT_ID]})"
    return Line(text, "bad" if conflicts else tone_of(word), bad=failed)


def is_last(event: Event) -> bool:
    """Return whether nothing is to be shown after this event but the summary."""
    return isinstance(event, RunEnded)


def diff_lines(diffs: Mapping[str, str]) -> list[Line]:
    """Return diffs by path, in order: at most `MOST_DIFF_LINES` lines, and one that counts what is left out."""
    lines: list[Line] = []
    ordered = sorted(diffs.items())
    for number, (_, diff) in enumerate(ordered):
        texts = printable(diff).splitlines()
        if lines and len(lines) + len(texts) > MOST_DIFF_LINES:
            left = count(len(ordered) - number, "file")
            return [*lines, Line(f"(the diffs of {left} are left out; --junit FILE has all of them)", "warn")]
        lines += [Line(text, _diff_tone(text), whole=True) for text in texts]
    return lines


def _diff_tone(text: str) -> Tone:
    if text.startswith(("---", "+++")):
        return "bold"
    return _DIFF_TONES.get(text[:1], "plain")


def outlook(verb: str) -> str:
    """Return the words, after a number of files, for what would be done with them."""
    return "in conflict" if verb == "conflict" else f"to {verb}"


def drift_lines(changes: Iterable[tuple[str, str]], unchecked: int = 0) -> list[Line]:
    """Return the result of `--check`: a line for each file, then the counts. `changes` are pairs of verb and path.

    `unchecked` is the number of sub-tasks of which nothing is known, since they failed or did not run.
    """
    found = sorted(set(changes), key=lambda change: (change[1], change[0]))
    verbs = Counter(verb for verb, _ in found)
    lines = []
    for verb, path in found:
        if verb == "keep":
            lines.append(Line(f"would keep      {one_line(path)} (edited by hand)", "dim"))
        else:
            lines.append(Line(f"would {verb:<8}  {one_line(path)}", "warn", verb, bad=True))
    kept = f"; {count(verbs['keep'], 'file')} edited by hand would be kept" if verbs["keep"] else ""
    unknown = f"; {count(unchecked, 'sub-task')} could not be checked" if unchecked else ""
    drift = [(verbs[verb], outlook(verb)) for verb in sorted(verbs) if verb != "keep"]
    if drift:
        total = sum(number for number, _ in drift)
        differ = "differs" if total == 1 else "differ"
        text = f"{count(total, 'file')} {differ} from what would be generated: {listed(drift)}"
        return [*lines, Line(text + kept + unknown, "bad", bad=True)]
    if unchecked:
        return [*lines, Line(f"no file of the other sub-tasks differs{kept}{unknown}", "bad", bad=True)]
    return [*lines, Line(f"no file differs from what would be generated{kept}", "good")]


def _logged_lines(event: Logged) -> list[Line]:
    where = event.subtask_id or event.task_id
    label = f"{event.level}:"
    first, *rest = printable(event.message).strip().splitlines() or [""]
    text = f"{label} {where}: {first}" if where else f"{label} {first}"
    tone: Tone = "bad" if event.level == "error" else "warn"
    return [Line(text, tone, label, bad=event.level == "error"), *(Line(f"{INDENT}{each}") for each in rest)]


def _is_command(text: str) -> bool:
    """Whether a notice names a command, which is copied."""
    return text.startswith(("start ", f"{INDENT}runner "))


def _cell(text: str, wanted: int, width: int | None) -> str:
    return (text if width is None else shortened(text, wanted)).ljust(wanted)
