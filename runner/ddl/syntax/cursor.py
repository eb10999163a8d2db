"""A position in the tokens of one statement, and the small steps that a reader of SQL takes from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.syntax.tokens import Token, closing, name_value, source, string_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.syntax.dialect import Dialect


class NotUnderstood(Exception):  # noqa: N818 - a finding about the input, caught by the reader
    """A statement has something that the reader does not know. `offset` is where, in characters from its start."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Cursor:
    """Moves through tokens. Every `take_*` moves on; `at` only looks."""

    def __init__(self, text: str, tokens: Sequence[Token], dialect: Dialect) -> None:
        self.text = text
        self.tokens = tokens
        self.dialect = dialect
        self.index = 0

    @property
    def done(self) -> bool:
        """Whether no token is left."""
        return self.index >= len(self.tokens)

    @property
    def here(self) -> Token | None:
        """The next token, None at the end."""
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    @property
    def word(self) -> str:
        """The next token's word: empty at the end and for everything quoted."""
        return self.tokens[self.index].word if self.index < len(self.tokens) else ""

    def at(self, *words: str) -> bool:
        """Return whether these words come next."""
        tokens, index = self.tokens, self.index
        if index + len(words) > len(tokens):
            return False
        for word in words:  # called for each clause word that may come next: a generator takes twice as long
            if tokens[index].word != word:
                return False
            index += 1
        return True

    def skip(self, *words: str) -> bool:
        """Move past these words if they come next, and return whether they did."""
        if self.at(*words):
            self.index += len(words)
            return True
        return False

    def skip_any(self, *words: str) -> str:
        """Move past one of these words and return it; empty where none comes next."""
        word = self.word
        if word and word in words:
            self.index += 1
            return word
        return ""

    def expect(self, *words: str) -> None:
        """Move past these words; raise `NotUnderstood` where others come next."""
        if not self.skip(*words):
            raise self.surprise(" ".join(words))

    def surprise(self, expected: str) -> NotUnderstood:
        """Return the error for what comes next where something else was expected."""
        token = self.here
        if token is None:
            return NotUnderstood(f"the statement ends where {expected} was expected", len(self.text))
        return NotUnderstood(f"{token.text[:40]!r} where {expected} was expected", token.start)

    def take(self) -> Token:
        """Return the next token, of any kind."""
        if self.index >= len(self.tokens):
            raise self.surprise("more")
        self.index += 1
        return self.tokens[self.index - 1]

    def take_name(self) -> str:
        """Return a name, folded as the dialect folds."""
        token = self.here
        if token is None or token.kind in {"number", "mark"}:
            raise self.surprise("a name")
        self.index += 1
        return name_value(token, self.dialect)

    def take_path(self) -> tuple[str, ...]:
        """Return the parts of a dotted name."""
        parts = [self.take_name()]
        while self.skip("."):
            parts.append(self.take_name())
        return tuple(parts)

    def take_string(self) -> str:
        """Return a string; strings with only white space between them are one, as in the SQL standard."""
        parts = []
        while (token := self.here) is not None and token.kind == "string":
            parts.append(string_value(token, self.dialect))
            self.index += 1
        if not parts:
            raise self.surprise("a string")
        return "".join(parts)

    def take_group(self) -> list[Token]:
        """Return the tokens between a parenthesis, which comes next, and the one that closes it."""
        if self.word != "(":
            raise self.surprise("'('")
        end = closing(self.tokens, self.index)
        if end < 0:
            raise NotUnderstood(
                "a bracket that opens here is never closed; the file may be cut off", self.tokens[self.index].start
            )
        inside = list(self.tokens[self.index + 1 : end])
        self.index = end + 1
        return inside

    def rest(self) -> list[Token]:
        """Return all tokens that are left, and move to the end."""
        left = list(self.tokens[self.index :])
        self.index = len(self.tokens)
        return left

    def inside(self, tokens: Sequence[Token]) -> Cursor:
        """Return a cursor over some of the same statement's tokens."""
        return Cursor(self.text, tokens, self.dialect)

    def source(self, tokens: Sequence[Token]) -> str:
        """Return the statement's text from the first of some tokens to the last."""
        return source(self.text, tokens)
