r"""Cuts a SQL file into statements, with the line where each begins. No parser is involved.

It works on bytes, so that a dump of hundreds of megabytes is neither decoded nor copied: every mark that matters is
ASCII, and neither in UTF-8 nor in Latin-1 is one part of another character. One pattern, made from the dialect's
`Splitting`, runs from one mark that matters to the next. Its repetition is bounded, so that the regular expression
engine remembers little, and each alternative begins with another byte, so that it never goes back. (It would be simpler
with possessive quantifiers, but `re` of Python 3.11.2 ends those one character early.)

Known here: quotes of all kinds, comments (nested in PostgreSQL), dollar quotes, `COPY … FROM stdin` data up to `\.`,
lines for psql, mysql and sqlite3 themselves, MySQL's DELIMITER and `/*!40101 … */` (whose content counts), and bodies
with statements inside (`BEGIN ATOMIC … END`, triggers, the parentheses of CREATE RULE).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from runner.ddl.statements.statement_kinds import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.syntax.dialect import Dialect, Splitting


class RawStatement(NamedTuple):
    r"""One statement: `data[start:end]` without its `;`, its first line, and what is wrong with it, if anything.

    `client` is True for a line that is not SQL but a command for the client program (`\set`, `.mode`, `source`).
    """

    start: int
    end: int
    line: int
    problem: str = ""
    client: bool = False


def split(data: bytes, dialect: Dialect) -> Iterator[RawStatement]:
    """Yield the statements of a file in order."""
    return _Splitter(data, dialect.splitting).statements()


_AT_ONCE = 2000  # units that one match steps over
_DELIMITER = b";"
_HAS_BODY = re.compile(rb"(?i)\b(?:TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE|BEGIN)\b")  # with statements in it
_DELIMITER_COMMAND = re.compile(rb"(?i)delimiter[ \t]+(\S+)[^\n]*")
_DATA_END = re.compile(rb"\n\\\.[ \t\r]*(?=\n|\Z)")
_COMPOUND_STEP = re.compile(
    rb"""(?isx)
    '[^']*' | "[^"]*" | `[^`]*` | --[^\n]* | /\*.*?\*/
  | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
  | \b(?P<end>END)\b(?:\s+(?:(?P<of>IF|LOOP|WHILE|REPEAT)|CASE)\b)?
  | \b(?P<begin>BEGIN|CASE)\b
  | (?P<stop>;)
