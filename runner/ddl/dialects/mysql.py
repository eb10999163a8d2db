"""MySQL 8 and 9: types as `COLUMN_TYPE` shows them, without display widths but that of `tinyint(1)`.

Clauses of MariaDB are read as well: its dumps are often taken for MySQL's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.dump_program import DumpProgram
from runner.ddl.model import Enum, SqlType
from runner.ddl.syntax import column_clauses, constraint_clauses
from runner.ddl.syntax.clause_rules import (
    CLAUSE_WORDS,
    COLUMN,
    CONSTRAINTS,
    MARIADB_CLAUSES,
    STORAGE,
    ClauseRule,
    rules_by_word,
)
from runner.ddl.syntax.column_types import REAL_BITS, TypeReference, numbers
from runner.ddl.syntax.dialect import Dialect, Splitting
from runner.ddl.syntax.quoting import end_of_escaped_string
from runner.ddl.syntax.tokens import BACKTICKED, COMMENT, ESCAPED_STRING, WORD, token_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.database_url import DatabaseUrl
    from runner.ddl.syntax.cursor import Cursor
    from runner.ddl.syntax.tokens import Token

# ------------------------------------------------------------------------------------------------------- text

# `/*!40101 … */` counts: its opening and its closing are white space, its content is not.
SPLITTING = Splitting(
    marks=rb"""'"`\-\#/""",
    # Strings without escapes come first, for speed. A doubled quote ends one string and begins the next.
    units=rb"""
        `[^`]*` | '[^'\\]*' | "[^"\\]*"
      | -(?:-(?=\s|\Z)[^\n]*)?
      | \#[^\n]*
      | /(?:\*(?!M?!).*?\*/ | (?!\*(?!M?!)))
      | '[^'\\]*(?:\\.[^'\\]*){1,1000}'
      | "[^"\\]*(?:\\.[^"\\]*){1,1000}"
    """,
    gap=rb"\s+ | --(?=\s|\Z)[^\n]*\n? | \#[^\n]*\n? | /\*(?!M?!).*?\*/",
    client_line=rb"(?i:\\[^\n]* | source[ \t]+[^\n]*)",
    included_file=rb"(?i:\\\. | source\b)",
    compound=rb"""(?i)(?P<body>)CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?
        (?:TRIGGER|PROCEDURE|FUNCTION|EVENT)\b""",
    step_over={b"'": end_of_escaped_string, b'"': end_of_escaped_string},
    delimiter_command=True,
)
STRINGS = rf'[nN]?{ESCAPED_STRING}|"[^"\\]*(?:(?:\\.|"")[^"\\]*)*"'
SKIPPED = rf"--(?=\s|$)[^\n]*|\#[^\n]*|/\*M?!\d*|\*/|{COMMENT}"
# A name may begin with a digit if it is no number: not 1e5, 0x1F or 0b1.
WORDS = rf"{WORD}|(?!(?:\d+[eE]\d+|0[xX][0-9a-fA-F]+|0[bB][01]+)(?![\w$]))\d+[^\W\d][\w$]*"
_TOKEN = token_pattern(skipped=SKIPPED, strings=STRINGS, names=BACKTICKED, words=WORDS)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "Z": "\x1a"}


def _string_value(text: str) -> str:
    if text.startswith('"'):
        text = "'" + text[1:-1].replace("''", "\\'\\'").replace('""', '"').replace("'", "''") + "'"
    return _ESCAPE.sub(_unescaped, text[text.index("'") + 1 : -1])


def _unescaped(match: re.Match[str]) -> str:
    if match[0] == "''":
        return "'"
    return match[0] if match[1] in "%_" else _ESCAPED.get(match[1], match[1])


# ------------------------------------------------------------------------------------------------------ types

