"""Checks and defaults: from source text to the expressions of the model, as far as those go.

sqlglot parses the text, this module keeps what agents can work with. The model keeps the text beside it, so nothing is
lost where an expression has no parsed form.
"""

from __future__ import annotations

import logging
import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.ddl.model import ColumnRef, Const, Default, Expression, Operation
from runner.ddl.syntax.tokens import Token, depth_of, string_value, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.ddl.syntax.cursor import Cursor
    from runner.ddl.syntax.dialect import Dialect

MAX_EXPRESSION_DEPTH = 30  # nested parentheses; each costs sqlglot some twenty calls, and Python allows a thousand
MAX_EXPRESSION_LEVELS = 100  # of operations within each other: pickle takes some 250
MAX_EXPRESSION_TOKENS = 3000  # a chain of prefixes nests without brackets
CACHED_EXPRESSIONS = 4096  # every table has the same few defaults

Parsed = tuple[Expression | None, tuple[str, ...]]

# sqlglot's warnings about what it cannot parse would reach the user's terminal.
logging.getLogger("sqlglot").addFilter(lambda record: record.levelno >= logging.ERROR)


class _Inexpressible(Exception):  # noqa: N818 - raised and caught in this module only
    """The expression has a part that the model's expressions do not cover."""


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_expression(text: str, dialect: Dialect) -> Parsed:
    """Return the parsed form of an expression, None where it has none, and the columns it refers to, in order."""
    tokens = tokens_of(text, dialect)
    simple = _simple(tokens, dialect)
    if simple is not None:
        return simple, ()
    if len(tokens) > MAX_EXPRESSION_TOKENS or depth_of(tokens) > MAX_EXPRESSION_DEPTH:
        return None, ()
    try:
        tree = sqlglot.parse_one(f"SELECT {text}", read=dialect.parser).expressions[0]
        columns = tuple(dict.fromkeys(_name(column.this, dialect) for column in _columns(tree)))
        found = _convert(tree, dialect)
        return (found if is_shallow(found) else None), columns
    except _Inexpressible:
        return None, columns
    except (SqlglotError, RecursionError, IndexError, AttributeError):
        return None, ()


def is_known_function(name: str) -> bool:
    """Whether databases have a function of this name, which is found before one of the schema."""
    return name.upper() in exp.FUNCTION_BY_NAME


def is_shallow(expression: Expression) -> bool:
    """Whether an expression is nested so little that it can be pickled and walked recursively."""
    level: list[Expression] = [expression]
    for _ in range(MAX_EXPRESSION_LEVELS):
        level = [part for one in level if isinstance(one, Operation) for part in one.args]
        if not level:
            return True
    return False


def read_default(cursor: Cursor) -> Default | None:
    """Return the default that all of the cursor's tokens make up; NULL is none."""
    sequence = cursor.dialect.next_value(cursor.inside(cursor.tokens))
    tokens = cursor.rest()
    if sequence is not None:
        return Default(text=f"nextval('{'.'.join(map(_sequence_name, sequence))}')")
    if tokens and tokens[0].word == "NULL" and (len(tokens) == 1 or tokens[1].word == "::"):
        return None
    text = cursor.source(tokens)
    return Default(text=text, expression=parse_expression(text, cursor.dialect)[0])


def _sequence_name(name: str) -> str:
    """Return a part of a sequence's name as PostgreSQL's `nextval` takes it, inside a string."""
    return name if _FOLDED.fullmatch(name) else f'"{name.replace(chr(34), chr(34) * 2)}"'.replace("'", "''")


