"""The words of one SQL statement: tokens with their places, per dialect. Knows no grammar and no parser.

The patterns are also the splitter's idea of what a quote or a comment is, so that the two never disagree.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.model import Dialect

MAX_DEPTH = 200  # brackets inside brackets; real schemas stay under 20, a hostile one would exhaust the stack

Kind = Literal["word", "name", "string", "number", "mark"]


class Token(NamedTuple):
    """One token. `word` is its upper-case text for words and marks, and empty for whatever is quoted."""

    kind: Kind
    text: str
    start: int
    end: int
    word: str


_NUMBER = r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_WORD = r"(?P<word>[^\W\d][\w$]*)"
_MARK = r"(?P<mark>::|<=|>=|<>|!=|\|\||[-+*/<>=~!@#%^&|?]+|[^\s])"
_PLAIN = r"'[^']*(?:''[^']*)*'"
_ESCAPED = r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'"
_NAME = r'"[^"]*(?:""[^"]*)*"'
_TICKED = r"`[^`]*(?:``[^`]*)*`"
_LINE_COMMENT = r"--[^\n]*"
_COMMENT = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
# A comment that holds comments: two levels are as deep as anything real goes; the splitter counts them exactly.
_NESTED = r"/\*(?:[^/*]|/(?!\*)|\*(?!/)|/\*(?:[^*]|\*(?!/))*\*/)*\*/"

_POSTGRES = (
    rf"(?P<skip>\s+|{_LINE_COMMENT}|{_NESTED})",
    rf"(?P<string>[eE]{_ESCAPED}|(?:[nN]|[uU]&)?{_PLAIN}|(?P<tag>\$(?:[^\W\d]\w*)?\$)(?s:.*?)(?P=tag))",
    rf"(?P<name>(?:[uU]&)?{_NAME})",
)
_MYSQL = (
    # `/*!40101 … */` counts: its opening and its closing are white space, its content is not.
    rf"(?P<skip>\s+|--(?=\s|$)[^\n]*|\#[^\n]*|/\*M?!\d*|\*/|{_COMMENT})",
    r"(?P<string>[nN]?" + _ESCAPED + r'|"[^"\\]*(?:(?:\\.|"")[^"\\]*)*")',
    rf"(?P<name>{_TICKED})",
)
_SQLITE = (
    rf"(?P<skip>\s+|{_LINE_COMMENT}|{_COMMENT})",
    rf"(?P<string>{_PLAIN})",
    rf"(?P<name>{_NAME}|{_TICKED}|\[[^\]]*\])",
)
_PARTS = {"postgres": _POSTGRES, "mysql": _MYSQL, "sqlite": _SQLITE}


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    return re.compile("|".join((*_PARTS[dialect], _NUMBER, _WORD, _MARK)), re.DOTALL)


def tokens_of(text: str, dialect: Dialect) -> list[Token]:
    """Return the tokens of a statement in order, without white space and comments."""
    found: list[Token] = []
    for match in _pattern(dialect).finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        if kind == "tag":  # the inner group of a dollar-quoted string
            kind = "string"
        word = match[0]
        quoted = kind in {"string", "name"}
        found.append(Token(kind, word, match.start(), match.end(), "" if quoted else word.upper()))  # type: ignore[arg-type]
    return found


def depth_of(tokens: Sequence[Token]) -> int:
    """Return how deep brackets are nested at most."""
    depth = deepest = 0
    for token in tokens:
        if token.word == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif token.word == ")":
            depth -= 1
    return deepest


def split_at(tokens: Sequence[Token], mark: str = ",") -> list[list[Token]]:
    """Split at a mark that stands outside all brackets; empty parts are left out."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.word in {"(", "["}:
            depth += 1
        elif token.word in {")", "]"}:
            depth -= 1
        if token.word == mark and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def closing(tokens: Sequence[Token], start: int) -> int:
    """Return the index of the bracket that closes the one at `start`, or -1 where none does."""
    depth = 0
    for index in range(start, len(tokens)):
        word = tokens[index].word
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth == 0:
                return index
    return -1


def source(text: str, tokens: Sequence[Token]) -> str:
    """Return the text from the first token to the last, as it stands in the statement."""
    return text[tokens[0].start : tokens[-1].end] if tokens else ""


def tidy(tokens: Sequence[Token]) -> str:
    """Return the tokens as text with no comments, one blank where the source had a gap of any kind."""
    parts: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        if token.start > end:
            parts.append(" ")
        parts.append(token.text)
        end = token.end
    return "".join(parts)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "Z": "\x1a"}
_POSTGRES_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))|''", re.DOTALL
)
_MYSQL_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
LARGEST_CODE_POINT = 0x10FFFF


def _unescape_postgres(match: re.Match[str]) -> str:
    if match[0] == "''":
        return "'"
    if match[5]:
        return _ESCAPES.get(match[5], match[5]) if match[5] not in "0Z" else match[5]
    digits = match[1] or match[2] or match[3]
    code = int(digits, 16) if digits else int(match[4], 8)
    return chr(code) if code <= LARGEST_CODE_POINT else "\ufffd"


def _unescape_mysql(match: re.Match[str]) -> str:
    if match[0] == "''":
        return "'"
    return match[0] if match[1] in "%_" else _ESCAPES.get(match[1], match[1])


def string_value(token: Token, dialect: Dialect) -> str:
    """Return what a string token says, its quotes and escapes taken off."""
    text = token.text
    if text.startswith("$"):
        tag = text[: text.index("$", 1) + 1]
        return text[len(tag) : -len(tag)]
    if dialect == "mysql":
        if text.startswith('"'):
            text = "'" + text[1:-1].replace("''", "\\'\\'").replace('""', '"').replace("'", "''") + "'"
        return _MYSQL_ESCAPE.sub(_unescape_mysql, text[text.index("'") + 1 : -1])
    body = text[text.index("'") + 1 : -1]
    if text[0] in "eE":
        return _POSTGRES_ESCAPE.sub(_unescape_postgres, body)
    return body.replace("''", "'")


def name_value(token: Token, dialect: Dialect) -> str:
    """Return the name that a word, a quoted name or (not in PostgreSQL) a string stands for, folded if unquoted."""
    text = token.text
    if token.kind == "name":
        if text.startswith("["):
            return text[1:-1]
        quote = text[-1]
        return text[text.index(quote) + 1 : -1].replace(quote * 2, quote)
    if token.kind == "string":
        return string_value(token, dialect)
    return text.lower() if dialect == "postgres" else text
