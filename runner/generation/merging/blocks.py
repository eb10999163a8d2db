"""Source text as a tree of blocks, by its indentation and brackets: what a merge moves, keeps or removes as a whole.

A block is a statement, an entry of a list or an object, a line of prose. Its children are what is indented below it.
Most blocks have a **key**, such as the name of a function, a field or a column: two versions of a block have the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from runner.generation.merging.source_tokens import Language, Row, canonical, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DECLARED = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?P<kind>def|class|function|const|let|var|type|interface|enum)\s+(?P<name>[\w$]+)"
)
_FROM = re.compile(r"from\s+(?P<module>[\w.]+)\s+import\b")
_IMPORT = re.compile(r"import\s+(?P<module>[\w.]+)(?:\s+as\s+\w+)?\s*$")
_ES_IMPORT = re.compile(
    r"""(?s:(?P<kind>import(?:\s+type)?|export)\b[^;"']*?(?:from\s*)?["'](?P<module>[^"']+)["'];?\s*\Z)"""
)
_PROPERTY = re.compile(
    r"""(?:(?:readonly|static|private|public|override)\s+)*(?:"([^"]+)"|'([^']+)'|([\w$.]+))\??\s*(?::|=(?![=>]))"""
)
_METHOD = re.compile(r"(?:(?:async|static|private|public|get|set)\s+)*(?P<name>\w+)\(.*\{$")
_ELEMENT = re.compile(r"""(?:\*{0,2}|\.{0,3})(?:"[^"]*"|'[^']*'|[\w$.]+)""")
_CALL = re.compile(r"(?:await\s+)?(?P<callee>[\w$.]+)\(")
_NAMED = re.compile(r"""\bname=["']([^"']+)["']""")
_STRING = re.compile(r"""["']([^"'\n]+)["']""")
_CELL = re.compile(r"\|\s*([^|]+?)\s*\|")
_ASSIGNED_VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*[:?]?=")
_LIST_ITEM = re.compile(r"- (.+)")
_STATEMENT = re.compile(
    r"(?:if|elif|else|for|while|with|try|except|finally|switch|case|default|do|match|return|assert|raise|throw|pass"
    r"|continue|break|async|await|del|global|lambda|yield|export default)\b(?!\s*=[^=]|:\s)"
)
_ONLY_ONE = {name: name for name in ("return", "export default")}  # statements that stand once in a list of blocks
_GOES_ON = ("else", "elif", "except", "finally", "</", "/>", ">")  # a line that continues the block above it
_COMMENTS = {"python": ("#",), "typescript": ("//", "/*", "*"), "yaml": ("#",), "lines": ("#",)}


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A line of a block at its own indent, and the blocks that are indented below it."""

    header: tuple[str, ...]
    children: tuple[Block, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block: the blank lines before it, its comments and decorators, and its segments.

    `comma` tells whether a comma ends it, which is not in its segments. `listed` tells whether it stands in brackets.
    """

    language: Language
    blanks: int
    lead: tuple[str, ...]
    segments: tuple[Segment, ...]
    comma: bool = False
    listed: bool = False
    opening: bool = False  # the comment that a file begins with

    @cached_property
    def body(self) -> tuple[str, ...]:
        """The lines of the block without blank lines before it, its lead and its comma."""
        return tuple(line for segment in self.segments for line in (*segment.header, *lines_of(segment.children)))

    @cached_property
    def content(self) -> str:
        """Text that is equal for two blocks that differ in layout at most."""
        return canonical("\n".join((*self.lead, *self.body)), self.language)

    @cached_property
    def key(self) -> str | None:
        """What identifies the block among its siblings in each version; None for one without a name."""
        return _key(self)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the block as they were, without the blank lines before it."""
        *first, last = self.body
        return (*self.lead, *first, last + "," if self.comma else last)


def parse(text: str, language: Language) -> tuple[Block, ...]:
    """Return the blocks of a text. Blank lines at its end are left out."""
    blocks = _blocks(rows(text, language), language)
    if not blocks:
        return ()
    first, *others = blocks
    if first.lead and (first.key or "").startswith(("import ", "from ")):  # it describes the file, not the import
        comment = _blocks(rows("\n".join(first.lead), language), language)
        return (replace(comment[0], opening=True), *comment[1:], replace(first, blanks=0, lead=()), *others)
    return (replace(first, opening=_is_lead(first)), *others)


def lines_of(blocks: Iterable[Block]) -> list[str]:
    """Return the lines of blocks as they were, with blank lines between them."""
    lines: list[str] = []
    for block in blocks:
        lines += [""] * block.blanks
        lines += block.lines
    return lines


def _blocks(found: Sequence[Row], language: Language) -> tuple[Block, ...]:
    groups: list[tuple[int, list[Row]]] = []  # each with the number of blank lines before it
    blanks = 0
    first: Row | None = None
    for row in found:
        if not row.text and len(row.lines) == 1:
            blanks += 1
            continue
        first = first or row
        if groups and _continues(row, first):
            groups[-1][1].extend([Row(("",), 0, row.depth)] * blanks)
            groups[-1][1].append(row)
        else:
            groups.append((blanks, [row]))
        blanks = 0
    return _with_leads([_block(blanks, group, language) for blanks, group in groups])


def _continues(row: Row, first: Row) -> bool:
    if row.indent > first.indent or row.depth > first.depth:
        return True
    return row.text.startswith(_GOES_ON)


def _block(blanks: int, group: list[Row], language: Language) -> Block:
    indent = group[0].indent
    parts: list[tuple[Row, list[Row]]] = []
    for row in group:
        if not parts:
            parts.append((row, []))
        elif row.indent > indent or not row.text:
            parts[-1][1].append(row)
        else:
            below = parts[-1][1]
            blank = 0
            while below and not below[-1].text:
                below.pop()
                blank += 1
            parts.append((row._replace(lines=(*[""] * blank, *row.lines)), []))
    comma = group[0].depth > 0 and group[-1].lines[-1].rstrip().endswith(",")
    if comma:
        last = group[-1]
        lines = (*last.lines[:-1], last.lines[-1].rstrip()[:-1])
        if parts[-1][1]:
            parts[-1][1][-1] = last._replace(lines=lines)
        else:
            parts[-1] = (last._replace(lines=lines), [])
    segments = tuple(Segment(header=row.lines, children=_blocks(below, language)) for row, below in parts)
    return Block(language=language, blanks=blanks, lead=(), segments=segments, comma=comma, listed=group[0].depth > 0)


def _with_leads(found: list[Block]) -> tuple[Block, ...]:
    """Return the blocks with comments and decorators as part of the block that they precede."""
    result: list[Block] = []
    waiting: list[Block] = []
    for block in found:
        if waiting and block.blanks:
            result += waiting
            waiting = []
        if _is_lead(block):
            waiting.append(block)
            continue
        lead = tuple(line for each in waiting for line in each.lines)
        result.append(replace(block, blanks=waiting[0].blanks, lead=lead) if waiting else block)
        waiting = []
    return (*result, *waiting)


def _is_lead(block: Block) -> bool:
    text = block.segments[0].header[0].strip()
    return text.startswith((*_COMMENTS.get(block.language, ()), "@")) and block.language != "markdown"


def _key(block: Block) -> str | None:
    if block.opening:
        return "opening comment"
    text = block.segments[0].header[0].strip()
    match block.language:
        case "markdown":
            cell = _CELL.match(text)
            return f"| {cell[1]}" if cell and not set(cell[1]) <= set("-: ") else None
        case "lines":
            assigned = _ASSIGNED_VARIABLE.match(text)
            return assigned[1] if assigned else None
        case "yaml":
            named = _PROPERTY.match(text)
            return _first(named) if named else text if _LIST_ITEM.match(text) else None
        case _:
            return _source_key(block, text)


def _source_key(block: Block, text: str) -> str | None:
    whole = "\n".join(block.body).strip()
    if (key := _import_key(block.language, text, whole)) is not None:
        return key
    if found := _DECLARED.match(text):
        return f"{found['kind']} {found['name']}"
    if statement := _STATEMENT.match(text):
        return _ONLY_ONE.get(statement[0])
    if found := _PROPERTY.match(text):
        return _first(found)
    if found := _METHOD.match(text):
        return f"method {found['name']}"
    return text.replace("'", '"') if _ELEMENT.fullmatch(text) else _call_key(text, whole)


def _import_key(language: Language, text: str, whole: str) -> str | None:
    if language == "python":
        found = _FROM.match(text)
        if found:
            return f"from {found['module']}"
        return "docstring" if text.startswith(('"""', 'r"""')) else text if _IMPORT.match(text) else None
    found = _ES_IMPORT.match(whole) if text.startswith(("import", "export")) else None
    return f"{' '.join(found['kind'].split())} {found['module']}" if found else None


def _call_key(text: str, whole: str) -> str | None:
    """Return what a call or an object is known by: its name, or the first string in it."""
    called = _CALL.match(text)
    if called is None and text not in {"{", "["}:
        return None
    named = _NAMED.search(whole) or _STRING.search(whole)
    if called is None:
        return f"{text} {named[1]}" if named else None
    return f"{called['callee']}({named[1] if named else ''}"


def _first(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None)
