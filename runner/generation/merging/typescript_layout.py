"""TypeScript without its layout: a text that is equal for two sources with the same tokens and comments.

Quotes, trailing commas, semicolons at the end of a line, line breaks and indents make no difference. A line break is
kept where it takes a parser to say whether it ends a statement. Text within elements (JSX) is as React shows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.generation.merging.source_tokens import CLOSING, OPENING, REGEXP, TYPESCRIPT

if TYPE_CHECKING:
    from collections.abc import Sequence

_END = ";"  # a statement ends here, by a semicolon or by a line break
_JSX_SPACE = " \t\r"
_TAG = re.compile(r"<(?P<name>[A-Za-z_$][\w$.:-]*)?(?=[\s/>])")
_END_TAG = re.compile(r"</\s*(?P<name>[A-Za-z_$][\w$.:-]*)?\s*>")
_IN_TAG = re.compile(
    r"""(?s:(?P<space>\s+)|(?P<end>/?>)|(?P<string>"[^"]*"|'[^']*')|(?P<name>[\w$.:-]+)|(?P<mark>[={])"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/))"""
)
_SHOWN = re.compile(r"[^{<]+")
_TEMPLATE_TEXT = re.compile(r"(?s)(?:[^`\\$]|\\.|\$(?!\{))+")
_AFTER_GROUP = re.compile(
    r"(?s)(?:\s|//[^\n]*|/\*.*?\*/)*+(?:[;,)}]|\Z|(?!in\b|instanceof\b|as\b|satisfies\b|is\b)[\w$])"
)
_BEFORE_GROUP = frozenset({"return", "=>", "&", "|", "?", ":", "="})
_COMMENTS = ("\n//", "\n/*", " //", " /*")
_ESCAPE = re.compile(r'(?s)\\(.)|"')
_OPERATORS = frozenset("+-*/%=<>!&|^~?:")
_HEADS = frozenset({"if", "for", "while", "with"})  # a statement follows the parentheses
_BEFORE_OPERAND = frozenset({
    "await", "case", "default", "delete", "do", "else", "in", "instanceof", "new", "of", "return", "throw", "typeof",
    "void", "yield",
})  # fmt: skip
_GO_ON_AFTER = frozenset("=&|:,;([{^~%*/.<")  # no statement ends with one of these
_GO_ON_BEFORE = frozenset(")]},;.?:=&|^%>")  # and none begins with one of these
_GO_ON_WORDS = frozenset({"else", "catch", "finally", "extends", "implements", "instanceof"})
_UNCLEAR_AFTER = (_BEFORE_OPERAND - {"return", "yield"}) | frozenset({
    "abstract", "accessor", "as", "asserts", "async", "class", "const", "declare", "enum", "export", "extends",
    "finally", "from", "function", "get", "implements", "import", "infer", "interface", "is", "keyof", "let",
    "module", "namespace", "override", "private", "protected", "public", "readonly", "satisfies", "set", "static",
    "try", "type", "unique", "using", "var",
})  # fmt: skip
_UNCLEAR_BEFORE = frozenset({
    "as", "from", "in", "is", "of", "satisfies",
})  # fmt: skip


class UnclearError(Exception):
    """What a token is cannot be said without a parser."""


class _Token(NamedTuple):
    kind: str  # as in `source_tokens`, or `regexp`, `template`, `tag`, `end`
    text: str


class _Bracket(NamedTuple):
    text: str
    head: bool = False  # of `if`, `for` and the like
    statements: bool = False  # line breaks may end statements in it
    group: str = ""  # what precedes it, where it may be needless
    at: int = 0  # its place in what was found


def without_layout(text: str, *, jsx: bool) -> str:
    """Return the source without its layout. `jsx` tells whether it may have elements.

    Raises UnclearError where it cannot be told apart from another source.
    """
    return _Source(text, jsx=jsx).canonical()


class _Source:
    """Reads a text once, from token to token."""

    def __init__(self, text: str, *, jsx: bool) -> None:
        self._text = text
        self._jsx = jsx
        self._position = 0
        self._found: list[str] = []
        self._brackets: list[_Bracket] = []
        self._before = self._last = _Token("mark", "(")  # the last two tokens, spaces and comments left out
        self._closed_head = False
        self._element_at = 0  # where the last element begins in what was found
        self._gap: list[_Token] = []  # spaces and comments since the last token

    def canonical(self) -> str:
        while self._position < len(self._text):
            self._step()
        self._fill_gap(_Token("end", ""))
        if self._brackets:
            raise UnclearError
        return "".join(self._found)

    def _step(self) -> None:
        token = self._next()
        if token.kind in {"tag", "template"}:
            self._fill_gap(token)
            read = self._element if token.kind == "tag" else self._template
            read()
            self._before, self._last, self._closed_head = self._last, token, False
            return
        self._position += len(token.text)
        if token.kind in {"space", "comment"}:
            self._gap.append(token)
        else:
            self._take(token)

    def _next(self) -> _Token:
        if self._text[self._position] == "`":
            return _Token("template", "`")
        found = TYPESCRIPT.match(self._text, self._position)
        assert found is not None  # noqa: S101 - its last alternative matches any character
        token = _Token(str(found.lastgroup), found[0])
        if token.kind == "mark" and token.text in {'"', "'"}:  # a string that does not end on its line
            raise UnclearError
        if token.text == "/" and not self._follows_value():
            regexp = REGEXP.match(self._text, self._position)
            if regexp is None:
                raise UnclearError
            return _Token("regexp", regexp[0])
        if token.text == "<" and self._jsx and not self._follows_value():
            return _Token("tag", token.text)
        return token

    def _follows_value(self) -> bool:
        """Whether an operator may come next, where otherwise a value would."""
        if self._closed_head:
            return False
        if self._last.kind == "word":
            return self._last.text not in _BEFORE_OPERAND
        if self._last.text == "}" or (self._last.text == "!" and self._before.text not in _OPERATORS | {"(", ","}):
            raise UnclearError  # the end of a block or of an object; `!` after a value or before one
        return self._last.kind != "mark" or self._last.text in {")", "]"} or self._is_doubled("+-")

    def _is_doubled(self, marks: str) -> bool:
        return self._last.kind == "mark" and self._last.text in marks and self._last == self._before

    def _take(self, token: _Token) -> None:
        self._fill_gap(token)
        text = token.text
        closes_head = False
        if token.kind == "string":
            text = by_value(text)
        elif token.kind == "mark" and text in OPENING:
            self._open(text)
        elif token.kind == "mark" and text in CLOSING:
            closes_head, text = self._close(text)
        elif token.kind == "mark" and text == ">" and self._last.text == ",":  # of types
            self._remove_comma()
        elif text in {"|", "&"} and self._last.text in {"=", "(", "<", ":", ","}:  # before the first of several types
            if self._found[-1] == " ":
                self._found.pop()
            text = ""
        if token == _Token("mark", ";"):
            self._end_statement()
        elif text:
            self._found.append(text)
        self._before, self._last, self._closed_head = self._last, token, closes_head

    def _open(self, text: str) -> None:
        last = self._last.text
        before = self._before.text + last if last == ">" else last
        head = last in _HEADS or (self._before.text, last) == ("for", "await")
        self._brackets.append(
            _Bracket(
                text,
                head=head and text == "(",
                statements=text == "{",
                group=before if text == "(" and before in _BEFORE_GROUP else "",
                at=len(self._found),
            )
        )

    def _close(self, text: str) -> tuple[bool, str]:
        """Forget the innermost bracket. Return whether it is of a head, and what to write for the closing one."""
        if not self._brackets or OPENING[self._brackets[-1].text] != text:
            raise UnclearError
        self._remove_comma()
        bracket = self._brackets.pop()
        if bracket.group and self._is_needless(bracket):
            first = self._found[bracket.at + 1]
            joins = first[0].isalnum() if bracket.group == "return" else first in _OPERATORS
            self._found[bracket.at] = " " if joins and not first.startswith("\0") else ""
            text = ""
        return bracket.head, text

    def _is_needless(self, bracket: _Bracket) -> bool:
        """Whether parentheses may be left out: around an element, or all that is returned."""
        if self._last.kind == "tag" and self._element_at == bracket.at + 1:
            return True
        inside = self._found[bracket.at + 1 :]
        if bracket.group not in {"return", "=>"} or not inside or inside[0] in {"{", "function", "class"}:
            return False
        return not _has_comma(inside) and _AFTER_GROUP.match(self._text, self._position) is not None

    def _remove_comma(self) -> None:
        """Remove a comma at the end, from before comments."""
        at = len(self._found) - 1
        while self._found[at].startswith(_COMMENTS):
            at -= 1
        if self._found[at] == "," and self._found[at - 1] not in {"[", ","}:  # `[,]` has an item
            del self._found[at]

    def _end_statement(self) -> None:
        if self._brackets and not self._brackets[-1].statements:
            self._found.append("for ;")
        elif self._closed_head or self._last.text in {"else", "do"}:
            self._found.append("{ ; }")  # a statement that does nothing
        elif self._found and self._found[-1] not in {_END, "{"}:
            self._found.append(_END)

    def _fill_gap(self, token: _Token) -> None:
        """Add what is before a token: the end of a statement, comments, a line break or space that has a meaning."""
        gap, self._gap = self._gap, []
        end = self._line_break(token) if any("\n" in part.text for part in gap) else ""
        if end == _END:
            self._end_statement()
        if token.text in {"}", "", "else"} and self._found and self._found[-1] == _END:
            self._found.pop()
        for before, part in zip((_Token("space", ""), *gap), gap, strict=False):
            if part.kind == "comment":
                self._found.append(_comment(part.text, begins_line="\n" in before.text or not self._found))
        if end == "\n" or (gap and not end and _would_join(self._last, token)):
            self._found.append(end or " ")

    def _line_break(self, token: _Token) -> str:
        """Return what a line break before a token means: the end of a statement, nothing, or itself where unclear."""
        last, text = self._last.text, token.text
        if last == "async":
            return "\n"
        ended = token.kind == "end" or not self._found or (self._brackets and not self._brackets[-1].statements)
        goes_on = text in _GO_ON_WORDS or (token.kind == "mark" and text in _GO_ON_BEFORE)
        if ended or goes_on or self._closed_head or last == "else":
            return ""
        if self._last.kind == "mark" and (
            last in _GO_ON_AFTER
            or (last in {"+", "-"} and not self._is_doubled("+-"))
            or (last == ">" and self._before.text == "=")
            or self._is_doubled("?")
        ):
            return ""
        begins = token.kind in {"word", "string"} or text in {"@", "#"} or (text == "{" and last == "}")
        if not begins or text in _UNCLEAR_BEFORE or (last == "}" and text == "while"):
            return "\n"
        is_type = (self._before.text, last) == ("as", "const") or (self._before.text in {">", ":"} and last == "void")
        return "\n" if last in _UNCLEAR_AFTER and not is_type else _END

    def _template(self) -> None:
        """Read a template: its text as it is, and the expressions in it."""
        self._position += 1
        self._found.append("`")
        while not self._text.startswith("`", self._position):
            if (text := _TEMPLATE_TEXT.match(self._text, self._position)) is not None:
                self._found.append(f"\0{text[0]}\0")
                self._position = text.end()
            elif self._text.startswith("${", self._position):
                self._position += 2
                self._braces()
            else:
                raise UnclearError
        self._position += 1
        self._found.append("`")

    def _element(self) -> None:
        """Read an element with all that is in it."""
        begin = len(self._found)
        open_tags: list[str] = []
        while True:
            name = self._tag()
            if name is not None:
                open_tags.append(name)
            while open_tags and (closed := self._children()) is not None:
                if closed != open_tags.pop():
                    raise UnclearError
            if not open_tags:
                self._element_at = begin
                return

    def _tag(self) -> str | None:
        """Read a tag; return its name where children follow."""
        opening = _TAG.match(self._text, self._position)
        if opening is None:
            raise UnclearError
        self._position = opening.end()
        self._found.append(opening[0])
        while (found := _IN_TAG.match(self._text, self._position)) is not None:
            before = self._text[: self._position].rpartition("\n")[2]
            self._position = found.end()
            if found["comment"]:
                self._found.append(_comment(found[0], begins_line=not before.strip()))
            elif found["end"]:
                self._found.append(found[0])
                return (opening["name"] or "") if found[0] == ">" else None
            elif found["mark"] == "{":
                self._braces()
            elif found["string"]:
                value = found[0][1:-1]
                self._found.append(found[0] if '"' in value else f'"{value}"')
            elif not found["space"]:
                self._found.append(f" {found[0]}" if found["name"] else found[0])
        raise UnclearError

    def _children(self) -> str | None:
        """Read up to the next tag; return the name in an end tag, None where an element begins."""
        while self._position < len(self._text):
            if (shown := _SHOWN.match(self._text, self._position)) is not None:
                if text := _as_shown(shown[0]):
                    self._found.append(f"\0{text}\0")
                self._position = shown.end()
            elif self._text[self._position] == "{":
                self._position += 1
                self._braces()
            elif (closing := _END_TAG.match(self._text, self._position)) is not None:
                self._position = closing.end()
                self._found.append(f"</{closing['name'] or ''}>")
                return closing["name"] or ""
            else:
                return None
        raise UnclearError

    def _braces(self) -> None:
        """Read an expression in an element up to its closing brace; the opening one has been read."""
        depth = len(self._brackets)
        self._found.append("{")
        self._brackets.append(_Bracket("{"))
        self._before = self._last = _Token("mark", "(")
        self._closed_head = False
        while len(self._brackets) > depth:
            if self._position == len(self._text):
                raise UnclearError
            self._step()


def _has_comma(found: Sequence[str]) -> bool:
    depth = 0
    for text in found:
        depth += (text in OPENING) - (text in CLOSING)
        if text == "," and depth == 0:
            return True
    return False


def _would_join(before: _Token, after: _Token) -> bool:
    """Whether two tokens might be read as one if there were nothing between them."""
    if after.text == "else" or before.kind == after.kind == "word":
        return True
    if before.kind != "mark" or after.kind != "mark" or before.text == after.text == ">":
        return False
    return before.text in _OPERATORS and after.text in _OPERATORS | {"."} and before.text + after.text != "!."


def _comment(text: str, *, begins_line: bool) -> str:
    return ("\n" if begins_line else " ") + text.strip() + "\n"


def by_value(text: str) -> str:
    """Return a string in double quotes, with no escapes of quotes but those that these need."""
    return f'"{_ESCAPE.sub(_escape, text[1:-1])}"'


def _escape(found: re.Match[str]) -> str:
    match found[0]:
        case '"':
            return '\\"'
        case "\\'":
            return "'"
        case other:
            return str(other)


def _as_shown(text: str) -> str:
    """Return the text of an element as React shows it: lines are trimmed and joined, and empty ones left out."""
    first, *others = text.split("\n")
    if not others:
        return text
    inner = [line.strip(_JSX_SPACE) for line in others[:-1]]
    lines = [first.rstrip(_JSX_SPACE), *inner, others[-1].lstrip(_JSX_SPACE)]
    return " ".join(line for line in lines if line)
