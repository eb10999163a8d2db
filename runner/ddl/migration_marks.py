"""Marks in a migration file: the comments by which its tool finds the way up, the way down, and other databases' parts.

goose, dbmate, Play's evolutions, node-pg-migrate, tern and others keep both ways in one file. Liquibase marks change
sets that run on some databases only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HEAD_BYTES = 65536  # of a file, within which its first mark is


class _Tool(NamedTuple):
    """The lines of a tool; without `up` the way up begins with the file, and `sign` is in each way down."""

    name: str
    down: re.Pattern[bytes]
    up: re.Pattern[bytes] | None = None
    sign: bytes = b""


def _line(mark: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?im)^[ \t]*" + mark + rb"[^\n]*")


_WAYS = (
    ("goose", rb"--[ \t]*\+goose[ \t]+up\b", rb"--[ \t]*\+goose[ \t]+down\b"),
    ("sql-migrate", rb"--[ \t]*\+migrate[ \t]+up\b", rb"--[ \t]*\+migrate[ \t]+down\b"),
    ("micrate", rb"--[ \t]*\+micrate[ \t]+up\b", rb"--[ \t]*\+micrate[ \t]+down\b"),
    ("dbmate", rb"--[ \t]*migrate:up\b", rb"--[ \t]*migrate:down\b"),
    ("rambler", rb"--[ \t]*rambler[ \t]+up\b", rb"--[ \t]*rambler[ \t]+down\b"),
    ("node-pg-migrate", rb"--[ \t-]*up[ \t]+migration\b", rb"--[ \t-]*down[ \t]+migration\b"),
    ("shmig", rb"--[ \t]*=+[ \t]*up[ \t]*=+", rb"--[ \t]*=+[ \t]*down[ \t]*=+"),
    ("Aerich", rb"--[ \t]*upgrade[ \t]*--", rb"--[ \t]*downgrade[ \t]*--"),
    ("Play", rb"(?:#|--)[^\n]*!ups\b", rb"(?:#|--)[^\n]*!downs\b"),
)
_TOOLS = (
    *(_Tool(name, _line(down), _line(up)) for name, up, down in _WAYS),
    _Tool("MyBatis Migrations", _line(rb"--[ \t/]*@UNDO\b"), sign=b"@UNDO"),
    _Tool("tern", _line(rb"-{4} create above / drop below -{4}"), sign=b"create above / drop below"),
)
_ANY_WAY_UP = _line(rb"(?:%s)" % rb"|".join(up for _, up, _ in _WAYS))  # most files have none: one search, not nine
_PLAY_COMMENT = re.compile(rb"(?m)^#[^\n]*")  # which is none in SQL
_LIQUIBASE = re.compile(rb"(?i)\s*--[ \t]*liquibase formatted sql\b")
_CHANGE_SET = re.compile(rb"(?im)^[ \t]*--[ \t]*changeset[ \t][^\n]*")
_DATABASES = re.compile(rb"(?i)\bdbms:[ \t]*(?:\"([^\"]*)\"|'([^']*)'|([^\s]+))")


class LeftOut(NamedTuple):
    """Parts of a file that are not run: the line of the first, 0 where there is none, and why."""

    line: int
    reason: str


def marking_tool(data: bytes) -> str | None:
    """Return the tool whose mark is in the head of a file, None where there is none."""
    head = data[:HEAD_BYTES]
    if _LIQUIBASE.match(head):
        return "Liquibase"
    return next((tool.name for tool in _TOOLS if (tool.up or tool.down).search(head)), None)


def without_parts_not_run(data: bytes, databases: Collection[str]) -> tuple[bytes, LeftOut]:
    """Return a migration with blank lines for what its tool does not run on the way up.

    `databases` are the names of the database that the schema is for, in lower case.
    """
    if _LIQUIBASE.match(data[:HEAD_BYTES]):
        parts = list(_change_sets_for_others(data, databases))
        return _blanked(data, parts), LeftOut(_line_of(data, parts), "change sets of Liquibase for other databases")
    if _ANY_WAY_UP.search(data, 0, HEAD_BYTES) is None and not any(tool.sign in data for tool in _TOOLS if tool.sign):
        return data, LeftOut(0, "")
    for tool in _TOOLS:
        if tool.sign in data if tool.up is None else tool.up.search(data, 0, HEAD_BYTES):
            parts = list(_ways_down(data, tool))
            kept = _blanked(data, parts)
            kept = _PLAY_COMMENT.sub(b"", kept) if tool.name == "Play" else kept
            return kept, LeftOut(_line_of(data, parts), f"the way down of {tool.name}, which is not run")
    return data, LeftOut(0, "")


def _ways_down(data: bytes, tool: _Tool) -> Iterator[tuple[int, int]]:
    position = 0
    while (down := tool.down.search(data, position)) is not None:
        up = tool.up.search(data, down.end()) if tool.up else None
        position = up.start() if up else len(data)
        yield down.start(), position


def _change_sets_for_others(data: bytes, databases: Collection[str]) -> Iterator[tuple[int, int]]:
    heads = list(_CHANGE_SET.finditer(data))
    ends = [*(head.start() for head in heads[1:]), len(data)]
    for head, end in zip(heads, ends, strict=True):
        if (named := _DATABASES.search(head[0])) is not None:
            words = (named[1] or named[2] or named[3]).decode("utf-8", "replace").lower().split(",")
            if not _runs_on([word.strip() for word in words], databases):
                yield head.start(), end


def _runs_on(words: list[str], databases: Collection[str]) -> bool:
    """Return whether a list of databases such as `h2, mysql` or `!oracle` means one of `databases`."""
    wanted = {word for word in words if not word.startswith("!")}
    excluded = {word.removeprefix("!") for word in words} - wanted
    return not excluded & set(databases) and (not wanted or bool(wanted & {*databases, "all"}))


def _blanked(data: bytes, parts: list[tuple[int, int]]) -> bytes:
    kept, position = [], 0
    for start, end in parts:
        kept += [data[position:start], b"\n" * data.count(b"\n", start, end)]
        position = end
    return b"".join([*kept, data[position:]]) if parts else data


def _line_of(data: bytes, parts: list[tuple[int, int]]) -> int:
    return data.count(b"\n", 0, parts[0][0]) + 1 if parts else 0