_ALIASES = {
    "integer": "int",
    "int1": "tinyint",
    "int2": "smallint",
    "int3": "mediumint",
    "middleint": "mediumint",
    "int4": "int",
    "int8": "bigint",
    "numeric": "decimal",
    "dec": "decimal",
    "fixed": "decimal",
    "real": "double",
    "float4": "float",
    "float8": "double",
    "character": "char",
    "nchar": "char",
    "varcharacter": "varchar",
    "nvarchar": "varchar",
    "long": "mediumtext",
    "geomcollection": "geometrycollection",
}
_WIDTHS = {  # that the server shows where none is given: of signed and of unsigned numbers
    "tinyint": (4, 3), "smallint": (6, 5), "mediumint": (9, 8), "int": (11, 10), "bigint": (20, 20), "year": (4, 4),
}  # fmt: skip
_INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint"}
_NATIONAL = {"NATIONAL", "NCHAR", "NVARCHAR"}
_DEFAULT_ARGUMENTS = {"char": (1,), "binary": (1,), "bit": (1,)}
_TEXT_SIZES = ((255, "tiny"), (65_535, ""), (16_777_215, "medium"), (4_294_967_295, "long"))  # bytes


def _read_type(cursor: Cursor) -> TypeReference:
    is_national = cursor.word in _NATIONAL
    base = _name(cursor)
    arguments = cursor.take_group() if cursor.word == "(" else None
    if base in {"enum", "set"}:
        return TypeReference(sql=_enum(base, arguments or ()))
    args = numbers(arguments)
    unsigned = zerofill = is_binary = False
    while not cursor.done:
        if cursor.skip("UNSIGNED"):
            unsigned = True
        elif cursor.skip("ZEROFILL"):
            unsigned = zerofill = True
        elif cursor.skip("BINARY"):
            is_binary = True
        elif not cursor.skip_any("SIGNED", "ASCII", "UNICODE", "BYTE"):
            raise cursor.surprise("the end of the type")
    if base == "serial":
        return TypeReference(sql=SqlType(text="bigint unsigned", base="bigint", unsigned=True), serial=True)
    given = args
    base, args = _with_defaults(base, args, unsigned=unsigned)
    usual = _WIDTHS.get(base, (0, 0))[unsigned]
    width = given[0] if usual and given and not args and given[0] != usual else None
    text = base + (f"({','.join(map(str, args))})" if args else "")
    text += (" unsigned" if unsigned else "") + (" zerofill" if zerofill else "")
    return TypeReference(
        sql=SqlType(text=text, base=base, args=args, unsigned=unsigned, width=width, is_binary=is_binary),
        character_set="utf8mb3" if is_national else None,
    )


def _name(cursor: Cursor) -> str:
    cursor.skip("NATIONAL")
    if cursor.skip("DOUBLE", "PRECISION"):
        return "double"
    if cursor.skip("CHAR", "BYTE"):
        return "binary"
    if cursor.skip("LONG", "VARBINARY"):
        return "mediumblob"
    name = cursor.take_name().lower()
    if name in {"char", "character", "nchar", "long"} and cursor.skip_any("VARYING", "VARCHAR", "VARCHARACTER"):
        return "mediumtext" if name == "long" else "varchar"
    return _ALIASES.get(name, name)


def _with_defaults(base: str, args: tuple[int, ...], *, unsigned: bool) -> tuple[str, tuple[int, ...]]:
    """Return name and arguments as the server stores them, with no display width but the one that means boolean."""
    kept = args or _DEFAULT_ARGUMENTS.get(base, ())
    if base in {"bool", "boolean"}:
        base, kept = "tinyint", (1,)
    elif base in _INTEGERS or base == "year":
        kept = args if base == "tinyint" and args == (1,) and not unsigned else ()
    elif base == "decimal":
        kept = (args + (10, 0)[len(args) :])[:2]
    elif base == "float" and len(args) == 1:
        base, kept = ("float" if args[0] <= REAL_BITS else "double"), ()
    elif base in {"text", "blob"} and args:
        size = next((name for limit, name in _TEXT_SIZES if args[0] <= limit), "long")
        base, kept = size + base, ()
    return base, kept


def _enum(base: str, arguments: Sequence[Token]) -> SqlType:
    values = tuple(_string_value(token.text) for token in arguments if token.kind == "string")
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    return SqlType(text=f"{base}({quoted})", base=base, enum=Enum(name=None, values=values), is_set=base == "set")


