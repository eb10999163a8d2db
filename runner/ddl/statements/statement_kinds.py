"""What a statement does, by its first words: whether it may affect a table, and if not, why it is passed over.

Works on the bytes of the statement's head, so that rows and functions are never decoded or parsed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from runner.ddl.notes import NoteKind

HEAD_BYTES = 400  # enough for the words that say what a statement is

# Statements that may affect a table, a type or the meaning of names, by verb and kind of object; None is any kind.
_RELEVANT = {
    "CREATE": {"TABLE", "INDEX", "TYPE", "DOMAIN", "EXTENSION", "SCHEMA", "COLLATION", "VIEW"},
    "ALTER": {"TABLE", "TYPE", "DOMAIN"},
    "DROP": {"TABLE", "INDEX", "TYPE", "DOMAIN", "SCHEMA", "DATABASE", "VIEW"},
    "COMMENT": {"TABLE", "COLUMN", "TYPE", "DOMAIN", "INDEX", "VIEW", "CONSTRAINT"},
    "RENAME": {"TABLE", "TABLES"},
    "USE": None,
}
_CALLED = frozenset({"FUNCTION", "AGGREGATE", "PROCEDURE", "TRIGGER"})
_MODIFIERS = (
    rb"(?:(?:OR|REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN|UNIQUE|FULLTEXT|SPATIAL|VIRTUAL|MATERIALIZED"
    rb"|RECURSIVE|CONSTRAINT(?=\s+TRIGGER)|EVENT(?=\s+TRIGGER)|ON|ONLINE|IGNORE|TRUSTED|PROCEDURAL|DEFAULT"
    rb"|SQL\s+SECURITY\s+\w+|(?:DEFINER|ALGORITHM)\s*=\s*\S+)\s+)*"
)
_HEAD = re.compile(rb"(?i)\s*(\w+)\s*(?:" + _MODIFIERS + rb"(\w+))?")
_COMMENT = re.compile(rb"/\*M?!\d*|/\*.*?\*/|\*/|--[^\n]*", re.DOTALL)
_RENAME = re.compile(rb"(?i)\b(?:RENAME|SET\s+SCHEMA)\b")
_OWNER = re.compile(rb"(?i)\bOWNER\s+TO\b")
_SEARCH_PATH = re.compile(rb"(?i)search_path")
_GEOMETRY_CALL = re.compile(rb"(?i)\w+\s+(?:\w+\.)?(?:Add|Drop)GeometryColumn\s*\(")
_CODE = re.compile(rb"(?i)\s*DO\s*(?:LANGUAGE\s+['\"]?\w+['\"]?\s*)?(?:E?'|\$)")
# Functions that dumps and tools call, and that create nothing.
_HARMLESS_CALL = re.compile(rb"(?i)\w+\s+(?:\*|\d|'|(?:pg_catalog\s*\.\s*)?(?:setval|set_config|now|version|pg_\w+)\b)")
_CALL = re.compile(rb"(?i)\w+\s+(?:[\w\"]+\s*\.\s*)?[\w\"]+\s*\(")
_ROWS = frozenset(["INSERT", "REPLACE", "COPY", "UPDATE", "DELETE", "MERGE", "LOAD", "TRUNCATE", "VALUES"])
_RIGHTS = frozenset(["GRANT", "REVOKE", "REASSIGN"])
_SESSION = frozenset({
    "BEGIN", "COMMIT", "ROLLBACK", "START", "SET", "LOCK", "UNLOCK", "PRAGMA", "END", "SAVEPOINT", "RESET",
})  # fmt: skip
# Kinds of objects that are no part of a table, by the word that follows CREATE, ALTER, DROP or COMMENT ON.
_OBJECTS = {
    "VIEW": NoteKind.VIEW,
    "AGGREGATE": NoteKind.FUNCTION,
    "FUNCTION": NoteKind.FUNCTION,
    "PROCEDURE": NoteKind.FUNCTION,
    "EVENT": NoteKind.TRIGGER,
    "TRIGGER": NoteKind.TRIGGER,
    "SEQUENCE": NoteKind.SEQUENCE,
    "SETVAL": NoteKind.SEQUENCE,  # DO SETVAL(…), as MariaDB dumps a sequence's value
}


class FirstWords(NamedTuple):
    """What a statement does, and to what kind of object, in upper case; empty where that is not known."""

    verb: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}".strip()


def first_words(head: bytes) -> FirstWords:
    """Return the verb and the kind of object of a statement, from its first bytes."""
    if b"*" in head or b"--" in head:
        head = _COMMENT.sub(b" ", head)
    match = _HEAD.match(head)
    if match is None:
        return FirstWords()
    return FirstWords(match[1].decode("latin-1").upper(), (match[2] or b"").decode("latin-1").upper())


def is_relevant(words: FirstWords, head: bytes) -> bool:
    """Return whether a statement may affect a table, a type or the meaning of names."""
    if words in {("ALTER", "INDEX"), ("ALTER", "FUNCTION"), ("ALTER", "VIEW")}:
        return _RENAME.search(head) is not None
    if words.verb in _RELEVANT:
        kinds = _RELEVANT[words.verb]
        return kinds is None or words.kind in kinds
    if words.verb in {"SET", "SELECT"}:
        return _SEARCH_PATH.search(head) is not None or _GEOMETRY_CALL.match(head.lstrip()) is not None
    return words.verb == "DO" and _CODE.match(head) is not None


def is_about_object(words: FirstWords) -> bool:
    """Return whether a statement creates or drops a function, which expressions may call, a procedure or a trigger."""
    return words.kind in _CALLED and words.verb in {"CREATE", "DROP"}


def why_irrelevant(words: FirstWords, head: bytes) -> tuple[NoteKind, str]:
    """Return the kind of the note about a statement that is passed over, and the reason for people."""
    if words.verb in _ROWS:
        return NoteKind.ROWS, "rows, which are not part of the schema"
    if words.verb in _RIGHTS:
        return NoteKind.RIGHTS, "access rights, which are not part of the schema"
    if words.verb in _SESSION:
        return NoteKind.SESSION, "a transaction or a setting of the session"
    if words.verb == "DO" and words.kind in {"", "LANGUAGE"}:  # MySQL evaluates an expression by DO
        return NoteKind.CODE_BLOCK, "a block that runs code; whatever it creates is not known"
    if words.verb in {"SELECT", "CALL"} and _CALL.match(head.lstrip()) and not _HARMLESS_CALL.match(head.lstrip()):
        return NoteKind.CODE_BLOCK, "a call; whatever the function creates or changes is not known"
    changes_owner = words.verb == "ALTER" and _OWNER.search(head) is not None
    return NoteKind.OWNER if changes_owner else note_kind(words), f"{words} neither creates nor changes a table"


def note_kind(words: FirstWords) -> NoteKind:
    """Return the kind of the note about a statement that affects no table."""
    if words == ("COMMENT", "EXTENSION"):
        return NoteKind.EXTENSION_COMMENT
    return _OBJECTS.get(words.kind, NoteKind.OTHER_STATEMENT)
