"""Functions in checks and defaults: from sqlglot's nodes to the expressions of the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from runner.ddl.expression_tree import Const, Expression, Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.syntax.dialect import Dialect


class Inexpressible(Exception):  # noqa: N818 - never leaves the modules that read expressions
    """The expression has a part that the model's expressions do not cover."""


class ExpressionReader(Protocol):
    """Reads the parts of an expression."""

    @property
    def dialect(self) -> Dialect:
        """The dialect that the expression is written in."""

    def convert(self, node: exp.Expr) -> Expression:
        """Return the model's expression for a node. Raises `Inexpressible` where there is none."""


NodeReader = Callable[[exp.Expr, ExpressionReader], Expression]

# Functions whose arguments stay as they are. By class name, since not every version of sqlglot has all of these.
PLAIN_FUNCTIONS: Mapping[str, str] = {
    "Abs": "abs",
    "ArraySize": "array_length",
    "Ceil": "ceil",
    "Coalesce": "coalesce",
    "Concat": "concat",
    "ConcatWs": "concat_ws",
    "CurrentDate": "current_date",
    "CurrentTime": "current_time",
    "CurrentTimestamp": "now",
    "CurrentUser": "current_user",
    "Date": "date",
    "Decode": "decode",
    "Encode": "encode",
    "Floor": "floor",
    "Greatest": "greatest",
    "Hex": "hex",
    "Least": "least",
    "Left": "left",
    "Length": "length",
    "Localtime": "localtime",
    "Localtimestamp": "localtimestamp",
    "Lower": "lower",
    "MD5": "md5",
    "Rand": "random",
    "Replace": "replace",
    "Reverse": "reverse",
    "Right": "right",
    "SplitPart": "split_part",
    "StrPosition": "strpos",
    "Substring": "substr",
    "Trunc": "trunc",
    "Typeof": "typeof",
    "Nullif": "nullif",
    "Round": "round",
    "Unhex": "unhex",
    "Upper": "upper",
    "UtcTimestamp": "utc_timestamp",
    "Uuid": "gen_random_uuid",
}
# Functions that the model gives another name; some versions of sqlglot rename them as well.
_ALIASES = {"btrim": "trim", "char_length": "length", "character_length": "length"}
_FUNCTION_SCHEMAS = {"pg_catalog", "public", "extensions"}


def _interval(node: exp.Expr, reader: ExpressionReader) -> Expression:
    value = reader.convert(node.this)
    unit = node.args.get("unit")
    if not isinstance(value, Const) or value.value is None:
        raise Inexpressible
    return Operation(op="interval", args=(Const(value=f"{value.value} {unit.name.lower() if unit else ''}".strip()),))