# ---------------------------------------------------------------------------------------------------- clauses

_WORDS = (
    "AS AUTO_INCREMENT CHARSET COLUMN_FORMAT COMMENT COMPRESSED ENGINE_ATTRIBUTE FIRST AFTER INVISIBLE KEY ON "
    "REF_SYSTEM_ID SRID STORAGE STORED VIRTUAL VISIBLE WITH WITHOUT"
)
_CLAUSE_WORDS = CLAUSE_WORDS | frozenset(_WORDS.split())
_RULES = (
    *COLUMN,
    ClauseRule(name="comment", words=("COMMENT",), apply=column_clauses.comment),
    ClauseRule(name="on update now", words=("ON",), apply=column_clauses.on_update_now),
    ClauseRule(name="constraint name", words=("CONSTRAINT",), apply=constraint_clauses.optional_constraint_name),
    *CONSTRAINTS,
    ClauseRule(name="key of a column", words=("KEY",), apply=constraint_clauses.key_of_column),
    *MARIADB_CLAUSES,
    STORAGE,
    ClauseRule(name="character set", words=("CHARACTER", "CHARSET"), apply=column_clauses.character_set),
    ClauseRule(
        name="attributes of a column",
        words=("VISIBLE", "INVISIBLE", "SRID", "REF_SYSTEM_ID", "ENGINE_ATTRIBUTE", "FIRST", "AFTER"),
        apply=column_clauses.dropped(
            "VISIBLE", "INVISIBLE", "SRID *", "REF_SYSTEM_ID = *", "ENGINE_ATTRIBUTE = *", "FIRST", "AFTER *"
        ),
        reason="the model does not keep them",
    ),
)


def _dump_arguments(url: DatabaseUrl) -> list[str]:
    given = {"host": url.host, "port": url.port, "user": url.user, "socket": url.options.get("unix_socket")}
    options = (
        "no-data",
        "skip-dump-date",
        "skip-add-drop-table",
        "skip-triggers",
        "skip-lock-tables",
        "no-tablespaces",
    )
    connection = [f"--{name}={value}" for name, value in given.items() if value]
    return [*(f"--{option}" for option in options), *connection, "--", url.database]


DUMP = DumpProgram(
    names=("mysqldump", "mariadb-dump"),
    package="MySQL's or MariaDB's client programs (Debian: mariadb-client)",
    arguments=_dump_arguments,
    credential_variable="MYSQL_PWD",
    volatile=re.compile(rb"^(?P<kept>\) [^\n']*?) AUTO_INCREMENT=\d+", re.MULTILINE),  # counts on with each row
    environment={},
)

DIALECT = Dialect(
    name="mysql",
    title="MySQL",
    other_names=(),
    parser="mysql",
    dump_command="mysqldump --no-data",
    dump_program=DUMP,
    url_schemes=("mysql",),
    splitting=SPLITTING,
    token_pattern=_TOKEN,
    string_value=_string_value,
    ignores_case_of_columns=True,
    read_type=_read_type,
    clause_words=_CLAUSE_WORDS,
    rules=rules_by_word(*_RULES),
    query_types={
        **{name: name for name in ("smallint", "bigint", "double", "date", "json")},
        "integer": "int",
        "numeric": "decimal(65,30)",
        "real": "float",
        "text": "longtext",
        "boolean": "tinyint(1)",
        "timestamp": "datetime",
        "local": "datetime",
    },
    json_is_checked_text=True,
    time_is_span=True,
    bit_is_boolean=True,
    mysql_compatible=True,
    regexp_ignores_case=True,
    like_ignores_case=True,
    divides_exactly=True,
    index_words=frozenset({"KEY", "INDEX", "FULLTEXT", "SPATIAL"}),
    key_prefix_lengths=True,
    like_body=True,
    query_body=True,
    keeps_objects=True,
    trigger_names_are_unique=True,
    unique_index_is_key=True,
    keeps_unique_beside_key=True,
    column_positions=True,
    keys_by_kind=True,
)
