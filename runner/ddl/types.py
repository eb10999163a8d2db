"""The type of a column, from its tokens to the text that the database itself would print.

PostgreSQL as `format_type` prints it, MySQL as `COLUMN_TYPE` of version 8 (no display widths but `tinyint(1)`),
SQLite as declared. A type that is not built in stays a reference until the whole schema is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.lexis import Token, name_value, string_value, tidy
from runner.ddl.model import Dialect, Enum, SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.cursor import Cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeRef:
    """A type as a statement names it. `path` is empty for a built-in type, whose `sql` is then complete.

    For any other type `arguments` is the text in its brackets; `serial` is the column's wish for a sequence.
    """

    sql: SqlType
    path: tuple[str, ...] = ()
    arguments: str = ""
    serial: bool = False

    @property
    def is_builtin(self) -> bool:
        """Whether the database knows the type without any definition in the DDL."""
        return not self.path


def read_type(cursor: Cursor) -> TypeRef:
    """Read the type that the cursor's tokens are, whole."""
    return _READERS[cursor.dialect](cursor)


# --------------------------------------------------------------------------------------------------- postgres

_PG_ALIASES = {
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
_PG_SERIALS = {
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
}
_PG_BUILTIN = {
    *_PG_ALIASES.values(),
    "float",
    *[
        "aclitem",
        "bit",
        "box",
        "bpchar",
        "bytea",
        "cid",
        "cidr",
        "circle",
        "date",
        "datemultirange",
        "daterange",
        "gtsvector",
        "inet",
        "int2vector",
        "int4multirange",
        "int4range",
        "int8multirange",
        "int8range",
        "interval",
        "json",
        "jsonb",
        "jsonpath",
        "line",
        "lseg",
        "macaddr",
        "macaddr8",
        "money",
        "name",
        "nummultirange",
        "numrange",
        "oid",
        "oidvector",
        "path",
        "pg_lsn",
        "pg_snapshot",
        "point",
        "polygon",
        "refcursor",
        "regclass",
        "regcollation",
        "regconfig",
        "regdictionary",
        "regnamespace",
        "regoper",
        "regoperator",
        "regproc",
        "regprocedure",
        "regrole",
        "regtype",
        "text",
        "tid",
        "tsmultirange",
        "tsquery",
        "tsrange",
        "tstzmultirange",
        "tstzrange",
        "tsvector",
        "txid_snapshot",
        "uuid",
        "xid",
        "xid8",
        "xml",
    ],
}
_PG_DEFAULT_ARGUMENTS = {"character": (1,), "bit": (1,)}
_FLOAT_BITS = 24  # a float(p) up to here is a real
_INTERVAL_WORDS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"}


def _read_postgres(cursor: Cursor) -> TypeRef:
    cursor.skip("SETOF")
    quoted = cursor.here is not None and cursor.here.kind == "name"
    base = "" if quoted else _postgres_phrase(cursor)
    path = () if base else cursor.take_path()
    if path[:1] == ("pg_catalog",):
        base, path, quoted = path[-1], (), False
        base = '"char"' if base == "char" else _PG_ALIASES.get(base, base)
    elif path == ("char",) and quoted:
        base, path = '"char"', ()  # the one-byte type, not character
    serial = base in _PG_SERIALS
    base = _PG_SERIALS.get(base, base)
    arguments = cursor.take_group() if cursor.word == "(" else None
    args = _numbers(arguments)
    if not path:
        base, args = _postgres_arguments(cursor, base, args)
    dimensions = _dimensions(cursor)
    if not cursor.done:
        raise cursor.surprise("the end of the type")
    if path:
        sql = SqlType(text=".".join(path), base=path[-1], args=args, dimensions=dimensions)
        return TypeRef(sql=sql, path=path, arguments="".join(t.text for t in arguments or ()))
    text = _postgres_text(base, args) + ("[]" if dimensions else "")
    return TypeRef(sql=SqlType(text=text, base=base, args=args, dimensions=dimensions), serial=serial)


def _postgres_phrase(cursor: Cursor) -> str:
    """Return a built-in type's full name and step over its words; empty where the type is not built in."""
    if cursor.skip("NATIONAL") or cursor.word in {"CHARACTER", "CHAR", "NCHAR", "BIT"}:
        base = "bit" if cursor.take().word == "BIT" else "character"
        return f"{base} varying" if cursor.skip("VARYING") else base
    if cursor.skip("DOUBLE", "PRECISION"):
        return "double precision"
    name = cursor.word.lower()
    known = name in _PG_ALIASES or name in _PG_SERIALS or name in _PG_BUILTIN
    following = cursor.tokens[cursor.index + 1].word if cursor.index + 1 < len(cursor.tokens) else ""
    if not known or following == ".":
        return ""
    cursor.take()
    return _interval(cursor) if name == "interval" else _PG_ALIASES.get(name, name)


def _interval(cursor: Cursor) -> str:
    """Return an interval's name with its fields, whose cursor stands behind the word."""
    words = ["interval"]
    while cursor.word in _INTERVAL_WORDS:
        words.append(cursor.take().text.lower())
    return " ".join(words)


def _postgres_arguments(cursor: Cursor, base: str, args: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Return base and arguments as the server keeps them, once the words behind the brackets are read."""
    if base == "float":
        return ("real" if args and args[0] <= _FLOAT_BITS else "double precision"), ()
    if base.startswith("time"):
        stem = base.split(maxsplit=1)[0]
        if cursor.skip("WITH", "TIME", "ZONE"):
            base = f"{stem} with time zone"
        elif cursor.skip("WITHOUT", "TIME", "ZONE"):
            base = f"{stem} without time zone"
    if base == "numeric" and len(args) == 1:
        args = (args[0], 0)
    return base, args or _PG_DEFAULT_ARGUMENTS.get(base, ())


def _postgres_text(base: str, args: tuple[int, ...]) -> str:
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


def _numbers(tokens: Sequence[Token] | None) -> tuple[int, ...]:
    """Return the whole numbers among a type's arguments."""
    found: list[int] = []
    sign = 1
    for token in tokens or ():
        if token.kind == "number" and token.text.isdigit():
            found.append(sign * int(token.text))
        sign = -1 if token.word == "-" else 1
    return tuple(found)


# ------------------------------------------------------------------------------------------------------ mysql

_MYSQL_ALIASES = {
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
_MYSQL_INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint"}
_MYSQL_DEFAULT_ARGUMENTS = {"char": (1,), "binary": (1,), "bit": (1,)}
_MYSQL_TEXT_SIZES = ((255, "tiny"), (65_535, ""), (16_777_215, "medium"), (4_294_967_295, "long"))  # bytes


def _read_mysql(cursor: Cursor) -> TypeRef:
    base = _mysql_name(cursor)
    arguments = cursor.take_group() if cursor.word == "(" else None
    if base in {"enum", "set"}:
        return TypeRef(sql=_mysql_enum(base, arguments or (), cursor.dialect))
    args = _numbers(arguments)
    unsigned = zerofill = False
    while not cursor.done:
        if cursor.skip("UNSIGNED"):
            unsigned = True
        elif cursor.skip("ZEROFILL"):
            unsigned = zerofill = True
        elif not cursor.skip_any("SIGNED", "BINARY", "ASCII", "UNICODE", "BYTE"):
            raise cursor.surprise("the end of the type")
    if base == "serial":
        return TypeRef(sql=SqlType(text="bigint unsigned", base="bigint", unsigned=True), serial=True)
    base, args = _mysql_arguments(base, args, unsigned=unsigned)
    text = base + (f"({','.join(map(str, args))})" if args else "")
    text += (" unsigned" if unsigned else "") + (" zerofill" if zerofill else "")
    return TypeRef(sql=SqlType(text=text, base=base, args=args, unsigned=unsigned))


def _mysql_name(cursor: Cursor) -> str:
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
    return _MYSQL_ALIASES.get(name, name)


def _mysql_arguments(base: str, args: tuple[int, ...], *, unsigned: bool) -> tuple[str, tuple[int, ...]]:
    """Return name and arguments as the server keeps them; display widths go, but for the one that says boolean."""
    kept = args or _MYSQL_DEFAULT_ARGUMENTS.get(base, ())
    if base in {"bool", "boolean"}:
        base, kept = "tinyint", (1,)
    elif base in _MYSQL_INTEGERS or base == "year":
        kept = args if base == "tinyint" and args == (1,) and not unsigned else ()
    elif base == "decimal":
        kept = (args + (10, 0)[len(args) :])[:2]
    elif base == "float" and len(args) == 1:
        base, kept = ("float" if args[0] <= _FLOAT_BITS else "double"), ()
    elif base in {"text", "blob"} and args:
        size = next((name for limit, name in _MYSQL_TEXT_SIZES if args[0] <= limit), "long")
        base, kept = size + base, ()
    return base, kept


def _mysql_enum(base: str, arguments: Sequence[Token], dialect: Dialect) -> SqlType:
    values = tuple(string_value(token, dialect) for token in arguments if token.kind == "string")
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    return SqlType(text=f"{base}({quoted})", base=base, enum=Enum(name=None, values=values), is_set=base == "set")


# ----------------------------------------------------------------------------------------------------- sqlite


def _read_sqlite(cursor: Cursor) -> TypeRef:
    tokens = cursor.rest()
    words = [name_value(token, cursor.dialect) for token in tokens if token.kind not in {"mark", "number"}]
    text = words[0] if len(tokens) == 1 and words else tidy(tokens)
    return TypeRef(sql=SqlType(text=text, base=" ".join(words).lower(), args=_numbers(tokens)))


_READERS = {"postgres": _read_postgres, "mysql": _read_mysql, "sqlite": _read_sqlite}
