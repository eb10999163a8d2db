"""DO blocks and procedures: the statements in them that are constant are applied like any other.

Migrations guard what may be there already: drizzle and Sequelize write `DO $$ BEGIN CREATE TYPE …; EXCEPTION WHEN
duplicate_object THEN null; END $$`. The code is not run: what is made of variables, and what an ELSE, a loop or an
exception handler does, becomes a note that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runner.ddl.notes import Note, NoteKind
from runner.ddl.statements.statement import Statement, excerpt
from runner.ddl.statements.statement_kinds import HEAD_BYTES, first_words, is_relevant
from runner.ddl.syntax.tokens import Token, split_at, string_value, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MOST_NESTED = 10  # blocks within blocks


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """PL/pgSQL, or SQL's own language with its declarations inside BEGIN, from a line of a file on."""

    text: str
    file: str
    line: int
    declares_inside: bool = False


def do_block(statement: Statement, apply: Callable[[Statement], None]) -> None:
    """Apply the statements of `DO [LANGUAGE name] 'code'` by `apply`; the cursor is at the word DO."""
    cursor = statement.cursor
    cursor.skip("DO")
    language, code = "plpgsql", None
    while not cursor.done:  # the language may come first or last, and may be quoted
        if cursor.skip("LANGUAGE"):
            language = cursor.take_name()
        else:
            code = cursor.take()
    if code is None or code.kind != "string" or language != "plpgsql" or statement.depth > _MOST_NESTED:
        statement.pass_over(NoteKind.CODE_BLOCK, "a block that runs code; whatever it creates is not known")
        return
    text = string_value(code, cursor.dialect)
    run_code(statement, Code(text=text, file=statement.file, line=statement.line_at(code.start)), apply)


def run_code(statement: Statement, code: Code, apply: Callable[[Statement], None]) -> None:
    """Apply what is constant of the code that a statement runs, by `apply`; note the rest that may change a table."""
    _Block(statement, code, apply).run()


class _Block:
    """The code of one block, which `statement` runs."""

    def __init__(self, statement: Statement, code: Code, apply: Callable[[Statement], None]) -> None:
        self._statement = statement
        self._code = code
        self._text = code.text
        self._apply = apply

    def run(self) -> None:
        tokens = tokens_of(self._text, self._statement.cursor.dialect)
        for piece in _Pieces(tokens, declares_inside=self._code.declares_inside):
            word = piece.tokens[0].word
            if word == "EXECUTE":
                self._execute(piece)
            elif word == "PERFORM":
                self._read(piece, f"SELECT {self._source(piece.tokens[1:])}")
            elif word in {"CREATE", "ALTER", "DROP", "COMMENT", "RENAME", "SELECT"}:
                self._read(piece, self._source(piece.tokens))

    def _source(self, tokens: Sequence[Token]) -> str:
        return self._text[tokens[0].start : tokens[-1].end] if tokens else ""

    def _execute(self, piece: _Piece) -> None:
        text = self._constant(piece.tokens[1:])
        if text is None:
            self._note(piece, "is made while the block runs: what it creates or changes may be missing")
            return
        dialect = self._statement.cursor.dialect
        for tokens in split_at(tokens_of(text, dialect), ";"):
            self._read(piece, text[tokens[0].start : tokens[-1].end])

    def _constant(self, tokens: Sequence[Token]) -> str | None:
        """Return the text of EXECUTE where it is constant: strings, perhaps joined, or `format` of a plain string."""
        dialect = self._statement.cursor.dialect
        is_format = len(tokens) == len("f(t)") and tokens[0].word == "FORMAT"
        if is_format:
            tokens = tokens[2:3]
        if not tokens or any(token.kind != "string" and token.word != "||" for token in tokens):
            return None
        text = "".join(string_value(token, dialect) for token in tokens if token.kind == "string")
        if not is_format:
            return text
        return None if "%" in text.replace("%%", "") else text.replace("%%", "%")

    def _read(self, piece: _Piece, text: str) -> None:
        head = text.encode()[:HEAD_BYTES]
        words = first_words(head)
        if not is_relevant(words, head):
            return
        if not piece.is_certain:
            self._note(piece, "is in a branch, a loop or a handler: what it creates or changes may be missing")
            return
        outer = self._statement
        inner = Statement(
            catalog=outer.catalog,
            text=text,
            file=self._code.file,
            line=self._line_of(piece),
            is_guarded=outer.is_guarded or piece.is_guarded,
            depth=outer.depth + 1,
        )
        self._apply(inner)

    def _note(self, piece: _Piece, reason: str) -> None:
        note = Note(
            file=self._code.file,
            line=self._line_of(piece),
            statement=excerpt(self._source(piece.tokens)),
            kind=NoteKind.CODE_BLOCK,
            reason=f"in a block of code, it {reason}",
        )
        self._statement.catalog.notes.append(note)

    def _line_of(self, piece: _Piece) -> int:
        return self._code.line + self._text.count("\n", 0, piece.tokens[0].start)


