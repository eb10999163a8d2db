"""What the reader of the DDL reports beside the schema: statements, or parts of them, that are not in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runner.ddl.qualified_name import QName
from runner.records.message_pipe import CompactPickle


class NoteKind(StrEnum):
    """What a note is about, for code that has to decide by it; its `reason` is for people."""

    NOT_UNDERSTOOD = "not understood"  # the only kind that is a gap; all others are left out on purpose
    ROWS = "rows"
    RIGHTS = "rights"
    OWNER = "owner"
    SESSION = "session"  # transactions and settings
    CLIENT_LINE = "client line"  # for psql, mysql or sqlite3 itself
    INCLUDED_FILE = "included file"  # a client line that names another file, which is not read
    CODE_BLOCK = "code block"  # code that may create anything, or that tables call and the application lacks
    VIEW = "view"
    FUNCTION = "function"  # procedures and aggregates too
    TRIGGER = "trigger"  # events too
    SEQUENCE = "sequence"
    EXTENSION_COMMENT = "extension comment"
    OTHER_STATEMENT = "other statement"  # anything else that neither makes nor changes a table
    SKIPPED_TABLE = "skipped table"  # temporary, virtual, the database's own, or defined before
    TABLE_PART = "table part"  # a constraint or an option that the model has no field for
    TYPE = "type"  # neither an enum nor a composite
    MISSING_TARGET = "missing target"  # what the statement changes is not defined in the DDL
    ENCODING = "encoding"  # the file is not UTF-8

    def __reduce_ex__(self, protocol: object) -> tuple[type[NoteKind], tuple[str]]:
        """As of Python 3.11.4: earlier versions pickle a call of `getattr`, which the schema cache does not load."""
        return type(self), (self.value,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(CompactPickle):
    """A statement, or a part of one, that the reader passed over or did not understand.

    `table_related` is True when it creates or alters a table, so that the model of that table may be wrong;
    `table` then names it where that is known. `count` is the number of statements of one file that share the kind
    and the reason; the note shows the first.
    """

    file: str
    line: int
    statement: str  # the first 200 characters, on one line
    kind: NoteKind
    reason: str
    count: int = 1
    table_related: bool = False
    table: QName | None = None

    @property
    def passed_over(self) -> bool:
        """Whether it was known and left out on purpose, such as a view, a trigger or a grant."""
        return self.kind is not NoteKind.NOT_UNDERSTOOD
