"""Operators in checks and defaults: from sqlglot's nodes to the expressions of the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.syntax.dialect import Dialect
from runner.ddl.syntax.expression_functions import (
    FUNCTIONS,
    PLAIN_FUNCTIONS,
    ExpressionReader,
    Inexpressible,
    NodeReader,
)
from runner.ddl.syntax.json_access import JSON_ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# By class name, since not every version of sqlglot has all of these.
_BINARY: Mapping[str, str] = {
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
_CONNECTORS: Mapping[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}
_ESCAPED_NUMBER = re.compile(r"\\[xuU0-7]")
_PATTERN_DOT = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\.", re.DOTALL)  # the dot that is no member of a class
_GLOB_PART = re.compile(r"\[\^?\]?[^\]]*\]|.", re.DOTALL)
_GLOB_MARKS = {"*": ".*", "?": "."}
_PLAIN_ARRAY = re.compile(r"""\{([^{}"\\]+)\}""")
_TRUTHS = frozenset({"is null", "is not null", "=", "<>", "<", "<=", ">", ">=", "in", "and", "or", "not", "like"})


@dataclass(frozen=True, slots=True)
class TreeReader:
    """Reads a tree of sqlglot's nodes, which an expression in `dialect` was parsed into."""

    dialect: Dialect

    def convert(self, node: exp.Expr) -> Expression:
        """Return the model's expression for a node. Raises `Inexpressible` where there is none."""
        found = self._positive(node)
        return Operation(op="not", args=(found,)) if node.args.get("negate") and not isinstance(node, exp.Is) else found

    def _positive(self, node: exp.Expr) -> Expression:
        kind = type(node)
        if kind in _CONNECTORS:
            return Operation(op=_CONNECTORS[kind], args=tuple(_chain(node, kind, self)))
        name = kind.__name__
        if name in _BINARY:
            return _binary(node, self)
        if name in PLAIN_FUNCTIONS:
            return Operation(op=PLAIN_FUNCTIONS[name], args=tuple(_arguments(node, self)))
        special = _SPECIAL.get(kind)
        if special is None:
            raise Inexpressible
        return special(node, self)


def column_name(identifier: exp.Expr, dialect: Dialect) -> str:
    """Return the name of a column as the database folds it."""
    text = str(identifier.this)
    return text.lower() if dialect.folds_names and not identifier.args.get("quoted") else text


def _chain(node: exp.Expr, kind: type[exp.Expr], reader: ExpressionReader) -> Iterator[Expression]:
    """Yield the members of `a AND b AND c` in order, however they are nested."""
    waiting = [node]
    while waiting:
        this = waiting.pop().unnest()
        if type(this) is kind:
            waiting += [this.expression, this.this]
        else:
            yield reader.convert(this)


def _binary(node: exp.Expr, reader: ExpressionReader) -> Expression:
    left, right = reader.convert(node.this), node.expression.unnest()
    if isinstance(right, exp.Any) or _is_all(right):
        return _quantified(node, left, right, reader)
    op = _BINARY[type(node).__name__]
    if op == "~" and reader.dialect.regexp_ignores_case:
        op = "~*"
    other = reader.convert(right)
    if op == "~*" and reader.dialect.regexp_ignores_case and isinstance(other, Const) and isinstance(other.value, str):
        other = Const(value=_PATTERN_DOT.sub(lambda found: found[1] or r"[^\n]", other.value))
    if op == "glob":
        return Operation(op="~", args=(left, Const(value=_glob_pattern(other))))
    if op == "@>":  # one of the two operators is enough
        return Operation(op="<@", args=(other, left))
    return Operation(op=op, args=(left, other))


def _glob_pattern(glob: Expression) -> str:
    """Return the regular expression of a pattern of SQLite's GLOB, which stands for the whole text."""
    if not isinstance(glob, Const) or not isinstance(glob.value, str):
        raise Inexpressible
    parts = _GLOB_PART.findall(glob.value)
    return f"^{''.join(_GLOB_MARKS.get(part) or (part if part[1:] else re.escape(part)) for part in parts)}$"


def _quantified(node: exp.Expr, left: Expression, right: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read a comparison with ANY or ALL of an array that is written out; PostgreSQL prints IN as `= ANY (ARRAY[…])`."""
    if isinstance(node.parent, exp.Not):  # the parser takes `a !~ ALL (…)` for `NOT (a ~ ALL (…))`, which differs
        raise Inexpressible
    array = right.this.unnest() if isinstance(right, exp.Any) else right.expressions[0].unnest()
    while isinstance(array, exp.Cast):
        array = array.this.unnest()
    choices = _choices(array, reader)
    if isinstance(node, exp.EQ) and isinstance(right, exp.Any):
        return Operation(op="in", args=(left, *choices))
    op = _BINARY[type(node).__name__]
    compared = tuple(Operation(op=op, args=(left, choice)) for choice in choices)
    return (
        compared[0]
        if len(compared) == 1
        else Operation(op="or" if isinstance(right, exp.Any) else "and", args=compared)
    )


def _choices(array: exp.Expr, reader: ExpressionReader) -> list[Expression]:
    """Return the items of ARRAY['a', 'b'] or of the text '{a,b}'."""
    if isinstance(array, exp.Array) and array.expressions:
        return [reader.convert(choice) for choice in array.expressions]
    found = _PLAIN_ARRAY.fullmatch(array.name) if isinstance(array, exp.Literal) else None
    items = [item.strip() for item in found[1].split(",")] if found else []
    if not items or any(item.upper() == "NULL" for item in items):
        raise Inexpressible
    return [Const(value=item) for item in items]


def _is_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).upper() == "ALL" and len(node.expressions) == 1


def _arguments(node: exp.Expr, reader: ExpressionReader) -> Iterator[Expression]:
    for key, value in node.args.items():
        if key in {"ignore_nulls", "safe", "encoding", "is_numeric", "binary", "sysdate", "_type"}:
            continue
        for argument in value if isinstance(value, list) else [value]:
            if isinstance(argument, exp.Expr):
                yield reader.convert(argument)


def _escape_string(node: exp.Expr, _reader: ExpressionReader) -> Expression:
    """Return `E'…'` of PostgreSQL, whose escapes the parser has replaced, but for those by number."""
    if _ESCAPED_NUMBER.search(node.name):
        raise Inexpressible
    return Const(value=node.name)


def _literal(node: exp.Expr, reader: ExpressionReader) -> Expression:
    del reader
    return Const(value=str(node.this), is_number=not node.args.get("is_string"))


def _cast(node: exp.Expr, reader: ExpressionReader) -> Expression:
    target, dialect = node.args["to"], reader.dialect
    inner = reader.convert(node.this)
    # MySQL's cast to binary remains: it makes a comparison heed case
    if isinstance(inner, Const) and (dialect.postgresql_compatible or not target.is_type("binary")):
        if target.is_type("interval") and isinstance(inner.value, str):
            return Operation(op="interval", args=(inner,))
        if inner.value != "now" or not isinstance(node.this.unnest(), exp.Cast):
            return inner
        inner = Operation(op="now")  # ('now'::text)::date is read when a row is made, 'now'::date is not
    return Operation(op="cast", args=(inner, Const(value=target.sql(dialect=dialect.parser).lower())))


def _is(node: exp.Expr, reader: ExpressionReader) -> Expression:
    value, of = reader.convert(node.this), node.expression
    negated = bool(node.args.get("negate"))
    if isinstance(of, exp.Null):
        return Operation(op="is not null" if negated else "is null", args=(value,))
    if isinstance(of, exp.Boolean):  # never unknown, which `=` may be
        known = Operation(op="coalesce", args=(value, Const(value=not of.this)))
        found = Operation(op="=", args=(known, Const(value=bool(of.this))))
        return Operation(op="not", args=(found,)) if negated else found
    raise Inexpressible


def _not(node: exp.Expr, reader: ExpressionReader) -> Expression:
    inner = reader.convert(node.this)
    if isinstance(inner, Operation) and inner.op in {"is null", "not"}:
        return Operation(op="is not null", args=inner.args) if inner.op == "is null" else inner.args[0]
    return Operation(op="not", args=(inner,))


def _between(node: exp.Expr, reader: ExpressionReader) -> Expression:
    value = reader.convert(node.this)
    low, high = (reader.convert(node.args[side]) for side in ("low", "high"))
    if node.args.get("symmetric"):
        low, high = Operation(op="least", args=(low, high)), Operation(op="greatest", args=(low, high))
        if isinstance(low.args[0], Const) and isinstance(low.args[1], Const):
            low, high = _sorted_constants(low.args[0], low.args[1])
    return Operation(op="and", args=(Operation(op=">=", args=(value, low)), Operation(op="<=", args=(value, high))))


def _sorted_constants(first: Const, second: Const) -> tuple[Const, Const]:
    """Return two constants in order: numbers by value, texts of one form (dates, say) as texts."""
    if first.is_number and second.is_number:
        return (first, second) if Decimal(str(first.value)) <= Decimal(str(second.value)) else (second, first)
    raise Inexpressible


def _in(node: exp.Expr, reader: ExpressionReader) -> Expression:
    choices = node.expressions
    if not choices:
        raise Inexpressible  # a query
    return Operation(op="in", args=(reader.convert(node.this), *(reader.convert(choice) for choice in choices)))


def _neg(node: exp.Expr, reader: ExpressionReader) -> Expression:
    inner = reader.convert(node.this)
    if isinstance(inner, Const) and inner.is_number:
        return Const(value=f"-{inner.value}", is_number=True)
    return Operation(op="neg", args=(inner,))


def _either(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read `a XOR b` of MySQL, of two conditions: one alone holds."""
    parts = tuple(reader.convert(part) for part in (node.this, node.expression))
    if not all(isinstance(part, Operation) and part.op in _TRUTHS for part in parts):
        raise Inexpressible
    return Operation(op="<>", args=parts)


def _case(node: exp.Expr, reader: ExpressionReader) -> Expression:
    subject, default = node.args.get("this"), node.args.get("default")
    args: list[Expression] = []
    for branch in node.args["ifs"]:
        condition = reader.convert(branch.this)
        if subject is not None:
            condition = Operation(op="=", args=(reader.convert(subject), condition))
        args += [condition, reader.convert(branch.args["true"])]
    args.append(Const(value=None) if default is None else reader.convert(default))
    return Operation(op="case", args=tuple(args))


def _collated(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read a text in the collation of its bytes, which is how an application and SQLite compare it."""
    if node.expression.name.upper() not in {"C", "POSIX"}:
        raise Inexpressible
    return reader.convert(node.this)


_SPECIAL: Mapping[type[exp.Expr], NodeReader] = {
    **FUNCTIONS,
    **JSON_ACCESS,
    exp.Collate: _collated,
    exp.Array: lambda node, reader: Operation(
        op="array", args=tuple(reader.convert(argument) for argument in node.expressions)
    ),
    exp.Between: _between,
    exp.Xor: _either,
    exp.Introducer: lambda node, reader: reader.convert(node.expression),
    exp.Boolean: lambda node, _: Const(value=bool(node.this)),
    exp.Case: _case,
    exp.Cast: _cast,
    exp.Column: lambda node, reader: ColumnRef(name=column_name(node.this, reader.dialect)),
    exp.In: _in,
    exp.Is: _is,
    exp.Literal: _literal,
    exp.ByteString: _escape_string,
    exp.Neg: _neg,
    exp.Not: _not,
    exp.Null: lambda *_: Const(value=None),
    exp.Paren: lambda node, reader: reader.convert(node.this),
}