"""
)
_NEVER_CLOSED = {
    b"'": "a string",
    b'"': "a quoted name",
    b"`": "a quoted name",
    b"[": "a quoted name",
    b"$": "a dollar-quoted string",
    b"/": "a comment",
}


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.VERBOSE | re.DOTALL)


@cache
def _run(splitting: Splitting, delimiter: bytes) -> re.Pattern[bytes]:
    """Return the pattern that runs up to a delimiter, or up to a mark that no unit matches."""
    marks, units, guard = splitting.marks, splitting.units, b""
    first = re.escape(delimiter[:1])
    if delimiter != _DELIMITER:
        guard = b"(?!%s)" % re.escape(delimiter)
        if not re.match(b"[%s]" % marks, delimiter):
            units += b"|" + first
    plain = b"[^%s%s]*" % (marks, first)
    return _compiled(b"%s(?:%s(?:%s)%s){0,%d}" % (plain, guard, units, plain, _AT_ONCE))


class _Splitter:
    """Walks once through a file. Stateful: one instance, one walk."""

    def __init__(self, data: bytes, splitting: Splitting) -> None:
        self._data = data
        self._splitting = splitting
        self._gap = _compiled(b"(?:%s){0,%d}" % (splitting.gap, _AT_ONCE))
        self._client = _compiled(splitting.client_line)
        self._compound = _compiled(splitting.compound)
        self._parenthesized = splitting.parenthesized and _compiled(splitting.parenthesized)
        self._inline_data = splitting.inline_data and _compiled(splitting.inline_data)
        self._nested_comment = splitting.step_over.get(b"/")
        self._delimiter = _DELIMITER
        self._run = _run(splitting, _DELIMITER)
        self._line = 1
        self._counted = 0  # up to where line ends are counted

    def statements(self) -> Iterator[RawStatement]:
        position = 0
        while (position := self._skip_gap(position)) < len(self._data):
            if (found := self._client_line(position)) is not None:
                yield found
                position = found.end
                continue
            line = self._line_at(position)
            end, after, problem = self._find_end(position)
            if self._delimiter != _DELIMITER and not problem and not _HAS_BODY.search(self._data, position, end):
                yield from self._statements_between(position, end)
                position = after
                continue
            start, end = position, self._trimmed(position, end)
            if end > start:
                yield RawStatement(start, end, line, problem)
            position = self._skip_inline_data(start, end, after)

    def _statements_between(self, start: int, end: int) -> Iterator[RawStatement]:
        """Yield the statements of what the client sends as one: the server still ends each at its `;`."""
        outer = self._delimiter, self._run
        self._delimiter, self._run = _DELIMITER, _run(self._splitting, _DELIMITER)
        position = start
        while (position := self._skip_gap(position)) < end:
            line = self._line_at(position)
            stop, after, _ = self._find_end(position)
            yield RawStatement(position, self._trimmed(position, min(stop, end)), line)
            position = after
        self._delimiter, self._run = outer

    def _line_at(self, position: int) -> int:
        """Return the line of a position; positions are asked for in order, so that nothing is counted twice."""
        self._line += self._data.count(b"\n", self._counted, position)
        self._counted = position
        return self._line

    def _trimmed(self, start: int, end: int) -> int:
        while end > start and self._data[end - 1 : end].isspace():
            end -= 1
        return end

    # ------------------------------------------------------------------------------------- between statements

    def _skip_gap(self, position: int) -> int:
        """Return where the next statement begins."""
        data, delimiter = self._data, self._delimiter
        while True:
            match = self._gap.match(data, position)
            end = match.end() if match else position
            if data.startswith(delimiter, end):
                end += len(delimiter)
            elif self._nested_comment is not None and data.startswith(b"/*", end):
                after = self._nested_comment(data, end)
                if after < 0:
                    return end  # a statement that is never closed, and reported as such
                end = after
            elif end - position < _AT_ONCE:  # so the bound of the repetition did not end the match
                return end
            position = end

    def _client_line(self, position: int) -> RawStatement | None:
        if self._splitting.delimiter_command and (match := _DELIMITER_COMMAND.match(self._data, position)):
            self._delimiter = match[1]
            self._run = _run(self._splitting, self._delimiter)
        elif not (match := self._client.match(self._data, position)):
            return None
        return RawStatement(position, match.end(), self._line_at(position), client=True)

    def _skip_inline_data(self, start: int, end: int, after: int) -> int:
        """Return where the file continues after a statement: after the data of a COPY."""
        if not self._inline_data or not self._inline_data.match(self._data, start, end):
            return after
        match = _DATA_END.search(self._data, after)
        return match.end() if match else len(self._data)

    # ----------------------------------------------------------------------------------- inside one statement

    def _find_end(self, start: int) -> tuple[int, int, str]:
        """Return where a statement ends, where the next may begin, and what is wrong with it."""
        data, delimiter, run = self._data, self._delimiter, self._run.match
        position = start
        compound_checked = False
        while True:
            match = run(data, position)
            end = match.end() if match else position
            if data.startswith(delimiter, end):
                if not compound_checked and (inner := self._compound_end(start, end)) is not None:
                    compound_checked = True
                    position = inner
                elif self._is_inside_parentheses(start, end):
                    position = end + 1
                else:
                    return end, end + len(delimiter), ""
            elif end >= len(data):
                return len(data), len(data), ""
            elif end - position >= _AT_ONCE:  # perhaps the bound of the repetition ended the match
                position = end
            else:
                position = self._step_over(end)
                if position < 0:
                    return len(data), len(data), self._never_closed(end)
                ends = self._splitting.statement_ends
                if ends is not None and data.startswith(ends, end):
                    return end, position, ""

    def _step_over(self, position: int) -> int:
        """Return the position after what begins at a mark, -1 where it is never closed."""
        function = self._splitting.step_over.get(self._data[position : position + 1])
        return function(self._data, position) if function else -1

    def _never_closed(self, position: int) -> str:
        what = _NEVER_CLOSED[self._data[position : position + 1]]
        line = self._line + self._data.count(b"\n", self._counted, position)
        return f"{what} that begins in line {line} is never closed"

    def _compound_end(self, start: int, position: int) -> int | None:
        """Return the `;` that ends a statement with statements inside, None where the one at `position` ends it."""
        if self._delimiter != _DELIMITER:
            return None
        head = self._compound.match(self._data, start, position)
        if head is None:
            return None
        depth = 0
        for match in _COMPOUND_STEP.finditer(self._data, head.start("body")):
            if match["begin"]:
                depth += 1
            elif match["end"] and not match["of"]:
                depth -= 1
            elif match["stop"] and depth <= 0:
                return match.start() if match.start() > position else None
        return None

    def _is_inside_parentheses(self, start: int, position: int) -> bool:
        """Whether a `;` is inside the parentheses of CREATE RULE … DO (…; …)."""
        head = self._parenthesized
        if not head or not head.match(self._data, start, min(position, start + HEAD_BYTES)):
            return False
        return self._data.count(b"(", start, position) > self._data.count(b")", start, position)
