"""The tokens of source text, as far as a merge needs them: where strings and comments are, and how deep brackets nest.

One scanner for Python and for TypeScript with its relatives. It never fails: what it does not understand is a token of
one character, and whether a merged text is valid is decided by a parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

Language = Literal["python", "typescript", "json", "yaml", "markdown", "lines"]
Kind = Literal["string", "comment", "word", "space", "mark"]

_LANGUAGES: dict[str, Language] = {
    "py": "python", "ts": "typescript", "tsx": "typescript", "mts": "typescript", "js": "typescript",
    "mjs": "typescript", "json": "json", "yaml": "yaml", "yml": "yaml", "md": "markdown",
}  # fmt: skip

_QUOTED = r'"(?:[^"\\\n]|\\.)*"' + "|" + r"'(?:[^'\\\n]|\\.)*'"
_PYTHON = re.compile(
    rf'(?s:(?P<string>\b[rRbBuUfFtT]{{1,2}}(?=["\'])(?:"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'|{_QUOTED})'
    rf'|"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'|{_QUOTED})'
    r"|(?P<comment>#[^\n]*)|(?P<word>\w+)|(?P<space>\s+)|(?P<mark>.))"
)
_TYPESCRIPT = re.compile(
    rf"(?s:(?P<string>{_QUOTED}|`(?:[^`\\]|\\.)*`)"
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<word>[\w$]+)|(?P<space>\s+)|(?P<mark>.))"
)
_REGEXP = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_REGEXP = frozenset("(,=:[!&|?{;")  # a slash after one of these begins a regular expression
_RULE = re.compile(r"(?<![^:])-+(?![^:])")  # a cell below the head of a table in Markdown
_ESCAPE = re.compile(r'(?s)\\(.)|"')
OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = frozenset(OPENING.values())


class Token(NamedTuple):
    """A piece of source text; all of them joined are the text."""

    kind: Kind
    text: str


def language_of(path: str) -> Language:
    """Return the language of a file by its name; `lines` for one that is merged line by line."""
    name = path.rpartition("/")[2]
    return _LANGUAGES.get(name.rpartition(".")[2], "lines") if "." in name.lstrip(".") else "lines"


def tokens(text: str, language: Language) -> Iterator[Token]:
    """Yield the tokens of source text in Python, TypeScript or JSON."""
    pattern = _PYTHON if language == "python" else _TYPESCRIPT
    position, before = 0, "("
    while position < len(text):
        found = None
        if language == "typescript" and text[position] == "/" and before in _BEFORE_REGEXP:
            found = _REGEXP.match(text, position)
        if found is not None and text[position : position + 2] not in {"//", "/*"}:
            token = Token("string", found[0])
        else:
            found = pattern.match(text, position)
            assert found is not None  # noqa: S101 - the last alternative matches any character
            token = Token(cast("Kind", found.lastgroup), found[0])
        yield token
        position = found.end()
        if token.kind not in {"space", "comment"}:
            before = token.text[-1]


class Row(NamedTuple):
    """A line of source with the lines that a string or comment of it goes on to.

    `indent` is in columns, `depth` the number of brackets that are open before it.
    """

    lines: tuple[str, ...]
    indent: int
    depth: int

    @property
    def text(self) -> str:
        """The first line without its indent."""
        return self.lines[0].strip()


def rows(text: str, language: Language) -> list[Row]:
    """Return the rows of a text; blank lines are rows of their own."""
    lines = text.split("\n")
    depths = [0] * len(lines)
    inside = [False] * len(lines)  # begins within a string or comment
    if language in {"python", "typescript", "json"}:
        _scan(text, language, depths, inside)
    found: list[Row] = []
    for line, depth, within in zip(lines, depths, inside, strict=True):
        if within and found:
            found[-1] = found[-1]._replace(lines=(*found[-1].lines, line))
        else:
            found.append(Row((line,), len(line) - len(line.lstrip()), depth))
    return found


def _scan(text: str, language: Language, depths: list[int], inside: list[bool]) -> None:
    number = depth = 0
    for token in tokens(text, language):
        for _ in range(token.text.count("\n")):
            number += 1
            depths[number] = depth
            inside[number] = token.kind in {"string", "comment"}
        if token.text in OPENING:
            depth += 1
        elif token.text in CLOSING:
            depth = max(0, depth - 1)


def canonical(text: str, language: Language) -> str:
    """Return text that is equal for two texts that differ in their layout at most.

    Spaces, line breaks within brackets, quotes of strings and commas before a closing bracket make no difference. In
    Python, line breaks and indents outside of brackets do. Other languages are compared line by line; of Markdown, the
    width of a table's cells makes no difference, and two spaces at the end of a line do: they are a line break.
    """
    if language not in {"python", "typescript", "json"}:
        return "\n".join(_canonical_line(line, language) for line in text.split("\n"))
    if language == "typescript" and "</" in text:  # spaces count in the text of elements
        return text
    found: list[str] = []
    open_brackets: list[_Bracket] = []
    space = ""
    for token in tokens(text, language):
        if token.kind == "space":
            space = token.text
            continue
        if token.text[0] == "`" and token.text.count("{") != token.text.count("}"):  # another template is in it
            return text
        if space and found:
            found.append(_canonical_space(space, found, token.text, len(open_brackets), language))
        space = ""
        if token.text in OPENING:
            open_brackets.append(_Bracket(token.text, _follows_value(found), 0))
        elif token.text in CLOSING and open_brackets:
            _remove_comma(found, open_brackets.pop())
        elif token.text == "," and open_brackets:
            open_brackets[-1] = open_brackets[-1]._replace(commas=open_brackets[-1].commas + 1)
        found.append(_canonical_string(token.text) if token.kind == "string" else token.text)
    return "".join(found)


def _remove_comma(found: list[str], bracket: _Bracket) -> None:
    """Remove what means nothing before a closing bracket."""
    if not found[-1]:
        found.pop()
    if found[-1] == "," and found[-2:-1] not in (["["], [","]) and bracket.ignores_comma:  # `[,]` has an item
        found.pop()


def _canonical_line(line: str, language: Language) -> str:
    text = line.rstrip()
    if language != "markdown":
        return text
    if text.startswith("|"):
        return "|".join(_RULE.sub("---", cell.strip()) for cell in text.split("|"))
    return f"{text}  " if text and line.endswith("  ") else text


class _Bracket(NamedTuple):
    """An open bracket: whether a name or value precedes it, as in a call, and how many commas followed."""

    text: str
    follows_value: bool
    commas: int

    @property
    def ignores_comma(self) -> bool:
        """Whether a comma before the closing bracket has no meaning: `(a,)` and `a[b,]` are tuples."""
        return self.commas > 1 or self.text == "{" or self.follows_value == (self.text == "(")


def _follows_value(found: list[str]) -> bool:
    before = next((text for text in reversed(found) if text.strip()), "")
    return bool(before) and (before[-1].isalnum() or before[-1] in "_)]")


def _canonical_space(space: str, found: list[str], after: str, depth: int, language: Language) -> str:
    before = found[-1]
    if "\n" in space:
        if language == "python" and depth == 0:
            return "\n" + space.rpartition("\n")[2]
        if (
            before.startswith(("//", "#"))
            or after.startswith(("//", "/*"))
            or before in {"return", "break", "continue", "throw", "yield"}
            or (language == "typescript" and after in {"+", "-"})  # perhaps of `++`, which ends no statement
        ):
            return "\n"
    words = (before[-1:] + after[:1]).replace("_", "a").replace("$", "a")
    return " " if (len(words) == len("ab") and words.isalnum()) or words in {"++", "--", "!="} else ""


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


def _canonical_string(text: str) -> str:
    prefix, quote = text[: len(text) - len(text.lstrip("rRbBuUfFtT"))], text[-1]
    body = text[len(prefix) :]
    if quote == "'" and not body.startswith("'''") and '"' not in body and "\\" not in body:
        return f'{prefix}"{body[1:-1]}"'
    return text
