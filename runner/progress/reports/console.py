"""The console: the sink that prints a run while it lasts.

Runs in the supervisor, in the console's own sink thread; beside the commands, nothing else prints. How it shows
a run depends on where its output goes:

- both streams are terminals (and neither CI nor a dumb one): progress bars on standard error, one for the run
  and one for each running task, with messages above them; the summary goes to standard output
- otherwise: plain lines on standard output, without a control character
- `log_format="json"`: one event a line on standard output and nothing else there
"""

from __future__ import annotations

import json
import os
import sys
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TextIO

from runner.progress.reports.console_streams import abandon, abandoned_on_error, direct, is_terminal, width_of
from runner.progress.reports.displays import Bars, Display, Folded, JsonLines, NoDisplay, PlainLines, painted_line
from runner.progress.reports.summary import Line, diff_lines, drift_lines, is_last, summary_lines
from runner.progress.reports.tally import RunTally
from runner.progress.reports.text_layout import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.progress.reporter import Recorded
    from runner.progress.reports.ci_log import CiLog
    from runner.progress.reports.explanation_view import Explanation
    from runner.progress.reports.run_account import RunAccount


class Console:
    """A sink that prints a run; at its end the `explanation`, if there is one, and the summary.

    With `check` it prints no summary: `print_drift` or `print_dry_run` follows. `log` is that of a CI job.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        log_format: Literal["text", "json"] = "text",
        check: bool = False,
        explanation: Explanation | None = None,
        log: CiLog | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._out = direct(sys.stdout if out is None else out)
        self._err = direct(sys.stderr if err is None else err)
        self._quiet = quiet
        self._check = check
        self._explanation = explanation
        self._log = log
        self._tally = RunTally()
        self._notices: list[str] = []
        self._lock = threading.Lock()  # between the sink's thread and callers of `notice`
        self._summed_up = False
        self._abandoned = False
        self._json = log_format == "json"
        self._colour = _shows_colour(self._out, environ)
        self._width = width_of(self._out)
        self._display = self._choose_display(environ)
        self._streams = (self._out, self._err) if isinstance(self._display, Bars) else (self._out,)

    def write(self, batch: Sequence[Recorded]) -> None:
        """Show events. Raises OSError where the reader is gone; later output is then discarded."""
        with self._lock, abandoned_on_error(*self._streams):
            for recorded in batch:
                self._tally.run_id = recorded.run_id
                ending = self._tally.add(recorded.event)
                if ending is not None and self._explanation is not None:
                    self._explanation.add(ending)
                self._display.show(recorded, ending)
                if is_last(recorded.event):
                    self._sum_up()
            self._display.refresh()

    def tick(self) -> None:
        """Update the times on the bars."""
        with self._lock, abandoned_on_error(*self._streams):
            self._display.refresh()

    def close(self) -> None:
        """Remove the bars."""
        with self._lock, abandoned_on_error(*self._streams):
            self._display.close()

    def abandon(self) -> None:
        """Give up on a stopped terminal or a pipe without a reader: later output is discarded."""
        self._abandoned = True
        abandon(self._streams)

    def notice(self, text: str) -> None:
        """Print a message with the summary, or on standard error where that was printed already."""
        if self._abandoned:  # the sink's thread hangs and holds the lock
            return
        with self._lock, abandoned_on_error(self._err):
            if self._summed_up or self._json:
                print(printable(text), file=self._err, flush=True)
            else:
                self._notices.append(text)

    def count_removed(self, files: int) -> None:
        """Add files of dropped tables to what the summary counts."""
        if self._abandoned:
            return
        with self._lock:
            self._tally.removed += files

    def _sum_up(self) -> None:
        shown_before = self._display.shown
        self._display.close()
        if not self._json:
            self._display = NoDisplay()  # later events are in `runner logs`
        self._summed_up = True
        if self._json:
            return
        summary: list[Line] = []
        if not self._check or self._tally.failures:
            summary = summary_lines(self._tally, self._notices, self._width)
        if self._quiet or self._check:
            summary = [line for line in summary if line.bad]
        if self._check:
            summary = summary[:-1]
        lines = [Line("")] * shown_before
        if self._explanation is not None:  # it was asked for, with --quiet too
            lines += self._explanation.lines(self._width)
            lines += [Line("")] if summary or not self._quiet else []
        if self._check and summary:
            summary.append(Line(""))  # before what was found
        print_lines([*lines, *summary], self._out, colour=self._colour, width=self._width, log=self._log)

    def _choose_display(self, environ: Mapping[str, str]) -> Display:
        if self._json:
            return JsonLines(self._out)
        if self._quiet or self._check:
            return NoDisplay()
        if _shows_bars(self._out, self._err, environ):
            return Bars(self._err, self._tally, colour=_shows_colour(self._err, environ))
        lines = PlainLines(self._out, self._tally, self._width, colour=self._colour)
        return lines if self._log is None else Folded(lines, self._out, self._tally, self._log)


def print_drift(
    changes: Iterable[tuple[str, str]],
    diffs: Mapping[str, str] = MappingProxyType({}),
    out: TextIO | None = None,
    log: CiLog | None = None,
    *,
    quiet: bool = False,
    unchecked: int = 0,
) -> None:
    """Print what `--check` found: verbs (create, update, keep) with paths, after the diffs by path if there are any.

    With `quiet`, nothing where nothing would change. `unchecked` sub-tasks have failed or did not run.
    """
    stream = direct(sys.stdout if out is None else out)
    colour, width = _shows_colour(stream, os.environ), width_of(stream)
    found = [line for line in drift_lines(changes, unchecked) if line.bad or not quiet]
    with abandoned_on_error(stream):
        if log is not None and diffs:
            stream.write(log.begin(f"how {count(len(diffs), 'file')} would change"))
            print_lines(diff_lines(diffs), stream, colour=colour)
            stream.write(log.end())
            diffs = {}
        print_lines([*diff_lines(diffs), *found], stream, colour=colour, width=width, log=log)


def print_dry_run(
    account: RunAccount,
    leftovers: Sequence[str],
    out: TextIO | None = None,
    log: CiLog | None = None,
    *,
    prune: bool = False,
) -> None:
    """Print what `--dry-run` found; `leftovers` are the paths of dropped tables' files, to be removed with `prune`."""
    from runner.progress.reports.dry_run_view import dry_run_lines  # noqa: PLC0415 - for a dry run only

    stream = direct(sys.stdout if out is None else out)
    width = width_of(stream)
    with abandoned_on_error(stream):
        lines = dry_run_lines(account, leftovers, width, prune=prune)
        print_lines(lines, stream, colour=_shows_colour(stream, os.environ), width=width, log=log)


