"""What the splitter cannot step over by one pattern: where strings, comments and dollar quotes end, in bytes."""

from __future__ import annotations

import re

_ESCAPES_AT_ONCE = 1000  # bounds what the regular expression engine remembers
_ESCAPED = {
    quote: re.compile(
        rb"[^%(q)s\\]*(?:(?:\\.|%(q)s%(q)s)[^%(q)s\\]*){0,%(n)d}" % {b"q": quote, b"n": _ESCAPES_AT_ONCE}, re.DOTALL
    )
    for quote in (b"'", b'"')
}
_COMMENT_MARK = re.compile(rb"/\*|\*/")
_DOLLAR_TAG = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$")
_NAME_BYTE = re.compile(rb"[\w$\x80-\xff]")


def end_of_escaped_string(data: bytes, position: int) -> int:
    """Return the position after a string with backslash escapes that begins at `position`, -1 if it never ends."""
    quote = data[position : position + 1]
    pattern, position = _ESCAPED[quote], position + 1
    while True:
        match = pattern.match(data, position)
        end = match.end() if match else position
        if data.startswith(quote, end) and not data.startswith(quote * 2, end):
            return end + 1
        if end == position:
            return -1
        position = end


def end_of_nested_comment(data: bytes, position: int) -> int:
    """Return the position after a comment that may hold comments, -1 if it never ends."""
    depth = 0
    for match in _COMMENT_MARK.finditer(data, position):
        depth += 1 if match[0] == b"/*" else -1
        if depth == 0:
            return match.end()
    return -1


def end_of_dollar_quote(data: bytes, position: int) -> int:
    """Return the position after a dollar-quoted string, or after a `$` that opens none; -1 if it never ends."""
    tag = _DOLLAR_TAG.match(data, position)
    if tag is None or (position and _NAME_BYTE.match(data, position - 1)):
        return position + 1
    return _after(data, tag[0], tag.end())


def end_of_line(data: bytes, position: int) -> int:
    """Return the position of the next line end, or of the end of the data."""
    end = data.find(b"\n", position)
    return end if end >= 0 else len(data)


def _after(data: bytes, mark: bytes, position: int) -> int:
    end = data.find(mark, position)
    return end + len(mark) if end >= 0 else -1
