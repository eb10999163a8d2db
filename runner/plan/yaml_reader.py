"""Reads a YAML file as plain values, each with its line and column.

It uses PyYAML's events instead of its constructor, for three reasons: every value keeps its place; a scalar that YAML
1.1 and 1.2 read differently is an error instead of a surprise; size and depth are bounded while the file is read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from runner.plan.yaml_file import decode
from runner.plan.yaml_nodes import Node, did_you_mean, field_name, shown
from runner.records.errors import PlanError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_NODES = 250_000  # values, aliased ones counted each time: a bound for anchors inside anchors
MAX_DEPTH = 40  # a plan's own keys need 5 levels; the rest is for `options`

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
_resolve: Callable[..., str] = yaml.SafeLoader("").resolve  # returns the tag that YAML 1.1 gives a plain scalar

# What YAML 1.1 and 1.2 read alike. Any other scalar that one of them does not read as text is an error.
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|\.[0-9]+(?:[eE][-+][0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_IN_1_2 = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BOOL_IN_1_1 = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_MAX_DIGITS = 300  # of a whole number: what a float can still represent

_TAG = "tag:yaml.org,2002:"
_TAG_TYPES: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_SURROGATE = re.compile("[\ud800-\udfff]")

# Part of a parser's message, what to report instead, and what to do.
_SYNTAX = (
    (
        "mapping values are not allowed",
        "a colon is not allowed here",
        "Put a value that contains ': ' in quotes.",
    ),
    ("could not find expected ':'", "a key has no colon", "Write key: value, and put longer text in quotes."),
    (
        "did not find expected key",
        "this line does not match the one before",
        "Check its indentation and the quotes.",
    ),
    (
        "expected <block end>",
        "this line does not match the one before",
        "Check its indentation and the quotes.",
    ),
    ("did not find expected '-'", "this line is not a list entry", "Begin it with '- ', or indent it further."),
    (
        "did not find expected ',' or",
        "a [list] or {mapping} is not closed",
        "Close it, and put ',' between entries.",
    ),
    ("expected ',' or", "a [list] or {mapping} is not closed", "Close it, and put ',' between entries."),
    ("unexpected end of stream", "a quote that opens here is never closed", "Close it."),
    (
        "cannot start any token",
        "a value begins with a character that YAML reserves",
        "Put the value in quotes.",
    ),
)


def read_yaml(name: str, data: bytes) -> tuple[Node, list[Problem]]:
    """Return the value of the file `name`, and the problems that did not prevent the rest from being read.

    Raises `PlanError` where reading cannot go on after a problem: no text, no YAML.
    """
    reader = _Reader(name, decode(name, data))
    return reader.read(), reader.problems


@dataclass(slots=True)
class _OpenCollection:
    """A list or mapping whose end has not been read yet."""

    line: int
    column: int
    is_map: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    keys: dict[str, Node] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    merged: list[Node] = field(default_factory=list)
    key: Node | None = None  # whose value has not been read yet
    nodes: int = 1
    depth: int = 1


class _Reader:
    """Builds the tree of values from PyYAML's events, without recursion, so that depth needs no stack."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.problems: list[Problem] = []
        self._stack: list[_OpenCollection] = []
        self._anchors: dict[str, Node | None] = {}  # None while the anchored value is still open
        self._nodes = 0

    def read(self) -> Node:
        root: Node | None = None
        documents = 0
        try:
            for event in _events(self.text):
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        expected = "A plan is one document: remove the '---'."
                        self._report(event, "a second document begins here", expected)
                        break
                elif (node := self._node(event)) is not None:
                    if self._stack:
                        self._put(node)
                    else:
                        root = node
        except yaml.YAMLError as error:
            raise PlanError([*self.problems, self._syntax_problem(error)]) from None
        if root is None or root.value is None:
            expected = "`runner init DDL` writes a plan to start from."
            empty = Problem(file=self.file, message="the plan is empty", expected=expected)
            raise PlanError([*self.problems, empty])
        return root

    def _node(self, event: yaml.Event) -> Node | None:
        """Return the value that this event completes, if it completes one."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            return self._close()
        return None

    def _report(self, at: yaml.Event | Node, message: str, expected: str) -> None:
        line, column = (at.line, at.column) if isinstance(at, Node) else _place(at.start_mark)
        self.problems.append(Problem(file=self.file, line=line, column=column, message=message, expected=expected))

    def _fatal(self, at: yaml.Event, message: str, expected: str) -> PlanError:
        self._report(at, message, expected)
        return PlanError(self.problems)

    def _count(self, event: yaml.Event, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            message = f"the plan has more than {MAX_NODES:,} values"
            why = " with its aliases written out" if isinstance(event, yaml.AliasEvent) else ""
            raise self._fatal(event, message + why, "Use fewer aliases of aliases, or split the plan.")
        if len(self._stack) + depth > MAX_DEPTH:
            message = f"lists and mappings are nested more than {MAX_DEPTH} deep"
            raise self._fatal(event, message, "Flatten it: a plan itself needs 5 levels.")

    def _path(self) -> Iterator[str | int]:
        """Yield the keys and indexes that lead to the value that is being read."""
        for level in self._stack:
            if not level.is_map:
                yield len(level.items)
            elif level.key is not None:
                yield level.key.text or ""

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        self._count(event, 1, 1)
        line, column = _place(event.start_mark)
        node = Node(line, column, event.value, event.value, bool(event.style))
        if _SURROGATE.search(node.value):  # libyaml refuses these itself
            self._report(event, "half of a surrogate pair is not a character", "Write the whole character.")
            node.value = node.text = ""
        is_key = bool(self._stack) and self._stack[-1].is_map and self._stack[-1].key is None
        if event.tag in _TAG_TYPES:
            node.value = self._plain(event)
            if not isinstance(node.value, _TAG_TYPES[event.tag]):
                self._report(event, f"{shown(event.value)} does not match its tag", "Remove the tag.")
        elif event.tag not in {None, "!", f"{_TAG}str"}:
            self._refuse_tag(event)
        elif event.tag is None and not event.style and not is_key:
            node.value = self._plain(event)
        self._anchor(event.anchor, node)
        return node

    def _plain(self, event: yaml.ScalarEvent) -> Any:
        """Return the value of an unquoted scalar; report one on which YAML readers differ."""
        text = event.value
        if _NULL.fullmatch(text):
            return None
        if found := _BOOL.fullmatch(text):
            return bool(found[1])
        if _INT.fullmatch(text) and len(text) < _MAX_DIGITS:
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        tag_1_1 = _resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_TAG)
        if tag_1_1 in {"str", "value", "merge"} and not _NUMBER_IN_1_2.fullmatch(text):
            return text
        word = shown(text)
        quotes = f'Put it in quotes if you mean the text "{word}"'
        if _NOT_FINITE.fullmatch(text) or _INT.fullmatch(text) or _FLOAT.fullmatch(text):
            said, expected = "is not a finite number", "Write a number in digits."
        elif tag_1_1 == "bool":
            said = "is a boolean to some YAML readers and text to others"
            expected = f"{quotes}, or write {_BOOL_IN_1_1[text.lower()]}."
        elif tag_1_1 == "timestamp":
            said, expected = (
                "is a date to some YAML readers and text to others",
                f'Put it in quotes: "{word}".',
            )
        else:
            said = "has different meanings to different YAML readers"
            expected = f"{quotes}, or write a plain decimal number."
        self._report(event, f"{field_name(self._path())} {word} {said}".strip(), expected)
        return text

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        tag = shown(str(event.tag).replace(_TAG, "!!"))
        self._report(event, f"the tag {tag} cannot be used here", "A plan takes plain values: remove the tag.")

    def _alias(self, event: yaml.AliasEvent) -> Node:
        anchor = str(event.anchor)
        name = shown(anchor)
        if anchor not in self._anchors:
            known = did_you_mean(anchor, self._anchors) or f"Write &{name} before the value that is meant."
            raise self._fatal(event, f"the alias *{name} has no anchor above it", known)
        node = self._anchors[anchor]
        if node is None:
            raise self._fatal(event, f"the alias *{name} is inside its own anchor", "Remove it.")
        self._count(event, node.nodes, node.depth)
        return node

    def _anchor(self, name: str | None, node: Node | None) -> None:
        if name is not None:
            self._anchors[name] = node

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        self._count(event, 1, 1)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in {None, "!", f"{_TAG}map" if is_map else f"{_TAG}seq"}:
            self._refuse_tag(event)
        self._stack.append(_OpenCollection(*_place(event.start_mark), is_map, event.anchor))
        self._anchor(event.anchor, None)

    def _close(self) -> Node:
        level = self._stack.pop()
        for base in level.merged:
            for name, value in base.values.items():
                if name not in level.values:
                    level.keys[name], level.values[name] = base.keys[name], value
        node = Node(
            level.line,
            level.column,
            {name: value.value for name, value in level.values.items()}
            if level.is_map
            else [item.value for item in level.items],
            items=level.items,
            keys=level.keys,
            values=level.values,
            nodes=level.nodes,
            depth=level.depth,
        )
        self._anchor(level.anchor, node)
        return node

    def _put(self, node: Node) -> None:
        """Add a value to the innermost open list or mapping: as an entry, a key, or a key's value."""
        level = self._stack[-1]
        level.nodes += node.nodes
        level.depth = max(level.depth, node.depth + 1)
        if not level.is_map:
            level.items.append(node)
        elif level.key is None:
            level.key = node
        else:
            self._put_entry(level, level.key, node)
            level.key = None

    def _put_entry(self, level: _OpenCollection, key: Node, value: Node) -> None:
        if not key.text:
            message = "a list or mapping cannot be a key" if key.text is None else "a key is empty"
            self._report(key, message, "Write key: value.")
        elif key.text == "<<" and not key.quoted:
            bases = value.items if isinstance(value.value, list) else [value]
            if all(isinstance(base.value, dict) for base in bases):
                level.merged += bases
            else:
                self._report(value, "<< takes a mapping, or a list of them", "Name one by its alias: <<: *name.")
        elif key.text in level.values:
            first = level.keys[key.text].line
            self._report(key, f"the key {key} is already on line {first}", "Keep one of the two.")
        else:
            level.keys[key.text], level.values[key.text] = key, value

    def _syntax_problem(self, error: yaml.YAMLError) -> Problem:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "this is not YAML")
        line, column = _place(mark)
        lines = self.text.splitlines()
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        tab = text.find("\t", 0, max(column, len(text) - len(text.lstrip())))
        message, expected = said, "Check the indentation and the quotes here."
        if tab >= 0 and "'" not in text[:tab] and '"' not in text[:tab]:
            column = tab + 1
            message, expected = "YAML does not allow a tab here", "Use spaces."
        else:
            for part, message_for, expected_for in _SYNTAX:
                if part in said:
                    message, expected = message_for, expected_for
                    break
            if "end of stream" in said:
                line, column = _place(getattr(error, "context_mark", None) or mark)
        return Problem(file=self.file, line=line, column=column, message=message, expected=expected)


def _events(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a YAML text; raises `yaml.YAMLError` for text that is not YAML.

    The libyaml of PyYAML 6.0.4 refuses a flow list of 1,000 levels while it scans ahead, before it has returned the
    events of the first levels. The rest is then read by the parser in Python, which returns them one by one, so that
    the caller's own limit is reported at its place with every version.
    """
    count = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            count += 1
            yield event
    except yaml.scanner.ScannerError as error:
        if "nesting depth" not in str(error.problem):
            raise
        yield from islice(yaml.parse(text, Loader=yaml.SafeLoader), count, None)


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
