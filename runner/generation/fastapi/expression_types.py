"""The types of expressions: what is known of them before they are written in the SQL of a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.syntax.dialect import Dialect
from runner.generation.model.check_expressions import LENGTHS, MIRRORED
from runner.generation.model.field_types import FieldType, Kind

CONDITIONS = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is null",
        "is not null",
        "is distinct from",
        "is not distinct from",
        "like",
        "ilike",
        "~",
        "~*",
        *MIRRORED,
    }
)
_TEXTS = frozenset({
    "||", "concat", "lower", "upper", "trim", "ltrim", "rtrim", "replace", "substr", "left", "right", "split_part",
    "trim of", "ltrim of", "rtrim of", "lpad", "rpad", "reverse", "concat_ws", "json text", "json scalar",
    "json_unquote",
})  # fmt: skip
_COUNTS = LENGTHS | {
    "strpos", "octet_length", "num_nonnulls", "num_nulls", "extract", "json_array_size", "jsonb_array_length",
}  # fmt: skip
_ALIKE = frozenset(
    {"coalesce", "nullif", "greatest", "least", "abs", "round", "ceil", "floor", "neg", "power", "trunc"}
)
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "div"})
BITWISE = frozenset({"&", "|", "<<", ">>"})
RANDOM_BYTES = frozenset({"gen_random_bytes", "random_bytes", "randomblob"})
UUID_OPS = frozenset(
    {"gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuid", "uuidv4", "uuidv7"}
)
_RANDOM = RANDOM_BYTES | UUID_OPS | {"random"}
NOW: frozenset[str] = frozenset({"now", "current_timestamp", "localtimestamp", "transaction_timestamp",
                                  "statement_timestamp", "clock_timestamp", "sysdate", "utc_timestamp"})  # fmt: skip
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(CONDITIONS, "boolean"),
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys((*_COUNTS, *BITWISE, "unixepoch", "unix_timestamp"), "integer"),
    **dict.fromkeys(("hex", "md5", "strftime", "typeof", "jsonb_typeof", "json_typeof"), "text"),
    "julianday": "number",
    "json part": "json",
    **dict.fromkeys(NOW, "timestamp"),
    "current_date": "date",
}
_CAST_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("text", "varchar", "character varying", "char", "character", "bpchar"), "text"),
    **dict.fromkeys(("int", "integer", "bigint", "smallint", "int2", "int4", "int8", "signed", "unsigned"), "integer"),
    **dict.fromkeys(("numeric", "decimal", "dec"), "decimal"),
    **dict.fromkeys(("real", "float", "double", "double precision", "float4", "float8"), "number"),
    **dict.fromkeys(("timestamp", "datetime", "timestamp without time zone"), "local_timestamp"),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), "timestamp"),
    **{kind: kind for kind in ("date", "time", "boolean", "uuid", "json")},
    "jsonb": "json",
    "bool": "boolean",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ExpressionTypes:
    """The types of expressions of the dialect `source` over columns of these `types`."""

    types: Mapping[str, FieldType]
    source: Dialect

    def type_of(self, expression: Expression) -> FieldType | None:
        """Return the type of an expression; None where only its surroundings decide it."""
        if isinstance(expression, ColumnRef):
            return self.types.get(expression.name)
        if isinstance(expression, Const):
            return self._type_of_constant(expression)
        if expression.op == "cast":
            return _plain(cast_kind(expression))
        if expression.op in ARITHMETIC:
            return self._type_of_arithmetic(expression)
        return self._type_of_call(expression)

    def _type_of_call(self, operation: Operation) -> FieldType | None:
        op, args = operation.op, operation.args
        if op == "case" or op in _ALIKE:
            results = (*args[1::2], args[-1]) if op == "case" else args
            return next((found for part in results if (found := self.type_of(part))), None)
        if op == "random":
            return _plain("integer" if self.source.sqlite_compatible else "number")
        if op == "extract" and args[0] == Const(value="epoch"):
            return _plain("number")
        return _plain(_KINDS.get(op))

    def _type_of_constant(self, constant: Const) -> FieldType | None:
        if isinstance(constant.value, bool):
            return _plain("boolean")
        if constant.is_number:
            return _plain("integer" if str(constant.value).lstrip("+-").isdigit() else "decimal")
        return None

    def _type_of_arithmetic(self, operation: Operation) -> FieldType | None:
        found = [self.kind(part) for part in operation.args]
        moments = {"date", "timestamp", "local_timestamp"}.intersection(found)
        if moments:
            differs = operation.op == "-" and len(found) > 1 and found[0] == found[1] == "date"
            moved = operation.args[1]
            if isinstance(moved, Operation) and moved.op == "interval" and found[0] != "date":
                return _plain(found[0])
            return _plain("integer") if differs else _plain("date") if "date" in moments else None
        exact = operation.op == "/" and self.source.divides_exactly
        order: tuple[Kind, ...] = ("number", "decimal", "integer")
        kind = next((kind for kind in order if kind in found), None)
        return None if kind is None else _plain("decimal" if exact and kind == "integer" else kind)

    def kind(self, expression: Expression) -> Kind | None:
        """Return the kind of an expression's type."""
        found = self.type_of(expression)
        return found.kind if found else None

    def common_type(self, parts: tuple[Expression, ...]) -> FieldType | None:
        """Return the type of the parts of a comparison, that of a column before that of a constant."""
        known = [part for part in parts if not isinstance(part, Const)]
        return next((found for part in known if (found := self.type_of(part))), None)


def is_random(expression: Expression) -> bool:
    """Whether an expression has another value each time."""
    return isinstance(expression, Operation) and (expression.op in _RANDOM or any(map(is_random, expression.args)))


def _plain(kind: Kind | None) -> FieldType | None:
    return None if kind is None else FieldType(kind=kind, name=kind)


def cast_kind(cast: Operation) -> Kind | None:
    """Return what kind a cast makes of its value; None for a type that is not known here."""
    target = cast.args[1]
    return _CAST_KINDS.get(str(target.value).split("(")[0].strip()) if isinstance(target, Const) else None
