"""What a run looks like while it runs: the sink that prints.

Runs in the supervisor, in the console's own feed thread; beside `cli.py` it is the only place that prints. How
it shows a run depends on where its output goes:

- both streams are terminals (and neither CI nor a dumb one): progress bars on standard error, one for the run
  and one for each running task, with messages above them; the summary goes to standard output
- otherwise: plain lines on standard output, without a control character
- `log_format="json"`: one event a line on standard output and nothing else there
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, cast

from runner.progress.reports.summary import (
    Line,
    drift_lines,
    ending_lines,
    event_lines,
    is_last,
    summary_lines,
    task_lines,
)
from runner.progress.reports.tally import RunTally
from runner.progress.reports.text_layout import duration, one_line, painted, shortened
from runner.records.events import to_json
from runner.records.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.progress.reporter import Recorded
    from runner.progress.reports.tally import Ending

REFRESH_INTERVAL = 0.1  # seconds between two looks of the bars: more often than that nobody sees
_LEAST_COLUMNS = 40  # narrower terminals are treated as if they had these
_FULL_PIPE_WAIT = 1.0  # seconds between two tries to write into a pipe that was full
_USUAL_COLUMNS = 80  # of a terminal that does not say
_BAR = "{percentage:3.0f}% |{bar}|"


class Console:
    """Prints a run: a sink. `check` leaves out the summary, for `print_drift` to follow."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        log_format: Literal["text", "json"] = "text",
        check: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._out = _prepared(sys.stdout if out is None else out)
        self._err = _prepared(sys.stderr if err is None else err)
        self._quiet = quiet
        self._check = check
        self._tally = RunTally()
        self._notices: list[str] = []
        self._lock = threading.Lock()  # between the feed's thread and who gives a notice
        self._summed_up = False
        self._abandoned = False
        self._json = log_format == "json"
        self._colour = _shows_colour(self._out, environ)
        self._width = _columns(self._out) if _is_terminal(self._out) else None
        self._display = self._choose_display(environ)
        self._streams = (self._out, self._err) if isinstance(self._display, _Bars) else (self._out,)

    def write(self, batch: Sequence[Recorded]) -> None:
        """Show events. Raises OSError where nobody reads any more; later prints then go nowhere, in peace."""
        with self._lock, _abandoning(*self._streams):
            for recorded in batch:
                self._tally.run_id = recorded.run_id
                ending = self._tally.add(recorded.event)
                self._display.show(recorded, ending)
                if is_last(recorded.event):
                    self._sum_up()
            self._display.refresh()

    def tick(self) -> None:
        """Let the clocks on the bars go on."""
        with self._lock, _abandoning(*self._streams):
            self._display.refresh()

    def close(self) -> None:
        """Take the bars away."""
        with self._lock, _abandoning(*self._streams):
            self._display.close()

    def abandon(self) -> None:
        """Give up on a terminal that is stopped or a pipe that nobody reads: later prints go nowhere."""
        self._abandoned = True
        _let_go(self._streams)

    def notice(self, text: str) -> None:
        """Have something said at the end: how many events wait to be sent, where the report is."""
        if self._abandoned:  # its thread hangs with the lock in its hand
            return
        with self._lock, _abandoning(self._err):
            if self._summed_up or self._json:
                print(text, file=self._err, flush=True)
            else:
                self._notices.append(text)

    def _sum_up(self) -> None:
        shown_before = self._display.shown
        self._display.close()
        if not self._json:
            self._display = _Silence()  # what comes after the last event is in `runner logs`
        self._summed_up = True
        if self._json or (self._check and not self._tally.failures):
            return
        lines = summary_lines(self._tally, self._notices, self._width)
        if self._quiet or self._check:
            lines = [line for line in lines if line.bad]
        if self._check:
            lines = lines[:-1]
        print_lines([Line("")] * shown_before + lines, self._out, colour=self._colour)

    def _choose_display(self, environ: Mapping[str, str]) -> _Display:
        if self._json:
            return _JsonLines(self._out)
        if self._quiet or self._check:
            return _Silence()
        if _shows_bars(self._out, self._err, environ):
            return _Bars(self._err, self._tally, colour=_shows_colour(self._err, environ))
        return _PlainLines(self._out, self._tally, self._width, colour=self._colour)


def print_drift(changes: Iterable[tuple[str, str]], out: TextIO | None = None) -> None:
    """Print what `--check` found: verbs (create, update, keep) with paths."""
    stream = _prepared(sys.stdout if out is None else out)
    with _abandoning(stream):
        print_lines(drift_lines(changes), stream, colour=_shows_colour(stream, os.environ))


def print_lines(lines: Iterable[Line], out: TextIO, *, colour: bool) -> None:
    """Print lines at once, in colour where it is wanted."""
    text = "".join(f"{_paint(line, colour=colour)}\n" for line in lines)
    out.write(text)
    out.flush()


class _Display(Protocol):
    """One way to show a run while it lasts. `shown` tells whether anything stands above the summary."""

    shown: bool

    def show(self, recorded: Recorded, ending: Ending | None) -> None: ...

    def refresh(self) -> None: ...

    def close(self) -> None: ...


class _Silence:
    """Shows nothing: the summary says what must be said."""

    shown = False

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        pass

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass


