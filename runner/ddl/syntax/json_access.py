"""Parts of JSON values in expressions: `doc ->> 'a'`, `doc #>> '{a,b}'`, `json_value(doc, '$.a[0]')`.

They become `json part`, `json text` or `json scalar` of a value and the keys that lead to the part: texts for members
of objects, numbers for items of arrays. A scalar is the text of a part that is neither an object nor an array.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import Dialect as Parser
from sqlglot import exp

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.ddl.syntax.expression_functions import Inexpressible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.ddl.syntax.expression_functions import ExpressionReader, NodeReader

_PLAIN_PATH = re.compile(r"\{([^{}\"\\,]+(?:,[^{}\"\\,]+)*)\}")


def _access(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read an operator or a function; SQLite's ones have values of SQL's own types, which the others' do not."""
    if reader.dialect.sqlite_compatible:
        raise Inexpressible
    path = node.args.get("path") or node.expression
    return _of_part(_OPERATIONS[type(node)], reader.convert(node.this), list(_keys(path, reader)))


def _of_part(op: str, value: Expression, keys: list[Const]) -> Operation:
    if isinstance(value, Operation) and value.op == "json part":
        return Operation(op=op, args=(*value.args, *keys))
    return Operation(op=op, args=(value, *keys))


def _keys(path: exp.Expr | None, reader: ExpressionReader) -> Iterator[Const]:
    if isinstance(path, exp.Introducer):  # _utf8mb4'$.a', as MySQL dumps it
        path = path.expression
    if isinstance(path, exp.Neg) and path.this.is_int:  # an item's place from the end
        yield Const(value=f"-{path.this.name}", is_number=True)
        return
    if isinstance(path, exp.Literal) and not reader.dialect.postgresql_compatible:
        path = Parser.get_or_raise(reader.dialect.parser).to_json_path(path)
    if isinstance(path, exp.Literal):
        found = _PLAIN_PATH.fullmatch(path.name)
        names = found[1].split(",") if found else []
        if not names or any(name.strip().lstrip("-").isdigit() for name in names):
            raise Inexpressible  # a number may be a member's name or an item's place
        yield from (Const(value=name.strip()) for name in names)
        return
    if not isinstance(path, exp.JSONPath):
        raise Inexpressible
    for part in path.expressions[1:]:
        key = part.this
        if isinstance(part, exp.JSONPathKey) and isinstance(key, str):
            yield Const(value=key)
        elif isinstance(part, exp.JSONPathSubscript) and isinstance(key, int):
            yield Const(value=str(key), is_number=True)
        else:
            raise Inexpressible


_OPERATIONS: Mapping[type[exp.Expr], str] = {
    exp.JSONExtract: "json part",
    exp.JSONBExtract: "json part",
    exp.JSONExtractScalar: "json text",
    exp.JSONBExtractScalar: "json text",
}


def _scalar(node: exp.Expr, reader: ExpressionReader) -> Expression:
    """Read json_value(), without a type that it converts to."""
    if reader.dialect.sqlite_compatible or node.args.get("returning"):
        raise Inexpressible
    return _of_part("json scalar", reader.convert(node.this), list(_keys(node.args.get("path"), reader)))


JSON_ACCESS: Mapping[type[exp.Expr], NodeReader] = {
    **dict.fromkeys(_OPERATIONS, _access),
    exp.JSONValue: _scalar,
}