class _Piece(NamedTuple):
    """One statement of a block: whether it runs where the block does, and whether it may fail without harm."""

    tokens: list[Token]
    is_certain: bool
    is_guarded: bool


class _Pieces:
    """The statements of a block, without the language's own words around them. Iterated once."""

    def __init__(self, tokens: Sequence[Token], *, declares_inside: bool) -> None:
        self._tokens = tokens
        self._declares_inside = declares_inside
        self._index = 0
        self._has_handler = any(token.word == "EXCEPTION" for token in tokens)
        self._open: list[str] = []  # IF, CASE, LOOP and BEGIN
        self._branches: list[int] = []  # of each, which part of it this is; only the first of a block surely runs

    def __iter__(self) -> Iterator[_Piece]:
        while self._index < len(self._tokens):
            if self._step(self._tokens[self._index].word):
                self._index += 1
                continue
            start = self._index
            self._skip_to(";")
            guarded = self._has_handler or "IF" in self._open or "CASE" in self._open
            yield _Piece(list(self._tokens[start : self._index]), not any(self._branches), guarded)

    def _skip_to(self, *words: str) -> None:
        """Move to one of these words outside all parentheses, or to the end."""
        depth = 0
        while self._index < len(self._tokens):
            word = self._tokens[self._index].word
            depth += {"(": 1, ")": -1}.get(word, 0)
            if depth == 0 and word in words:
                return
            self._index += 1

    def _step(self, word: str) -> bool:
        """Move to the end of a word of the language with what belongs to it; return whether it is one."""
        match word:
            case "BEGIN":
                self._begin(word)
            case "IF" | "CASE":
                self._begin(word)
                self._skip_to("THEN")
            case "FOR" | "FOREACH" | "WHILE" | "LOOP" | "REPEAT":
                self._begin("LOOP", 1)
                self._skip_to("LOOP", "DO", "REPEAT")
            case "ELSE" | "EXCEPTION":
                self._next_branch()
            case "ELSIF" | "ELSEIF" | "WHEN":
                self._next_branch()
                self._skip_to("THEN")
            case "END":
                self._end()
            case "DECLARE":
                self._declare()
            case "<<":
                self._skip_to(">>")
            case _:
                return word == ";"
        return True

    def _declare(self) -> None:
        """Move over declarations; inside BEGIN each ends by itself, or is a handler with a block of its own."""
        if not self._declares_inside:
            self._skip_to("BEGIN")
            self._index -= 1
            return
        self._skip_to(";", "BEGIN")
        if self._index < len(self._tokens) and self._tokens[self._index].word == "BEGIN":
            self._begin("BEGIN", 1)

    def _begin(self, what: str, branch: int = 0) -> None:
        self._open.append(what)
        self._branches.append(branch)

    def _next_branch(self) -> None:
        if self._branches:
            self._branches[-1] += 1

    def _end(self) -> None:
        self._skip_to(";")
        if self._open:
            self._open.pop()
            self._branches.pop()
