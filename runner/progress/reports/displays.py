"""The ways in which the console shows a run while it lasts: progress bars, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from runner.progress.reports.console_streams import columns_of
from runner.progress.reports.summary import Line, ending_lines, event_lines, task_lines
from runner.progress.reports.text_layout import as_line, duration, one_line, painted, shortened, wrapped
from runner.records.events import to_json
from runner.records.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.progress.reporter import Recorded
    from runner.progress.reports.ci_log import CiLog
    from runner.progress.reports.tally import Ending, RunTally

REFRESH_INTERVAL = 0.1  # seconds between two refreshes of the bars
_BAR = "{percentage:3.0f}% |{bar}|"


class Display(Protocol):
    """Shows a run while it lasts. `shown` says whether there is anything above the summary."""

    shown: bool

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Show an event, and the end of a sub-task or task that it brings."""

    def refresh(self) -> None:
        """Bring what is shown up to date."""

    def close(self) -> None:
        """Remove what would be in the way of the summary."""


class NoDisplay:
    """Shows nothing before the summary."""

    shown = False

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Do nothing."""

    def refresh(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonLines(NoDisplay):
    """Writes each event as a line of JSON."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Write the event as JSON."""
        del ending
        data = {"run_id": recorded.run_id, "seq": recorded.seq, **to_json(recorded.event)}
        self._out.write(json.dumps(data, separators=(",", ":")) + "\n")

    def refresh(self) -> None:
        """Flush the output."""
        self._out.flush()


class PlainLines(NoDisplay):
    """Writes a line for each sub-task that ends, and for each warning."""

    def __init__(self, out: TextIO, tally: RunTally, width: int | None, *, colour: bool) -> None:
        self._out = out
        self._tally = tally
        self._width = width
        self._colour = colour

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Write the lines of the event and of what it ends."""
        lines = event_lines(recorded.event, self._width)
        if ending is not None:
            lines += ending_lines(self._tally, ending, self._width)
        for line in lines:
            self._out.write(f"{painted_line(line, colour=self._colour, width=self._width)}\n")
            self.shown = True

    def refresh(self) -> None:
        """Flush the output."""
        self._out.flush()


class Folded(NoDisplay):
    """Plain lines in a part of a CI job's log that can be folded. It begins with the first line."""

    def __init__(self, lines: PlainLines, out: TextIO, tally: RunTally, log: CiLog) -> None:
        self._lines = lines
        self._out = out
        self._tally = tally
        self._log = log
        self._begun = False

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Write the lines of the event and of what it ends."""
        if not self._begun:
            self._begun = True
            self._out.write(self._log.begin(self._tally.plan or "run"))
        self._lines.show(recorded, ending)

    def refresh(self) -> None:
        """Flush the output."""
        self._out.flush()

    def close(self) -> None:
        """End the part."""
        if self._begun:
            self._begun = False
            self._out.write(self._log.end())


class Bars:
    """Progress bars: one for the run and, below it, one for each running task. Messages are printed above them."""

    def __init__(self, err: TextIO, tally: RunTally, *, colour: bool) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - only needed on a terminal

        class Bar(tqdm):  # type: ignore[type-arg]  # generic in the stubs alone
            monitor_interval = 0  # no monitor thread: the reporter calls `tick`

        Bar.set_lock(threading.RLock())  # the default lock is one between processes
        self._bar_class: Any = Bar
        self._err = err
        self._tally = tally
        self._colour = colour
        self._began = time.monotonic()
        self._run_bar: Any = None
        self._task_bars: dict[str, Any] = {}
        self._next_refresh = 0.0
        self.shown = False

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        """Print the lines of the event above the bars."""
        columns = columns_of(self._err)
        lines = event_lines(recorded.event, columns)
        if ending is not None and ending.piece is None:
            lines += task_lines(self._tally, ending, columns)
        elif ending is not None and ending.word == "failed":
            lines += ending_lines(self._tally, ending, columns)
        if lines:
            self.shown = True
            text = "\n".join(painted_line(line, colour=self._colour, width=columns) for line in lines)
            self._bar_class.write(text, file=self._err)
            self._err.flush()  # as bars do, which a short run has none of: its summary is on another stream

    def refresh(self) -> None:
        """Update the bars from the tally, at most every `REFRESH_INTERVAL`."""
        now = time.monotonic()
        tally = self._tally
        if now < self._next_refresh or not tally.total:
            return
        self._next_refresh = now + REFRESH_INTERVAL
        running = [task for task in tally.tasks.values() if task.status is TaskStatus.RUNNING]
        if self._run_bar is None:
            self._run_bar = self._new_bar(0)
        self._arrange([task.id for task in running])
        columns = columns_of(self._err)
        name = min(max(len(name) for name in [tally.plan, *(task.id for task in running)]), columns // 3)
        said = columns // 4
        took = duration(now - self._began) + (f", {tally.failed} failed" if tally.failed else "")
        amount = 2 * len(str(tally.total)) + 1
        for bar, label, ended, total, text in [
            (self._run_bar, tally.plan, tally.ended, tally.total, took),
            *((self._task_bars[task.id], task.id, task.ended, task.total, task.step) for task in running),
        ]:
            bar.n, bar.total = ended, total
            right = f"{f'{ended}/{total}':>{amount}}  {_fitted(one_line(text), said)}"
            bar.bar_format = f"{_literal(_fitted(one_line(label), name))} {_BAR} {_literal(right)}"
            bar.refresh()

    def close(self) -> None:
        """Remove all bars."""
        self._arrange([])
        if self._run_bar is not None:
            self._run_bar.close()
            self._run_bar = None

    def _arrange(self, task_ids: Sequence[str]) -> None:
        """Show one bar for each of these tasks, without an empty line between them."""
        ended = [task_id for task_id in self._task_bars if task_id not in task_ids]
        if ended:
            for bar in self._task_bars.values():
                bar.clear()
            for task_id in ended:
                self._task_bars.pop(task_id).close()
            for position, bar in enumerate(self._task_bars.values(), start=1):
                bar.pos = -position
        for task_id in task_ids:
            if task_id not in self._task_bars:
                self._task_bars[task_id] = self._new_bar(len(self._task_bars) + 1)

    def _new_bar(self, position: int) -> Any:
        return self._bar_class(
            total=1, position=position, file=self._err, leave=False, dynamic_ncols=True, bar_format=_BAR
        )


def _fitted(text: str, width: int) -> str:
    return shortened(text, width).ljust(width)


def _literal(text: str) -> str:
    """Return text escaped for a bar's format."""
    return text.replace("{", "{{").replace("}", "}}")


def painted_line(line: Line, *, colour: bool, width: int | None = None) -> str:
    """Return the text of a line, made printable, with its marked part in colour where that is wanted.

    It goes over several lines where it is longer than `width` columns, unless it has to stay whole.
    """
    texts = wrapped(as_line(line.text), None if line.whole else width)
    if not line.marked:
        return "\n".join(painted(text, line.tone, colour=colour) for text in texts)
    # A label is at the start; a state is at the end, after names that may contain the same word.
    first = texts[0].startswith(line.marked)
    place = 0 if first else next((number for number in reversed(range(len(texts))) if line.marked in texts[number]), 0)
    text = texts[place]
    start = 0 if first else text.rfind(line.marked)
    if start >= 0:
        end = start + len(line.marked)
        texts[place] = text[:start] + painted(line.marked, line.tone, colour=colour) + text[end:]
    return "\n".join(texts)
