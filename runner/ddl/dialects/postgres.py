"""PostgreSQL, up to version 18: types as `format_type` prints them, names folded to lower case, `public` by default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.dump_program import DumpProgram
from runner.ddl.model import SqlType
from runner.ddl.syntax import constraint_clauses
from runner.ddl.syntax.clause_rules import (
    CLAUSE_WORDS,
    COLUMN,
    CONSTRAINTS,
    STORAGE,
    ClauseRule,
    rules_by_word,
)
from runner.ddl.syntax.column_types import REAL_BITS, TypeReference, numbers
from runner.ddl.syntax.dialect import Dialect, Splitting
from runner.ddl.syntax.quoting import (
    end_of_dollar_quote,
    end_of_escaped_string,
    end_of_line,
    end_of_nested_comment,
)
from runner.ddl.syntax.tokens import (
    DOUBLE_QUOTED,
    ESCAPED_STRING,
    LINE_COMMENT,
    PLAIN_STRING,
    plain_string_value,
    token_pattern,
)

if TYPE_CHECKING:
    from runner.ddl.database_url import DatabaseUrl
    from runner.ddl.syntax.cursor import Cursor

# ------------------------------------------------------------------------------------------------------- text

_SPLITTING = Splitting(
    marks=rb"""'"\-/$;\\""",
    # In a plain string a doubled quote ends one string and begins the next; E'…' must be taken as a whole.
    units=rb"""
        '(?<!(?<![\w$\x80-\xff])[eE]')[^']*'
      | '(?<=[eE]')(?<![\w$\x80-\xff][eE]')[^'\\]*(?:(?:\\.|'')[^'\\]*){0,100}'(?!')
      | "[^"]*"
      | -(?:-[^\n]*)?
      | /(?!\*)
    """,
    gap=rb"\s+ | --[^\n]*\n?",
    client_line=rb"\\[^\n]*",
    included_file=rb"\\(?:i|ir|include|include_relative)\b",
    compound=rb"(?i)CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b.*?\b(?P<body>BEGIN\s+ATOMIC)\b",
    step_over={
        b"'": end_of_escaped_string,
        b"/": end_of_nested_comment,
        b"$": end_of_dollar_quote,
        b"\\": end_of_line,
    },
    statement_ends=rb"\g",
    parenthesized=rb"(?i)CREATE\s+(?:OR\s+REPLACE\s+)?RULE\b",
    inline_data=rb"(?i)COPY\b.*\bFROM\s+STDIN\b",
)
# A comment that holds comments: two levels are as deep as anything real goes; the splitter counts them exactly.
_NESTED_COMMENT = r"/\*(?:[^/*]|/(?!\*)|\*(?!/)|/\*(?:[^*]|\*(?!/))*\*/)*\*/"
_DOLLAR_QUOTED = r"(?P<tag>\$(?:[^\W\d]\w*)?\$)(?s:.*?)(?P=tag)"
_TOKEN = token_pattern(
    skipped=rf"{LINE_COMMENT}|{_NESTED_COMMENT}",
    strings=rf"[eE]{ESCAPED_STRING}|(?:[nN]|[uU]&)?{PLAIN_STRING}|{_DOLLAR_QUOTED}",
    names=rf"(?:[uU]&)?{DOUBLE_QUOTED}",
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))|''", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LARGEST_CODE_POINT = 0x10FFFF


def _string_value(text: str) -> str:
    if text.startswith("$"):
        tag = text.index("$", 1) + 1
        return text[tag:-tag]
    if text[0] in "eE":
        return _ESCAPE.sub(_unescaped, text[2:-1])
    return plain_string_value(text)


def _unescaped(match: re.Match[str]) -> str:
    if match[0] == "''":
        return "'"
    if match[5]:
        return _ESCAPED.get(match[5], match[5])
    digits = match[1] or match[2] or match[3]
    code = int(digits, 16) if digits else int(match[4], 8)
    return chr(code) if code <= _LARGEST_CODE_POINT else "\ufffd"


# ------------------------------------------------------------------------------------------------------ types

