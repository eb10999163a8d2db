r"""Cuts a SQL file into statements, per dialect, with the line where each begins. No parser is involved.

It works on bytes, so that a dump of hundreds of megabytes is neither decoded nor copied: every mark that matters is
ASCII, and in UTF-8 and Latin-1 alike no other character contains one. One possessive pattern runs from one mark that
matters to the next at the speed of C.

Known here: quotes of all kinds, comments (nested in PostgreSQL), dollar quotes, `COPY … FROM stdin` data up to `\.`,
lines for psql, mysql and sqlite3 themselves, MySQL's DELIMITER and `/*!40101 … */` (whose content counts), and bodies
with statements inside (`BEGIN ATOMIC … END`, triggers, the brackets of CREATE RULE).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.model import Dialect

HEAD_BYTES = 400  # enough for the words that say what a statement is


class RawStatement(NamedTuple):
    r"""One statement: `data[start:end]` without its `;`, its first line, and what is wrong with it, if anything.

    `client` is True for a line that is no SQL but an order to the client program (`\set`, `.mode`, `source`).
    """

    start: int
    end: int
    line: int
    problem: str = ""
    client: bool = False


def split(data: bytes, dialect: Dialect) -> Iterator[RawStatement]:
    """Give the statements of a file in order."""
    return _Splitter(data, dialect).statements()


# One step over what cannot end a statement. Possessive, so that nothing is remembered for going back.
_POSTGRES_RUN = rb"""(?:
    [^'"\-/$;\\]++
  | (?<=[eE])(?<![\w$\x80-\xff][eE])'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'
  | '[^']*+(?:''[^']*+)*+'
  | "[^"]*+"
  | --[^\n]*+ | -
  | /(?!\*)
)*+"""
_MYSQL_RUN = rb"""(?:(?!%(delimiter)s)(?:
    [^'"`\-\#/%(first)s]++
  | '[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'
  | "[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"
  | `[^`]*+`
  | --(?=\s|\Z)[^\n]*+ | -
  | \#[^\n]*+
  | /\*(?!M?!)[^*]*+\*++(?:[^/*][^*]*+\*++)*+/
  | /(?!\*(?!M?!))
  | %(first)s
))*+"""
_SQLITE_RUN = rb"""(?:
    [^'"`\[\-/;]++
  | '[^']*+(?:''[^']*+)*+'
  | "[^"]*+" | `[^`]*+` | \[[^\]]*+\]
  | --[^\n]*+ | -
  | /\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/
  | /(?!\*)
)*+"""


@cache
def _run(dialect: Dialect, delimiter: bytes = b";") -> re.Pattern[bytes]:
    if dialect == "mysql":
        first = re.escape(delimiter[:1])
        source = _MYSQL_RUN.replace(b"%(delimiter)s", re.escape(delimiter)).replace(b"%(first)s", first)
    else:
        source = _POSTGRES_RUN if dialect == "postgres" else _SQLITE_RUN
    return re.compile(source, re.VERBOSE | re.DOTALL)


_GAP = {
    "postgres": re.compile(rb"(?:\s++|--[^\n]*+|;)*+"),
    "mysql": re.compile(rb"(?:\s++|--(?=\s|\Z)[^\n]*+|#[^\n]*+|/\*(?!M?!)[^*]*+\*++(?:[^/*][^*]*+\*++)*+/)*+"),
    "sqlite": re.compile(rb"(?:\s++|--[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/|;)*+"),
}
_CLIENT_LINE = {
    "postgres": re.compile(rb"\\[^\n]*+"),
    "mysql": re.compile(rb"(?i:\\[^\n]*+|source[ \t]+[^\n]*+)"),
    "sqlite": re.compile(rb"\.[a-zA-Z][^\n]*+"),
}
_DELIMITER = re.compile(rb"(?i)delimiter[ \t]+(\S+)[^\n]*+")
_COMMENT_MARK = re.compile(rb"/\*|\*/")
_DOLLAR_TAG = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*+)?\$")
_NAME_BYTE = re.compile(rb"[\w$\x80-\xff]")
_COPY = re.compile(rb"(?is)COPY\b.*\bFROM\s+STDIN\b")
_COPY_END = re.compile(rb"\n\\\.[ \t\r]*(?=\n|\Z)")
_CREATE = rb"CREATE\s+(?:OR\s+REPLACE\s+)?"
_RULE = re.compile(rb"(?i)" + _CREATE + rb"RULE\b")
_COMPOUND = {
    "postgres": re.compile(rb"(?is)" + _CREATE + rb"(?:FUNCTION|PROCEDURE)\b.*?\bBEGIN\s+ATOMIC\b"),
    "mysql": re.compile(rb"(?is)" + _CREATE + rb"(?:DEFINER\s*=\s*\S+\s+)?(?:TRIGGER|PROCEDURE|FUNCTION|EVENT)\b"),
    "sqlite": re.compile(rb"(?is)CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b"),
}
_COMPOUND_STEP = re.compile(
    rb"""(?isx)
    '[^']*+(?:''[^']*+)*+' | "[^"]*+" | `[^`]*+` | --[^\n]*+ | /\*.*?\*/
  | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
  | \b(?P<end>END)\b(?:\s+(?:(?P<of>IF|LOOP|WHILE|REPEAT)|CASE)\b)?
  | \b(?P<begin>BEGIN|CASE)\b
  | (?P<stop>;)
"""
)
_QUOTES = {b"'": "a string", b'"': "a quoted name", b"`": "a quoted name", b"[": "a quoted name"}


class _Splitter:
    """Walks once through a file. Stateful: one instance, one walk."""

    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self._data = data
        self._dialect = dialect
        self._delimiter = b";"
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
            start, end = position, self._trimmed(position, end)
            if end > start:
                yield RawStatement(start, end, line, problem)
            position = self._skip_copy_data(start, end, after)

    def _line_at(self, position: int) -> int:
        """Return the line of a place; places are asked for in order, so that nothing is counted twice."""
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
        while True:
            match = _GAP[self._dialect].match(self._data, position)
            position = match.end() if match else position
            if self._dialect == "postgres" and self._data.startswith(b"/*", position):
                end = self._comment_end(position)
                if end < 0:
                    return position  # a statement that is never closed, and told as such
                position = end
            elif self._dialect == "mysql" and self._data.startswith(self._delimiter, position):
                position += len(self._delimiter)
            else:
                return position

    def _client_line(self, position: int) -> RawStatement | None:
        if self._dialect == "mysql" and (match := _DELIMITER.match(self._data, position)):
            self._delimiter = match[1]
        elif not (match := _CLIENT_LINE[self._dialect].match(self._data, position)):
            return None
        return RawStatement(position, match.end(), self._line_at(position), client=True)

    def _skip_copy_data(self, start: int, end: int, after: int) -> int:
        """Return where the file goes on after a statement: behind the data of a COPY."""
        if self._dialect != "postgres" or self._data[start : start + 4].upper() != b"COPY":
            return after
        if not _COPY.match(self._data, start, end):
            return after
        match = _COPY_END.search(self._data, after)
        return match.end() if match else len(self._data)

    # ----------------------------------------------------------------------------------- inside one statement

    def _find_end(self, start: int) -> tuple[int, int, str]:
        """Return where a statement ends, where the next may begin, and what is wrong with it."""
        data, run = self._data, _run(self._dialect, self._delimiter)
        position = start
        compound_checked = False
        while True:
            match = run.match(data, position)
            position = match.end() if match else position
            if position >= len(data):
                return len(data), len(data), ""
            if data.startswith(self._delimiter, position):
                if not compound_checked and (inner := self._compound_end(start, position)) is not None:
                    compound_checked = True
                    position = inner
                    continue
                if self._is_inside_rule(start, position):
                    position += 1
                    continue
                return position, position + len(self._delimiter), ""
            step = self._step_over(position)
            if step < 0:
                what = _QUOTES.get(data[position : position + 1], "a comment")
                if data[position : position + 1] == b"$":
                    what = "a dollar-quoted string"
                line = self._line + data.count(b"\n", self._counted, position)
                return len(data), len(data), f"{what} that begins in line {line} is never closed"
            if data[position : position + 2] == b"\\g":  # psql: run it, as `;` does
                return position, step, ""
            position = step

    def _step_over(self, position: int) -> int:
        """Return the place behind a mark that the run stopped at, -1 where it never closes."""
        data = self._data
        mark = data[position : position + 1]
        if mark == b"/":
            return self._comment_end(position)
        if mark == b"$":
            tag = _DOLLAR_TAG.match(data, position)
            if tag is None or (position and _NAME_BYTE.match(data, position - 1)):
                return position + 1
            end = data.find(tag[0], tag.end())
            return end + len(tag[0]) if end >= 0 else -1
        if mark == b"\\":
            end = data.find(b"\n", position)
            return end if end >= 0 else len(data)
        return -1

    def _comment_end(self, position: int) -> int:
        """Return the place behind a comment, -1 where it never closes."""
        if self._dialect != "postgres":
            end = self._data.find(b"*/", position + 2)
            return end + 2 if end >= 0 else -1
        depth = 0
        for match in _COMMENT_MARK.finditer(self._data, position):
            depth += 1 if match[0] == b"/*" else -1
            if depth == 0:
                return match.end()
        return -1

    def _compound_end(self, start: int, position: int) -> int | None:
        """Return the `;` that ends a statement with statements inside, None where the one at `position` ends it."""
        if self._delimiter != b";":
            return None
        head = _COMPOUND[self._dialect].match(self._data, start, position)
        if head is None:
            return None
        begin = start if self._dialect != "postgres" else head.end() - len(b"BEGIN ATOMIC")
        depth = 0
        for match in _COMPOUND_STEP.finditer(self._data, max(begin, start)):
            if match["begin"]:
                depth += 1
            elif match["end"] and not match["of"]:
                depth -= 1
            elif match["stop"] and depth <= 0:
                return match.start() if match.start() > position else None
        return None

    def _is_inside_rule(self, start: int, position: int) -> bool:
        """Whether a `;` stands between the brackets of CREATE RULE … DO (…; …)."""
        if self._dialect != "postgres" or not _RULE.match(self._data, start, min(position, start + HEAD_BYTES)):
            return False
        return self._data.count(b"(", start, position) > self._data.count(b")", start, position)