class _JsonLines(_Silence):
    """One event a line, as programs read it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        del ending
        data = {"run_id": recorded.run_id, "seq": recorded.seq, **to_json(recorded.event)}
        self._out.write(json.dumps(data, separators=(",", ":")) + "\n")

    def refresh(self) -> None:
        self._out.flush()


class _PlainLines(_Silence):
    """One line a sub-task that has ended, and one a warning."""

    def __init__(self, out: TextIO, tally: RunTally, width: int | None, *, colour: bool) -> None:
        self._out = out
        self._tally = tally
        self._width = width
        self._colour = colour

    def show(self, recorded: Recorded, ending: Ending | None) -> None:
        lines = event_lines(recorded.event, self._width)
        if ending is not None:
            lines += ending_lines(self._tally, ending, self._width)
        for line in lines:
            self._out.write(f"{_paint(line, colour=self._colour)}\n")
            self.shown = True

    def refresh(self) -> None:
        self._out.flush()


class _Bars:
    """Progress bars: one for the run, one for each running task under it. Messages stand above them."""

    def __init__(self, err: TextIO, tally: RunTally, *, colour: bool) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - only a terminal pays for it

        class Bar(tqdm):  # type: ignore[type-arg]  # generic in the stubs alone
            monitor_interval = 0  # no thread of its own: the feed ticks

        Bar.set_lock(threading.RLock())  # not the default, which is made for processes
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
        columns = _columns(self._err)
        lines = event_lines(recorded.event, columns)
        if ending is not None and ending.piece is None:
            lines += task_lines(self._tally, ending, columns)
        elif ending is not None and ending.word == "failed":
            lines += ending_lines(self._tally, ending, columns)
        if lines:
            self.shown = True
            text = "\n".join(_paint(line, colour=self._colour) for line in lines)
            self._bar_class.write(text, file=self._err)

    def refresh(self) -> None:
        """Bring the bars to where the tally is, if it is time again."""
        now = time.monotonic()
        tally = self._tally
        if now < self._next_refresh or not tally.total:
            return
        self._next_refresh = now + REFRESH_INTERVAL
        running = [task for task in tally.tasks.values() if task.status is TaskStatus.RUNNING]
        if self._run_bar is None:
            self._run_bar = self._new_bar(0)
        self._arrange([task.id for task in running])
        columns = _columns(self._err)
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
            bar.bar_format = f"{_literal(_fitted(label, name))} {_BAR} {_literal(right)}"
            bar.refresh()

    def close(self) -> None:
        """Take every bar away."""
        self._arrange([])
        if self._run_bar is not None:
            self._run_bar.close()
            self._run_bar = None

    def _arrange(self, task_ids: Sequence[str]) -> None:
        """Have one bar for each of these tasks, with no line left free between them."""
        gone = [task_id for task_id in self._task_bars if task_id not in task_ids]
        if gone:
            for bar in self._task_bars.values():
                bar.clear()
            for task_id in gone:
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
    """Return text that stands for itself in a bar's format."""
    return text.replace("{", "{{").replace("}", "}}")


def _paint(line: Line, *, colour: bool) -> str:
    if not line.marked:
        return painted(line.text, line.tone, colour=colour)
    # A label stands first; a state stands last, after names that may contain the same word.
    start = 0 if line.text.startswith(line.marked) else line.text.rfind(line.marked)
    end = start + len(line.marked)
    return line.text[:start] + painted(line.marked, line.tone, colour=colour) + line.text[end:]


class _Direct(io.TextIOBase):
    """A stream's file, written past the stream's own buffer. Takes any text: what its encoding lacks is escaped.

    A thread that hangs in a write to a pipe that nobody reads holds the lock of the buffer that it writes through;
    then the exit of the process would hang, too, or abort. Here nothing is locked.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._file = stream.fileno()
        self._encoding = stream.encoding
        self._waiting: list[str] = []

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here
        return self._encoding

    def fileno(self) -> int:
        return self._file

    def isatty(self) -> bool:
        return os.isatty(self._file)

    def write(self, text: str) -> int:
        self._waiting.append(text)
        return len(text)

    def flush(self) -> None:
        text, self._waiting = "".join(self._waiting), []
        data = memoryview(text.encode(self._encoding, "backslashreplace"))
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:  # somebody who shares the file has made it so
                select.select([], [self._file], [], _FULL_PIPE_WAIT)


def _prepared(stream: TextIO) -> TextIO:
    """Return how a stream is written to: directly where there is a file behind it."""
    try:
        return cast("TextIO", _Direct(stream))
    except (OSError, ValueError):
        return stream


@contextlib.contextmanager
def _abandoning(*streams: TextIO) -> Iterator[None]:
    """Let go of the streams where nobody reads them any more, so that the exit does not stumble over them."""
    try:
        yield
    except OSError:
        _let_go(streams)
        raise


def _let_go(streams: Iterable[TextIO]) -> None:
    for stream in streams:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _columns(stream: TextIO) -> int:
    with contextlib.suppress(OSError, ValueError):
        return max(_LEAST_COLUMNS, os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS)
    return _USUAL_COLUMNS


def _is_terminal(stream: TextIO) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return stream.isatty()
    return False


def _shows_bars(out: TextIO, err: TextIO, environ: Mapping[str, str]) -> bool:
    plain = environ.get("CI", "").lower() not in {"", "0", "false"} or environ.get("TERM") == "dumb"
    return _is_terminal(out) and _is_terminal(err) and not plain


def _shows_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    return _is_terminal(stream) and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