_ALIASES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": "character varying",
    "char": "character",
    "nchar": "character",
    "varbit": "bit varying",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
}
_SERIALS = {
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
}
_BUILTIN = {*_ALIASES.values()} | {
    "aclitem", "bit", "box", "bpchar", "bytea", "cid", "cidr", "circle", "date", "datemultirange", "daterange",
    "float", "gtsvector", "inet", "int2vector", "int4multirange", "int4range", "int8multirange", "int8range",
    "interval", "json", "jsonb", "jsonpath", "line", "lseg", "macaddr", "macaddr8", "money", "name",
    "nummultirange", "numrange", "oid", "oidvector", "path", "pg_lsn", "pg_snapshot", "point", "polygon",
    "refcursor", "regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator",
    "regproc", "regprocedure", "regrole", "regtype", "text", "tid", "tsmultirange", "tsquery", "tsrange",
    "tstzmultirange", "tstzrange", "tsvector", "txid_snapshot", "uuid", "xid", "xid8", "xml",
}  # fmt: skip
CATALOG_TYPES = (_BUILTIN | {*_ALIASES, *_SERIALS}) - {
    "bigint", "boolean", "char", "character", "character varying", "bit varying", "dec", "decimal", "double precision",
    "float", "int", "integer", "nchar", "real", "smallint", *_SERIALS,
    "time with time zone", "time without time zone", "timestamp with time zone", "timestamp without time zone",
}  # fmt: skip
"""The names of built-in types in pg_type; the others are syntax."""
_DEFAULT_ARGUMENTS = {"character": (1,), "bit": (1,)}
_INTERVAL_WORDS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"}


def _read_type(cursor: Cursor) -> TypeReference:
    cursor.skip("SETOF")
    base = _builtin_name(cursor)
    path = () if base else cursor.take_path()
    if path[:1] == ("pg_catalog",):
        base, path = _quoted_builtin(path[-1]) or path[-1], ()
    is_array_name = not path and base.startswith("_")
    base = base.removeprefix("_") if is_array_name else base
    serial = base in _SERIALS
    base = _SERIALS.get(base, base)
    arguments = cursor.take_group() if cursor.word == "(" else None
    args = numbers(arguments)
    if not path:
        base, args = _with_defaults(cursor, _ALIASES.get(base, base), args)
    dimensions = _dimensions(cursor) + is_array_name
    if not cursor.done:
        raise cursor.surprise("the end of the type")
    if path:
        sql = SqlType(text=".".join(path), base=path[-1], args=args, dimensions=dimensions)
        return TypeReference(sql=sql, path=path, arguments="".join(t.text for t in arguments or ()))
    text = _text(base, args) + ("[]" if dimensions else "")
    return TypeReference(sql=SqlType(text=text, base=base, args=args, dimensions=dimensions), serial=serial)


def _builtin_name(cursor: Cursor) -> str:
    """Return a built-in type's full name and move past its words; empty where the type is not built in.

    An array's name in the catalog keeps its underscore: `_text` is `text[]`.
    """
    token = cursor.here
    if token is not None and token.kind == "name":
        return _take_quoted_builtin(cursor)
    if cursor.skip("NATIONAL") or cursor.word in {"CHARACTER", "CHAR", "NCHAR", "BIT"}:
        base = "bit" if cursor.take().word == "BIT" else "character"
        return f"{base} varying" if cursor.skip("VARYING") else base
    if cursor.skip("DOUBLE", "PRECISION"):
        return "double precision"
    name = cursor.word.lower()
    known = name in _ALIASES or name in _SERIALS or name in _BUILTIN or _is_array_name(name)
    following = cursor.tokens[cursor.index + 1].word if cursor.index + 1 < len(cursor.tokens) else ""
    if not known or following == ".":
        return ""
    cursor.take()
    return _interval(cursor) if name == "interval" else _ALIASES.get(name, name)


def _is_array_name(name: str) -> bool:
    return name.startswith("_") and name[1:] in CATALOG_TYPES


def _take_quoted_builtin(cursor: Cursor) -> str:
    """Return the built-in type that a quoted name means, and move past it; empty where it means another type."""
    start = cursor.index
    name = cursor.take_name()
    found = "" if cursor.word == "." else _quoted_builtin(name)
    if not found:
        cursor.index = start
    return found


