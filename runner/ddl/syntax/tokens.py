"""The tokens of one SQL statement, with their places. Knows no grammar and no parser.

A dialect's token pattern and its `Splitting` describe the same quotes and comments, so that the two never disagree.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.ddl.syntax.dialect import Dialect

MAX_DEPTH = 200  # nested parentheses; real schemas stay under 20, a hostile one would exhaust the stack

Kind = Literal["word", "name", "string", "number", "mark"]


class Token(NamedTuple):
    """One token. `word` is its upper-case text for words and marks, and empty for everything quoted."""

    kind: Kind
    text: str
    start: int
    end: int
    word: str


_TRAILING_SPACE = re.compile(r"[ \t]+(?=\n)")
_MAY_HAVE_COMMENT = re.compile(r"--|/\*|#")
# Parts of token patterns that several dialects share.
PLAIN_STRING = r"'[^']*(?:''[^']*)*'"
ESCAPED_STRING = r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'"
DOUBLE_QUOTED = r'"[^"]*(?:""[^"]*)*"'
BACKTICKED = r"`[^`]*(?:``[^`]*)*`"
LINE_COMMENT = r"--[^\n]*"
COMMENT = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"

_NUMBER = r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
WORD = r"[^\W\d][\w$]*"
_MARK = r"(?P<mark>::|<=|>=|<>|!=|\|\||[-+*/<>=~!@#%^&|?]+|[^\s])"


def token_pattern(*, skipped: str, strings: str, names: str, words: str = WORD) -> re.Pattern[str]:
    """Return the pattern that matches one token, from a dialect's comments, strings, quoted names and words.

    Its groups are the kinds of tokens, and `skip` for white space and comments. `strings` may have a group `tag`.
    """
    quoted = (rf"(?P<skip>\s+|{skipped})", rf"(?P<string>{strings})", rf"(?P<name>{names})")
    return re.compile("|".join((*quoted, rf"(?P<word>{words})", _NUMBER, _MARK)), re.DOTALL)


def tokens_of(text: str, dialect: Dialect) -> list[Token]:
    """Return the tokens of a statement in order, without white space and comments."""
    found: list[Token] = []
    for match in dialect.token_pattern.finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        word = match[0]
        start, end = match.span()
        if kind in _UNQUOTED:
            found.append(_new_token((kind, word, start, end, word.upper())))
        else:
            found.append(_new_token(("name" if kind == "name" else "string", word, start, end, "")))
    return found


_UNQUOTED = frozenset({"word", "mark", "number"})
# Skips Python's code of a named tuple: reading a large schema makes a million tokens.
_new_token: Callable[[tuple[str | None, str, int, int, str]], Token] = partial(tuple.__new__, Token)


def depth_of(tokens: Sequence[Token]) -> int:
    """Return the greatest number of parentheses that are open at once."""
    depth = deepest = 0
    for token in tokens:
        if token.word == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif token.word == ")":
            depth -= 1
    return deepest


def split_at(tokens: Sequence[Token], mark: str = ",") -> list[list[Token]]:
    """Split at a mark outside all brackets; empty parts are left out."""
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
    """Return the index of the parenthesis that closes the one at `start`, or -1 where none does."""
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
    """Return the statement's text from the first token to the last, without comments.

    A comment that ends with its line would hide the rest of an expression that is written on one line.
    """
    whole = text[tokens[0].start : tokens[-1].end] if tokens else ""
    return tidy(tokens) if _MAY_HAVE_COMMENT.search(whole) else whole


def without_trailing_space(text: str, tokens: Sequence[Token]) -> str:
    """Return the statement's text from the first token to the last; between tokens no line ends with a space."""
    parts: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        parts.extend((_TRAILING_SPACE.sub("", text[end : token.start]), token.text))
        end = token.end
    return "".join(parts)


def tidy(tokens: Sequence[Token]) -> str:
    """Return the tokens as text without comments, with one space where the source had any gap."""
    parts: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        if token.start > end:
            parts.append(" ")
        parts.append(token.text)
        end = token.end
    return "".join(parts)


def plain_string_value(text: str) -> str:
    """Return the value of a string whose only escape is the doubled quote."""
    return text[text.index("'") + 1 : -1].replace("''", "'")


def string_value(token: Token, dialect: Dialect) -> str:
    """Return the value of a string token, without its quotes and escapes."""
    return dialect.string_value(token.text)


def name_value(token: Token, dialect: Dialect) -> str:
    """Return the name in a word, a quoted name or (not in PostgreSQL) a string, folded if unquoted."""
    text = token.text
    if token.kind == "name":
        if text.startswith("["):
            return text[1:-1]
        quote = text[-1]
        return text[text.index(quote) + 1 : -1].replace(quote * 2, quote)
    if token.kind == "string":
        return dialect.string_value(text)
    return text.lower() if dialect.folds_names else text