def print_changes(
    run_id: str,
    changes: Iterable[tuple[str, tuple[str, str]]],
    leftovers: Sequence[str],
    diffs: Mapping[str, str] = MappingProxyType({}),
    out: TextIO | None = None,
) -> None:
    """Print what a check found as a line of JSON, after those of its events: `changes` by the id of the sub-task.

    `diffs` are those that it was asked for, by path.
    """
    files = [{"subtask": subtask_id, "verb": verb, "path": path} for subtask_id, (verb, path) in changes]
    for file in files:
        if (diff := diffs.get(file["path"])) is not None:
            file["diff"] = diff
    stream = direct(sys.stdout if out is None else out)
    with abandoned_on_error(stream):
        values = {"run_id": run_id, "event": "FilesCompared", "changes": files, "prune": list(leftovers)}
        stream.write(f"{json.dumps(values, separators=(',', ':'))}\n")
        stream.flush()


def print_commands(text: str, out: TextIO | None = None) -> None:
    """Print commands for the log of a CI job."""
    stream = direct(sys.stdout if out is None else out)
    with abandoned_on_error(stream):
        stream.write(text)
        stream.flush()


def print_lines(
    lines: Iterable[Line], out: TextIO, *, colour: bool, width: int | None = None, log: CiLog | None = None
) -> None:
    """Print lines in one write, in colour where it is wanted, and not wider than `width` columns if that is given.

    In the log of a CI job they are text that is no command.
    """
    text = "".join(f"{painted_line(line, colour=colour, width=width)}\n" for line in lines)
    out.write(text if log is None else log.quoted(text))
    out.flush()


def _shows_bars(out: TextIO, err: TextIO, environ: Mapping[str, str]) -> bool:
    plain = environ.get("CI", "").lower() not in {"", "0", "false"} or environ.get("TERM") == "dumb"
    return is_terminal(out) and is_terminal(err) and not plain


def _shows_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    return is_terminal(stream) and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
