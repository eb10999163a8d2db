"""TypeScript without its layout: the syntax tree and the comments of a source, as tree-sitter reads them.

Quotes, semicolons, trailing commas, needless parentheses, line breaks and indents make no difference: the tree has
what they mean. Text within elements (JSX) is as React shows it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_typescript
from tree_sitter import Language, Parser

from runner.generation.merging.source_tokens import by_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_MARKUP = (".tsx", ".jsx", ".js")  # may have elements
_WITH_SEMICOLONS = frozenset({"for_statement", "empty_statement"})  # that have a meaning
_SEPARATED = frozenset({"interface_body", "object_type"})  # by semicolons, commas or line breaks
_CLOSING = frozenset(")]}>")
_GROUPS = frozenset({"parenthesized_expression", "parenthesized_type"})
_WITH_GROUPS = frozenset({  # whose parentheses are their own, or change what a chain of calls or a string means
    "if_statement", "while_statement", "do_statement", "switch_statement", "with_statement", "expression_statement",
    "member_expression", "subscript_expression", "call_expression", "non_null_expression",
})  # fmt: skip
_NO_BREAK_AFTER = frozenset({  # by the grammar of the language, where tree-sitter accepts a line break
    "return", "throw", "break", "continue", "yield", "async", "type", "interface", "declare", "abstract", "namespace",
    "module", "get", "set", "static", "readonly", "accessor", "asserts",
})  # fmt: skip
_NO_BREAK_BEFORE = frozenset({"++", "--", "=>", "as", "satisfies", "is", "!"})
_JSX_SPACE = " \t\r"
_NAME = re.compile(r"[A-Za-z_$][\w$]*")

Content = tuple[str, "str | tuple[Content, ...]"]  # the type of a node, and its text or what is in it
Comment = tuple[str, int, bool]  # its text, the number of tokens before it, and whether a line begins with it


def without_layout(path: str, text: str) -> tuple[Content, list[Comment]]:
    """Return the source as a tree and its comments. Raises SyntaxError where it has an error."""
    root = _parser(path.endswith(_MARKUP)).parse(text.encode()).root_node
    if root.has_error:
        raise SyntaxError(f"{path} cannot be parsed")
    source = _Source()
    return source.content(root), source.comments


@cache
def _parser(has_elements: bool) -> Parser:  # noqa: FBT001 - a key of the cache
    made = tree_sitter_typescript.language_tsx if has_elements else tree_sitter_typescript.language_typescript
    return Parser(Language(made()))


class _Source:
    """Reads a tree once, in the order of the text."""

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self._tokens = 0

    def content(self, node: Node) -> Content:
        kind = node.type
        if kind == "string" or not node.children:
            self._tokens += 1
            _refuse_break(node)
            return _string(node) if kind == "string" else (kind, _text(node))
        children = self._shown(node) if kind == "jsx_element" else self._children(node)
        found = tuple(children)
        if len(found) == 1 and (kind in {"union_type", "intersection_type"} or _is_needless(node)):
            return found[0]
        return kind, found

    def _children(self, node: Node) -> Iterator[Content]:
        needless = _is_needless(node)
        for child in node.children:
            if child.type == "comment":
                self._add_comment(child)
            elif _has_meaning(child, node.type) and not (needless and child.type in {"(", ")"}):
                yield self.content(child)

    def _shown(self, element: Node) -> Iterator[Content]:
        """Yield what is in an element, adjacent texts as one: lines are trimmed and joined, empty ones left out."""
        shown = ""
        for child in element.children:
            text = _shown_text(child)
            if text is not None:
                shown += text
                continue
            if shown:
                yield "jsx_text", shown
                shown = ""
            yield self.content(child)

    def _add_comment(self, node: Node) -> None:
        before = _beside(node, "prev_sibling")
        begins_line = before is None or _begins_line(node, before)
        self.comments.append((_text(node).strip(), self._tokens, begins_line))


def _refuse_break(token: Node) -> None:
    """Raise SyntaxError where a line break beside a token may end a statement, although the tree does not say so."""
    after, before = _beside(token, "next_sibling"), _beside(token, "prev_sibling")
    if token.type in _NO_BREAK_AFTER and after is not None and after.type != ";" and _begins_line(after, token):
        raise SyntaxError(f"a line break after {token.type}")
    if token.type in _NO_BREAK_BEFORE and before is not None and _begins_line(token, before):
        raise SyntaxError(f"a line break before {token.type}")


def _begins_line(node: Node, before: Node) -> bool:
    return before.end_point.row < node.start_point.row


def _is_needless(node: Node) -> bool:
    """Whether a node is parentheses whose meaning the tree has."""
    return node.type in _GROUPS and (node.parent is None or node.parent.type not in _WITH_GROUPS)


def _has_meaning(node: Node, parent: str) -> bool:
    """Whether a child of a node of this type is more than layout."""
    if node.type == ";":
        return parent in _WITH_SEMICOLONS
    if node.type == ",":
        after, before = _beside(node, "next_sibling"), _beside(node, "prev_sibling")
        is_last = after is None or after.type in _CLOSING
        return parent not in _SEPARATED and not (is_last and before is not None and before.type not in {"[", ","})
    return node.type not in {"|", "&"} or node.prev_sibling is not None


def _beside(node: Node, side: str) -> Node | None:
    """Return the next sibling, or the previous one, that is no comment."""
    found: Node | None = getattr(node, side)
    while found is not None and found.type == "comment":
        found = getattr(found, side)
    return found


def _string(node: Node) -> Content:
    text, parent = _text(node), node.parent
    if parent is not None and parent.type == "jsx_attribute":
        return "string", text[1:-1]  # has no escapes
    is_key = parent is not None and parent.type == "pair" and node == parent.child_by_field_name("key")
    if is_key and _NAME.fullmatch(text[1:-1]):
        return "property_identifier", text[1:-1]
    return "string", by_value(text)


def _shown_text(node: Node) -> str | None:
    """Return the text that a child of an element shows, None for another child."""
    if node.type in {"jsx_text", "html_character_reference"}:
        return _trimmed(_text(node))
    if node.type == "jsx_expression" and [child.type for child in node.children] == ["{", "string", "}"]:
        inner = _text(node.children[1])[1:-1]
        return inner if inner.isspace() and "\\" not in inner else None  # as formatters write a space at a line's end
    return None


def _trimmed(text: str) -> str:
    first, *others = text.split("\n")
    if not others:
        return text
    inner = [line.strip(_JSX_SPACE) for line in others[:-1]]
    lines = [first.rstrip(_JSX_SPACE), *inner, others[-1].lstrip(_JSX_SPACE)]
    return " ".join(line for line in lines if line)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