def _make_interval(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read make_interval(days => 3) of PostgreSQL."""
    parts = [argument for argument in node.args.values() if isinstance(argument, exp.Kwarg)]
    values = [reader.convert(part.expression) for part in parts]
    texts = [
        f"{value.value} {part.this.name}" for part, value in zip(parts, values, strict=True) if isinstance(value, Const)
    ]
    if len(texts) != len(node.args):
        raise Inexpressible
    return Operation(op="interval", args=(Const(value=" ".join(texts)),))


def _moved(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read date_add(time, INTERVAL n unit), date_sub() and timestampadd() of MySQL."""
    length = reader.convert(node.expression)
    if not isinstance(length, Const):
        raise Inexpressible
    interval = Operation(op="interval", args=(Const(value=f"{length.value} {node.args['unit'].name.lower()}"),))
    return Operation(op="-" if isinstance(node, exp.DateSub) else "+", args=(reader.convert(node.this), interval))


def _part_of_date(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read year(time), month(time) and day(time) of MySQL."""
    time = node.this.this if isinstance(node.this, exp.TsOrDsToDate) else node.this
    return Operation(op="extract", args=(Const(value=type(node).__name__.lower()), reader.convert(time)))


def _starts_with(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read starts_with() of PostgreSQL."""
    start = reader.convert(node.expression)
    if not isinstance(start, Const):
        raise Inexpressible
    escaped = re.sub(r"([\\%_])", r"\\\1", str(start.value))
    return Operation(op="like", args=(reader.convert(node.this), Const(value=f"{escaped}%")))


def _days_between(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read datediff() of MySQL, which counts the days between two dates."""
    days = (reader.convert(part) for part in (node.this, node.expression))
    return Operation(op="-", args=tuple(Operation(op="cast", args=(day, Const(value="date"))) for day in days))


def _json_object(node: exp.Expr, reader: ExpressionReader) -> Expression:
    parts = [part for pair in node.expressions for part in (pair.this, pair.expression)]
    return Operation(op="json_object", args=tuple(reader.convert(part) for part in parts))


def _hexadecimal(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read X'…': bits in PostgreSQL, bytes elsewhere."""
    digits = str(node.this)
    if not reader.dialect.postgresql_compatible:
        return Operation(op="bytes", args=(Const(value=digits.lower()),))
    return Operation(op="bits", args=(Const(value=f"{int(digits or '0', 16):0{4 * len(digits)}b}"),))


def _formatted_time(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read SQLite's strftime(format, time)."""
    time = node.this.this if type(node.this).__name__ == "TsOrDsToTimestamp" else node.this
    return Operation(op="strftime", args=(Const(value=node.args["format"].name), reader.convert(time)))


def _trim(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read trim(); one side, or characters that are not blanks, make it another function."""
    position, characters = str(node.args.get("position") or "BOTH").upper(), node.args.get("expression")
    plain = characters is None or (isinstance(characters, exp.Literal) and characters.name == " ")
    names = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}
    args = [reader.convert(node.this)] + ([] if plain else [reader.convert(node.expression)])
    return Operation(op=names[position] if plain else f"{names[position]} of", args=tuple(args))


def _pad(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read lpad() and rpad(), which fill a text up with blanks where nothing else is named."""
    filled = node.args.get("fill_pattern")
    args = (reader.convert(node.this), reader.convert(node.expression))
    with_ = Const(value=" ") if filled is None else reader.convert(filled)
    return Operation(op="lpad" if node.args.get("is_left") else "rpad", args=(*args, with_))


def _before_separator(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read substring_index(text, separator, 1) of MySQL."""
    count = reader.convert(node.args["count"])
    if not isinstance(count, Const) or count.value != "1":
        raise Inexpressible
    return Operation(op="split_part", args=(reader.convert(node.this), reader.convert(node.args["delimiter"]), count))


def _of_schema(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read a function that is named with its schema: the schemas of the database and of extensions add no meaning."""
    if isinstance(node.this, exp.Identifier) and node.this.name.lower() in _FUNCTION_SCHEMAS:
        return reader.convert(node.expression)
    raise Inexpressible


def _function(node: exp.Expr, reader: ExpressionReader) -> Expression:
    name = str(node.this).lower()
    if name == "json_array_length" and not reader.dialect.postgresql_compatible:
        name = "json_array_size"  # of a text
    return Operation(op=_ALIASES.get(name, name), args=tuple(reader.convert(argument) for argument in node.expressions))


FUNCTIONS: Mapping[type[exp.Expr], NodeReader] = {
    exp.Anonymous: _function,
    exp.AtTimeZone: lambda node, reader: Operation(
        op="timezone", args=(reader.convert(node.args["zone"]), reader.convert(node.this))
    ),
    exp.DateDiff: _days_between,
    exp.StartsWith: _starts_with,
    exp.DateAdd: _moved,
    exp.DateSub: _moved,
    exp.TimestampAdd: _moved,
    exp.Day: _part_of_date,
    exp.Hour: _part_of_date,
    exp.Minute: _part_of_date,
    exp.Month: _part_of_date,
    exp.Year: _part_of_date,
    exp.HexString: _hexadecimal,
    exp.If: lambda node, reader: Operation(
        op="case",
        args=tuple(
            Const(value=None) if part is None else reader.convert(part)
            for part in (node.this, node.args["true"], node.args.get("false"))
        ),
    ),
    exp.JSONObject: _json_object,
    exp.LowerHex: lambda node, reader: Operation(
        op="lower", args=(Operation(op="hex", args=(reader.convert(node.this),)),)
    ),
    exp.MakeInterval: _make_interval,
    exp.Pad: _pad,
    exp.SubstringIndex: _before_separator,
    exp.TsOrDsToDate: lambda node, reader: Operation(op="cast", args=(reader.convert(node.this), Const(value="date"))),
    exp.TimestampTrunc: lambda node, reader: Operation(
        op="date_trunc", args=(Const(value=node.args["unit"].name.lower()), reader.convert(node.this))
    ),
    exp.BitString: lambda node, _: Operation(op="bits", args=(Const(value=str(node.this)),)),
    exp.Dot: _of_schema,
    exp.Extract: lambda node, reader: Operation(
        op="extract", args=(Const(value=node.this.name.lower()), reader.convert(node.expression))
    ),
    exp.Interval: _interval,
    exp.TimeToStr: _formatted_time,
    exp.Trim: _trim,
    exp.Var: lambda node, _: Operation(op=str(node.this).lower()),
}