_FOLDED = re.compile(r"[a-z_][a-z0-9_]*")
_ESCAPED_NUMBER = re.compile(r"\\[xuU0-7]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_WORD_CONSTANTS: dict[str, str | bool | None] = {"NULL": None, "TRUE": True, "FALSE": False}
_NOW = {"NOW", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP"}


def _simple(tokens: Sequence[Token], dialect: Dialect) -> Expression | None:
    """Parse the most common defaults without sqlglot: a string with or without a cast, a number, TRUE, now()."""
    if not tokens:
        return None
    first, rest = tokens[0], tokens[1:]
    if first.kind == "string" and (not rest or (rest[0].word == "::" and all(t.kind != "mark" for t in rest[1:]))):
        return Const(value=string_value(first, dialect))
    if len(tokens) <= 2 and _NUMBER.fullmatch("".join(t.text for t in tokens)):  # noqa: PLR2004 - a sign and digits
        return Const(value="".join(t.text for t in tokens).lstrip("+"), is_number=True)
    if first.word in _WORD_CONSTANTS and (not rest or rest[0].word == "::"):
        return Const(value=_WORD_CONSTANTS[first.word])
    if first.word in _NOW and [t.word for t in rest] in ([], ["(", ")"]):
        return Operation(op="now")
    return None


def _columns(tree: exp.Expr) -> Iterator[exp.Column]:
    return (column for column in tree.find_all(exp.Column, bfs=False) if isinstance(column.this, exp.Identifier))


def _name(identifier: exp.Expr, dialect: Dialect) -> str:
    text = str(identifier.this)
    return text.lower() if dialect.folds_names and not identifier.args.get("quoted") else text


# -------------------------------------------------------------------------------------------- sqlglot's nodes

# By class name, since not every version of sqlglot has all of these.
_BINARY: dict[str, str] = {
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "IntDiv": "div",
    "NullSafeEQ": "is not distinct from",
    "NullSafeNEQ": "is distinct from",
    "Mod": "%",
    "DPipe": "||",
    "Like": "like",
    "ILike": "ilike",
    "RegexpLike": "~",
    "RegexpILike": "~*",
    "ArrayContainedBy": "<@",
    "ArrayContainsAll": "@>",
    "Glob": "glob",
    "Pow": "power",
    "BitwiseAnd": "&",
    "BitwiseOr": "|",
    "BitwiseLeftShift": "<<",
    "BitwiseRightShift": ">>",
}
_FUNCTIONS: dict[str, str] = {
    "Abs": "abs",
    "ArraySize": "array_length",
    "Ceil": "ceil",
    "Coalesce": "coalesce",
    "Concat": "concat",
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
    "Right": "right",
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
_CONNECTORS: dict[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}


def _convert(node: exp.Expr, dialect: Dialect) -> Expression:
    """Return the model's expression for a node; raise `_Inexpressible` where there is none."""
    found = _convert_positive(node, dialect)
    return Operation(op="not", args=(found,)) if node.args.get("negate") and not isinstance(node, exp.Is) else found


def _convert_positive(node: exp.Expr, dialect: Dialect) -> Expression:
    kind = type(node)
    if kind in _CONNECTORS:
        return Operation(op=_CONNECTORS[kind], args=tuple(_chain(node, kind, dialect)))
    name = kind.__name__
    if name in _BINARY:
        return _binary(node, dialect)
    if name in _FUNCTIONS:
        return Operation(op=_FUNCTIONS[name], args=tuple(_arguments(node, dialect)))
    special = _SPECIAL.get(kind)
    if special is None:
        raise _Inexpressible
    return special(node, dialect)


def _chain(node: exp.Expr, kind: type[exp.Expr], dialect: Dialect) -> Iterator[Expression]:
    """Yield the members of `a AND b AND c` in order, however they are nested."""
    waiting = [node]
    while waiting:
        this = waiting.pop().unnest()
        if type(this) is kind:
            waiting += [this.expression, this.this]
        else:
            yield _convert(this, dialect)


def _binary(node: exp.Expr, dialect: Dialect) -> Expression:
    left, right = _convert(node.this, dialect), node.expression.unnest()
    if isinstance(right, exp.Any) or _is_all(right):
        return _quantified(node, left, right, dialect)
    op = _BINARY[type(node).__name__]
    if op == "~" and dialect.regexp_ignores_case:
        op = "~*"
    other = _convert(right, dialect)
    if op == "~*" and dialect.regexp_ignores_case and isinstance(other, Const) and isinstance(other.value, str):
        other = Const(value=_PATTERN_DOT.sub(lambda found: found[1] or r"[^\n]", other.value))
    if op == "glob":
        return Operation(op="~", args=(left, Const(value=_glob_pattern(other))))
    if op == "@>":  # one of the two operators is enough
        return Operation(op="<@", args=(other, left))
    return Operation(op=op, args=(left, other))


def _glob_pattern(glob: Expression) -> str:
    """Return the regular expression of a pattern of SQLite's GLOB, which stands for the whole text."""
    if not isinstance(glob, Const) or not isinstance(glob.value, str):
        raise _Inexpressible
    parts = _GLOB_PART.findall(glob.value)
    return f"^{''.join(_GLOB_MARKS.get(part) or (part if part[1:] else re.escape(part)) for part in parts)}$"


_PATTERN_DOT = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\.", re.DOTALL)  # the dot that is no member of a class
_GLOB_PART = re.compile(r"\[\^?\]?[^\]]*\]|.", re.DOTALL)
_GLOB_MARKS = {"*": ".*", "?": "."}


def _quantified(node: exp.Expr, left: Expression, right: exp.Expr, dialect: Dialect) -> Expression:
    """Read a comparison with ANY or ALL of an array that is written out; PostgreSQL prints IN as `= ANY (ARRAY[…])`."""
    if isinstance(node.parent, exp.Not):  # the parser takes `a !~ ALL (…)` for `NOT (a ~ ALL (…))`, which differs
        raise _Inexpressible
    array = right.this.unnest() if isinstance(right, exp.Any) else right.expressions[0].unnest()
    while isinstance(array, exp.Cast):
        array = array.this.unnest()
    choices = _choices(array, dialect)
    if isinstance(node, exp.EQ) and isinstance(right, exp.Any):
        return Operation(op="in", args=(left, *choices))
    op = _BINARY[type(node).__name__]
    compared = tuple(Operation(op=op, args=(left, choice)) for choice in choices)
    return (
        compared[0]
        if len(compared) == 1
        else Operation(op="or" if isinstance(right, exp.Any) else "and", args=compared)
    )


def _choices(array: exp.Expr, dialect: Dialect) -> list[Expression]:
    """Return the items of ARRAY['a', 'b'] or of the text '{a,b}'."""
    if isinstance(array, exp.Array) and array.expressions:
        return [_convert(choice, dialect) for choice in array.expressions]
    found = _PLAIN_ARRAY.fullmatch(array.name) if isinstance(array, exp.Literal) else None
    items = [item.strip() for item in found[1].split(",")] if found else []
    if not items or any(item.upper() == "NULL" for item in items):
        raise _Inexpressible
    return [Const(value=item) for item in items]


_PLAIN_ARRAY = re.compile(r"""\{([^{}"\\]+)\}""")


def _is_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).upper() == "ALL" and len(node.expressions) == 1


def _arguments(node: exp.Expr, dialect: Dialect) -> Iterator[Expression]:
    for key, value in node.args.items():
        if key in {"ignore_nulls", "safe", "encoding", "is_numeric", "binary", "sysdate", "_type"}:
            continue
        for argument in value if isinstance(value, list) else [value]:
            if isinstance(argument, exp.Expr):
                yield _convert(argument, dialect)


def _escape_string(node: exp.Expr, _dialect: Dialect) -> Expression:
    """Return `E'…'` of PostgreSQL, whose escapes the parser has replaced, but for those by number."""
    if _ESCAPED_NUMBER.search(node.name):
        raise _Inexpressible
    return Const(value=node.name)


def _literal(node: exp.Expr, dialect: Dialect) -> Expression:
    del dialect
    return Const(value=str(node.this), is_number=not node.args.get("is_string"))


def _cast(node: exp.Expr, dialect: Dialect) -> Expression:
    inner = _convert(node.this, dialect)
    if isinstance(inner, Const) and node.args["to"].is_type("interval") and isinstance(inner.value, str):
        return Operation(op="interval", args=(inner,))
    to_bytes = node.args["to"].is_type("binary") and not dialect.postgresql_compatible  # compared with regard to case
    if (
        isinstance(inner, Const)
        and not to_bytes
        and not (isinstance(node.this.unnest(), exp.Cast) and inner.value == "now")
    ):
        return inner
    if (
        isinstance(inner, Const) and not to_bytes
    ):  # ('now'::text)::date: read when a row is made, which 'now'::date is not
        inner = Operation(op="now")
    return Operation(op="cast", args=(inner, Const(value=node.args["to"].sql(dialect=dialect.parser).lower())))


def _is(node: exp.Expr, dialect: Dialect) -> Expression:
    value, of = _convert(node.this, dialect), node.expression
    negated = bool(node.args.get("negate"))
    if isinstance(of, exp.Null):
        return Operation(op="is not null" if negated else "is null", args=(value,))
    if isinstance(of, exp.Boolean):  # never unknown, which `=` may be
        known = Operation(op="coalesce", args=(value, Const(value=not of.this)))
        found = Operation(op="=", args=(known, Const(value=bool(of.this))))
        return Operation(op="not", args=(found,)) if negated else found
    raise _Inexpressible


def _not(node: exp.Expr, dialect: Dialect) -> Expression:
    inner = _convert(node.this, dialect)
    if isinstance(inner, Operation) and inner.op in {"is null", "not"}:
        return Operation(op="is not null", args=inner.args) if inner.op == "is null" else inner.args[0]
    return Operation(op="not", args=(inner,))


def _between(node: exp.Expr, dialect: Dialect) -> Expression:
    value = _convert(node.this, dialect)
    low, high = (_convert(node.args[side], dialect) for side in ("low", "high"))
    if node.args.get("symmetric"):
        low, high = Operation(op="least", args=(low, high)), Operation(op="greatest", args=(low, high))
        if isinstance(low.args[0], Const) and isinstance(low.args[1], Const):
            low, high = _sorted_constants(low.args[0], low.args[1])
    return Operation(op="and", args=(Operation(op=">=", args=(value, low)), Operation(op="<=", args=(value, high))))


def _sorted_constants(first: Const, second: Const) -> tuple[Const, Const]:
    """Return two constants in order: numbers by value, texts of one form (dates, say) as texts."""
    if first.is_number and second.is_number:
        return (first, second) if Decimal(str(first.value)) <= Decimal(str(second.value)) else (second, first)
    raise _Inexpressible


def _in(node: exp.Expr, dialect: Dialect) -> Expression:
    choices = node.expressions
    if not choices:
        raise _Inexpressible  # a query
    return Operation(op="in", args=(_convert(node.this, dialect), *(_convert(choice, dialect) for choice in choices)))


def _neg(node: exp.Expr, dialect: Dialect) -> Expression:
    inner = _convert(node.this, dialect)
    if isinstance(inner, Const) and inner.is_number:
        return Const(value=f"-{inner.value}", is_number=True)
    return Operation(op="neg", args=(inner,))


def _interval(node: exp.Expr, dialect: Dialect) -> Expression:
    value = _convert(node.this, dialect)
    unit = node.args.get("unit")
    if not isinstance(value, Const) or value.value is None:
        raise _Inexpressible
    return Operation(op="interval", args=(Const(value=f"{value.value} {unit.name.lower() if unit else ''}".strip()),))


def _make_interval(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read make_interval(days => 3) of PostgreSQL."""
    parts = [argument for argument in node.args.values() if isinstance(argument, exp.Kwarg)]
    values = [_convert(part.expression, dialect) for part in parts]
    texts = [
        f"{value.value} {part.this.name}" for part, value in zip(parts, values, strict=True) if isinstance(value, Const)
    ]
    if len(texts) != len(node.args):
        raise _Inexpressible
    return Operation(op="interval", args=(Const(value=" ".join(texts)),))


def _moved(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read date_add(time, INTERVAL n unit), date_sub() and timestampadd() of MySQL."""
    length = _convert(node.expression, dialect)
    if not isinstance(length, Const):
        raise _Inexpressible
    interval = Operation(op="interval", args=(Const(value=f"{length.value} {node.args['unit'].name.lower()}"),))
    return Operation(op="-" if isinstance(node, exp.DateSub) else "+", args=(_convert(node.this, dialect), interval))


def _part_of_date(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read year(time), month(time) and day(time) of MySQL."""
    time = node.this.this if isinstance(node.this, exp.TsOrDsToDate) else node.this
    return Operation(op="extract", args=(Const(value=type(node).__name__.lower()), _convert(time, dialect)))


def _starts_with(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read starts_with() of PostgreSQL."""
    start = _convert(node.expression, dialect)
    if not isinstance(start, Const):
        raise _Inexpressible
    escaped = re.sub(r"([\\%_])", r"\\\1", str(start.value))
    return Operation(op="like", args=(_convert(node.this, dialect), Const(value=f"{escaped}%")))


def _days_between(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read datediff() of MySQL, which counts the days between two dates."""
    days = (_convert(part, dialect) for part in (node.this, node.expression))
    return Operation(op="-", args=tuple(Operation(op="cast", args=(day, Const(value="date"))) for day in days))


def _either(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read `a XOR b` of MySQL, of two conditions: one alone holds."""
    parts = tuple(_convert(part, dialect) for part in (node.this, node.expression))
    if not all(isinstance(part, Operation) and part.op in _TRUTHS for part in parts):
        raise _Inexpressible
    return Operation(op="<>", args=parts)


_TRUTHS = frozenset({"is null", "is not null", "=", "<>", "<", "<=", ">", ">=", "in", "and", "or", "not", "like"})


def _json_object(node: exp.Expr, dialect: Dialect) -> Expression:
    parts = [part for pair in node.expressions for part in (pair.this, pair.expression)]
    return Operation(op="json_object", args=tuple(_convert(part, dialect) for part in parts))


def _hexadecimal(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read X'…': bits in PostgreSQL, bytes elsewhere."""
    digits = str(node.this)
    if not dialect.postgresql_compatible:
        return Operation(op="bytes", args=(Const(value=digits.lower()),))
    return Operation(op="bits", args=(Const(value=f"{int(digits or '0', 16):0{4 * len(digits)}b}"),))


def _case(node: exp.Expr, dialect: Dialect) -> Expression:
    subject, default = node.args.get("this"), node.args.get("default")
    args: list[Expression] = []
    for branch in node.args["ifs"]:
        condition = _convert(branch.this, dialect)
        if subject is not None:
            condition = Operation(op="=", args=(_convert(subject, dialect), condition))
        args += [condition, _convert(branch.args["true"], dialect)]
    args.append(Const(value=None) if default is None else _convert(default, dialect))
    return Operation(op="case", args=tuple(args))


def _formatted_time(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read SQLite's strftime(format, time)."""
    time = node.this.this if type(node.this).__name__ == "TsOrDsToTimestamp" else node.this
    return Operation(op="strftime", args=(Const(value=node.args["format"].name), _convert(time, dialect)))


def _trim(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read trim(); one side, or characters that are not blanks, make it another function."""
    position, characters = str(node.args.get("position") or "BOTH").upper(), node.args.get("expression")
    plain = characters is None or (isinstance(characters, exp.Literal) and characters.name == " ")
    names = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}
    args = [_convert(node.this, dialect)] + ([] if plain else [_convert(node.expression, dialect)])
    return Operation(op=names[position] if plain else f"{names[position]} of", args=tuple(args))


def _of_schema(node: exp.Expr, dialect: Dialect) -> Expression:
    """Read a function that is named with its schema: the schemas of the database and of extensions add no meaning."""
    if isinstance(node.this, exp.Identifier) and node.this.name.lower() in _FUNCTION_SCHEMAS:
        return _convert(node.expression, dialect)
    raise _Inexpressible


_FUNCTION_SCHEMAS = {"pg_catalog", "public", "extensions"}

# Functions that the model gives another name; some versions of sqlglot rename them as well.
_ALIASES = {"btrim": "trim", "char_length": "length", "character_length": "length"}


def _function(node: exp.Expr, dialect: Dialect) -> Expression:
    name = str(node.this).lower()
    if name == "json_array_length" and not dialect.postgresql_compatible:
        name = "json_array_size"  # of a text
    return Operation(
        op=_ALIASES.get(name, name), args=tuple(_convert(argument, dialect) for argument in node.expressions)
    )


_SPECIAL: dict[type[exp.Expr], Callable[[exp.Expr, Dialect], Expression]] = {
    exp.Anonymous: _function,
    exp.Array: lambda node, dialect: Operation(
        op="array", args=tuple(_convert(argument, dialect) for argument in node.expressions)
    ),
    exp.AtTimeZone: lambda node, dialect: Operation(
        op="timezone", args=(_convert(node.args["zone"], dialect), _convert(node.this, dialect))
    ),
    exp.Between: _between,
    exp.DateDiff: _days_between,
    exp.StartsWith: _starts_with,
    exp.Xor: _either,
    exp.DateAdd: _moved,
    exp.DateSub: _moved,
    exp.TimestampAdd: _moved,
    exp.Day: _part_of_date,
    exp.Month: _part_of_date,
    exp.Year: _part_of_date,
    exp.HexString: _hexadecimal,
    exp.If: lambda node, dialect: Operation(
        op="case",
        args=tuple(
            Const(value=None) if part is None else _convert(part, dialect)
            for part in (node.this, node.args["true"], node.args.get("false"))
        ),
    ),
    exp.Introducer: lambda node, dialect: _convert(node.expression, dialect),
    exp.JSONObject: _json_object,
    exp.LowerHex: lambda node, dialect: Operation(
        op="lower", args=(Operation(op="hex", args=(_convert(node.this, dialect),)),)
    ),
    exp.MakeInterval: _make_interval,
    exp.TimestampTrunc: lambda node, dialect: Operation(
        op="date_trunc", args=(Const(value=node.args["unit"].name.lower()), _convert(node.this, dialect))
    ),
    exp.BitString: lambda node, _: Operation(op="bits", args=(Const(value=str(node.this)),)),
    exp.Boolean: lambda node, _: Const(value=bool(node.this)),
    exp.ByteString: lambda node, _: Const(value=str(node.this)),  # E'…', whose escapes the parser has resolved
    exp.Case: _case,
    exp.Cast: _cast,
    exp.Column: lambda node, dialect: ColumnRef(name=_name(node.this, dialect)),
    exp.Dot: _of_schema,
    exp.Extract: lambda node, dialect: Operation(
        op="extract", args=(Const(value=node.this.name.lower()), _convert(node.expression, dialect))
    ),
    exp.In: _in,
    exp.Interval: _interval,
    exp.Is: _is,
    exp.Literal: _literal,
    exp.ByteString: _escape_string,
    exp.Neg: _neg,
    exp.Not: _not,
    exp.Null: lambda *_: Const(value=None),
    exp.Paren: lambda node, dialect: _convert(node.this, dialect),
    exp.TimeToStr: _formatted_time,
    exp.Trim: _trim,
    exp.Var: lambda node, _: Operation(op=str(node.this).lower()),
}