def _quoted_builtin(name: str) -> str:
    """Return the built-in type of a name in quotes; empty where there is none.

    The server knows the catalog's names only; some tools also quote what `format_type` prints.
    """
    if name == "char":
        return '"char"'  # the one-byte type, not character
    if name in _SERIALS or _is_array_name(name):
        return name
    return _ALIASES.get(name, name if name in _BUILTIN else "")


def _interval(cursor: Cursor) -> str:
    """Return an interval's name with its fields; the cursor is after the word INTERVAL."""
    words = ["interval"]
    while cursor.word in _INTERVAL_WORDS:
        words.append(cursor.take().text.lower())
    return " ".join(words)


def _with_defaults(cursor: Cursor, base: str, args: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Return name and arguments as the server stores them; the words after the parentheses are read first."""
    if base == "bpchar" and args:
        base = "character"  # as the catalog calls it
    elif base == "float":
        return ("real" if args and args[0] <= REAL_BITS else "double precision"), ()
    if base.startswith("time"):
        stem = base.split(maxsplit=1)[0]
        if cursor.skip("WITH", "TIME", "ZONE"):
            base = f"{stem} with time zone"
        elif cursor.skip("WITHOUT", "TIME", "ZONE"):
            base = f"{stem} without time zone"
    if base == "numeric" and len(args) == 1:
        args = (args[0], 0)
    return base, args or _DEFAULT_ARGUMENTS.get(base, ())


def _text(base: str, args: tuple[int, ...]) -> str:
    if not args:
        return base
    inner = f"({','.join(map(str, args))})"
    if base.startswith("time"):
        stem, _, zone = base.partition(" ")
        return f"{stem}{inner} {zone}"
    return base + inner


def _dimensions(cursor: Cursor) -> int:
    count = 0
    if cursor.skip("ARRAY"):
        count = 1
        if not cursor.at("["):
            return count
        count = 0
    while cursor.skip("["):
        count += 1
        while not cursor.skip("]"):
            cursor.take()
    return count


# ---------------------------------------------------------------------------------------------------- clauses

_RULES = rules_by_word(
    *COLUMN,
    ClauseRule(name="constraint name", words=("CONSTRAINT",), apply=constraint_clauses.constraint_name),
    *CONSTRAINTS,
    STORAGE,
)


def _dump_arguments(url: DatabaseUrl) -> list[str]:
    options = ("schema-only", "no-owner", "no-privileges", "no-password", "lock-wait-timeout=30s")
    return [*(f"--{option}" for option in options), f"--dbname={url.text}"]


_DUMP = DumpProgram(
    names=("pg_dump",),
    package="PostgreSQL's client programs (Debian: postgresql-client)",
    arguments=_dump_arguments,
    credential_variable="PGPASSWORD",
    # The key of \restrict, in the minor versions from August 2025 on, is another one in each dump.
    volatile=re.compile(rb"^(?P<kept>)\\(?:un)?restrict [^\n]*\n", re.MULTILINE),
    environment={"PGCONNECT_TIMEOUT": "10"},
)

DIALECT = Dialect(
    name="postgres",
    title="PostgreSQL",
    other_names=("postgresql", "pg", "psql"),
    parser="postgres",
    dump_command="pg_dump --schema-only",
    dump_program=_DUMP,
    url_schemes=("postgresql", "postgres"),
    postgresql_compatible=True,
    splitting=_SPLITTING,
    token_pattern=_TOKEN,
    string_value=_string_value,
    folds_names=True,
    default_schema="public",
    read_type=_read_type,
    builtin_types=frozenset(CATALOG_TYPES),
    clause_words=CLAUSE_WORDS | {"COMPRESSION", "STORAGE", "OPTIONS", "DEFERRABLE", "INITIALLY", "ENFORCED"},
    rules=_RULES,
    query_types={
        **{name: name for name in ("smallint", "integer", "bigint", "numeric", "real", "text", "boolean", "date")},
        **{name: name for name in ("interval", "json", "jsonb")},
        "double": "double precision",
        "timestamp": "timestamp with time zone",
        "local": "timestamp without time zone",
    },
    serial_is_sequence=True,
    like_element=True,
    keeps_objects=True,
    has_inheritance=True,
    drop_removes_references=True,
)
