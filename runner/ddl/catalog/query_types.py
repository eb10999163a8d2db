"""The types of a query's values: those of columns of known tables, and what follows for expressions over them.

Works on sqlglot's tree of a query whose columns are qualified. Sources: PostgreSQL's rules for operators and
aggregates (https://www.postgresql.org/docs/18/functions.html) and, where they differ, those of the dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from runner.ddl.catalog.catalog import Catalog
from runner.ddl.model import SqlType, Table
from runner.ddl.qualified_name import QName
from runner.ddl.syntax.column_types import TypeReference, read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.model import Column

# The family of a type by its name without arguments, in lower case.
_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("smallint", "int2", "tinyint", "year"), "smallint"),
    **dict.fromkeys(("integer", "int", "int4", "mediumint"), "integer"),
    **dict.fromkeys(("bigint", "int8"), "bigint"),
    **dict.fromkeys(("numeric", "decimal", "dec"), "numeric"),
    **dict.fromkeys(("real", "float4"), "real"),
    **dict.fromkeys(("double precision", "double", "float8", "float"), "double"),
    **dict.fromkeys(
        ("text", "character varying", "varchar", "character", "char", "bpchar", "citext", "name", "nvarchar", "nchar",
         "tinytext", "mediumtext", "longtext", "clob"),
        "text",
    ),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "date": "date",
    **dict.fromkeys(("timestamp with time zone", "timestamptz"), "timestamp"),
    **dict.fromkeys(("timestamp without time zone", "timestamp", "datetime"), "local"),
    "interval": "interval",
}  # fmt: skip
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double")  # the later one is the type of a result
_EXACT = ("smallint", "integer", "bigint")
# Expressions whose type does not depend on their arguments, by the names of sqlglot's classes.
_RESULTS: Mapping[str, str] = {
    **dict.fromkeys(("Count", "CountIf", "RowNumber", "Rank", "DenseRank"), "bigint"),
    **dict.fromkeys(("Length", "StrPosition", "Ascii", "DateDiff", "Year", "Month", "Day"), "integer"),
    **dict.fromkeys(
        ("Concat", "ConcatWs", "DPipe", "Lower", "Upper", "Initcap", "Substring", "Trim", "Replace", "Left", "Right",
         "Pad", "GroupConcat", "RegexpReplace", "SplitPart", "TimeToStr", "ToChar", "MD5", "Reverse", "Repeat", "Hex",
         "Chr"),
        "text",
    ),
    **dict.fromkeys(
        ("And", "Or", "Not", "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Is", "In", "Between", "Like", "ILike",
         "RegexpLike", "RegexpILike", "Exists", "Boolean", "NullSafeEQ", "NullSafeNEQ", "LogicalOr", "LogicalAnd"),
        "boolean",
    ),
    **dict.fromkeys(("CurrentDate", "Date", "TsOrDsToDate"), "date"),
    "Introducer": "text",
    "CurrentTimestamp": "timestamp",
    "Localtimestamp": "local",
    "Extract": "numeric",
    **dict.fromkeys(("JSONBObjectAgg", "JSONBBuildObject"), "jsonb"),
    **dict.fromkeys(("JSONObjectAgg", "JSONArrayAgg", "JSONObject", "JSONArray"), "json"),
}  # fmt: skip
# Those that have the type of the first of their arguments whose type is known.
_ALIKE = frozenset(
    {"Coalesce", "Nullif", "Greatest", "Least", "Max", "Min", "Abs", "Neg", "Paren", "Alias", "Filter", "Window",
     "FirstValue", "LastValue", "Lag", "Lead", "AnyValue", "Distinct", "Order", "Ordered", "Ceil",
     "Floor", "WithinGroup"}
)  # fmt: skip
_BY_NAME: Mapping[str, str] = {
    "jsonb_object_agg": "jsonb", "jsonb_agg": "jsonb", "jsonb_build_object": "jsonb", "json_agg": "json",
    "json_object_agg": "json", "json_build_object": "json", "to_char": "text", "ucase": "text", "lcase": "text",
    "format": "text", "string_agg": "text", "bool_or": "boolean", "bool_and": "boolean", "cume_dist": "double",
}  # fmt: skip
_DIGITS = 9  # that any number of 32 bits can have
_RETURNS = re.compile(
    r"(?is)\bRETURNS\s+(?!SETOF\b|TABLE\b)(.+?)(?=\s+(?:LANGUAGE|AS|BEGIN|RETURN|IMMUTABLE|STABLE|STRICT"
    r"|DETERMINISTIC|NOT|CONTAINS|NO|READS|MODIFIES|COMMENT|CHARSET)\b)"  # of MySQL
)
_STATE = re.compile(r"(?is)\bSTYPE\s*=\s*([\w.\"\s]+?(?:\[\])?)\s*[,)]")


@dataclass(frozen=True, slots=True)
class QueryTypes:
    """Finds types in the queries of a catalog; `relations` are the tables and views, by the names that queries use.

    `resolve` returns the type that a reference means.
    """

    catalog: Catalog
    relations: Mapping[str, Table]
    resolve: Callable[[TypeReference], SqlType]
    _columns: dict[int, list[tuple[str, SqlType | None]]] = field(default_factory=dict)  # by the scope's id
    _origins: dict[int, list[set[tuple[QName, str]]]] = field(default_factory=dict)

    def of(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of an expression in a scope; None where it is not known."""
        name = type(node).__name__
        if name in _RESULTS:
            return self.named(_RESULTS[name])
        if name in _ALIKE:
            parts = (node.this, *node.expressions)
            return self.common(self.of(part, scope) for part in parts if isinstance(part, exp.Expr))
        rule = _RULES.get(name)
        if rule is not None:
            return rule(self, node, scope)
        return self.named(_BY_NAME[name.lower()]) if name.lower() in _BY_NAME else None

    def columns(self, scope: Scope) -> list[tuple[str, SqlType | None]]:
        """Return the names and types of a query's columns, in order."""
        if id(scope) not in self._columns:
            self._columns[id(scope)] = self._read_columns(scope)
        return self._columns[id(scope)]

    def _read_columns(self, scope: Scope) -> list[tuple[str, SqlType | None]]:
        if scope.set_operation_scopes:
            left, right = (self.columns(part) for part in scope.set_operation_scopes)
            return [(name, self.common((kind, other))) for (name, kind), (_, other) in zip(left, right, strict=False)]
        return [(part.alias_or_name, self.of(part, scope)) for part in scope.expression.expressions]

    def origins(self, scope: Scope) -> list[set[tuple[QName, str]]]:
        """Return the columns of tables and views that the values of each column of a query come from."""
        if id(scope) not in self._origins:
            self._origins[id(scope)] = self._read_origins(scope)
        return self._origins[id(scope)]

    def _read_origins(self, scope: Scope) -> list[set[tuple[QName, str]]]:
        if scope.set_operation_scopes:
            left, right = (self.origins(part) for part in scope.set_operation_scopes)
            return [mine | other for mine, other in zip(left, right, strict=False)]
        return [
            {origin for column in part.find_all(exp.Column) for origin in self._origin(column, scope)}
            for part in scope.expression.expressions
        ]

    def named(self, family: str) -> SqlType | None:
        """Return the dialect's type of a family."""
        text = self.catalog.dialect.query_types.get(family)
        return self._read(text) if text else None

    def common(self, types: Iterable[SqlType | None]) -> SqlType | None:
        """Return the type of values that have one of several types; None where one of them is not known."""
        found = list(dict.fromkeys(types))
        known = [kind for kind in found if kind is not None]
        if len(known) == 1:
            return known[0]
        families = [_family(kind) for kind in known]
        if families and all(family in _NUMBERS for family in families):
            return self.named(max(map(str, families), key=_NUMBERS.index))
        if len(set(families)) == 1 and families[0] is not None:
            return self.named(families[0])
        return self.named("text") if families and set(families) <= {"text", None} and "text" in families else None

    # ---------------------------------------------------------------------------------------------------------- parts

    def column(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a column."""
        inside: Scope | None = scope
        while inside is not None:
            source = inside.sources.get(node.text("table"))
            if isinstance(source, Scope):
                return dict(self.columns(source)).get(node.name)
            if isinstance(source, exp.Table):
                column = _column_of(self.relations[source.name], node.name)
                return column.type if column else None
            inside = inside.parent
        return None

    def _origin(self, node: exp.Column, scope: Scope) -> set[tuple[QName, str]]:
        """Return where a column comes from that is somewhere in a scope, or in a query within it."""
        found: set[tuple[QName, str]] = set()
        for one in scope.traverse():
            source = one.sources.get(node.table)
            if isinstance(source, Scope):
                names = [name for name, _ in self.columns(source)]
                found |= self.origins(source)[names.index(node.name)] if node.name in names else set()
            elif isinstance(source, exp.Table):
                table = self.relations[source.name]
                column = _column_of(table, node.name)
                found |= {(table.name, column.name)} if column else set()
        return found

    def of_query(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of the only column of a query that is a value."""
        query = node.unnest()
        inner = next((found for found in scope.subquery_scopes if found.expression is query), None)
        columns = self.columns(inner) if inner else []
        return columns[0][1] if len(columns) == 1 else None

    def cast(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type that a cast makes."""
        del scope
        return self._read(node.args["to"].sql(dialect=self.catalog.dialect.parser))

    def literal(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a constant."""
        del scope
        if node.args.get("is_string"):
            return self.named("text")
        is_long = len(node.name) > _DIGITS
        return self.named("numeric" if "." in node.name else "bigint" if is_long else "integer")

    def case(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type that the results of a CASE have in common."""
        results = [branch.args.get("true") for branch in node.args.get("ifs") or [node]]
        results += [node.args.get("default"), node.args.get("false")]
        return self.common(self.of(part, scope) for part in results if isinstance(part, exp.Expr))

    def call(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a function of the schema, or of one that sqlglot does not know."""
        del scope
        name = str(node.this).lower()
        drafts = (draft for drafts in self.catalog.functions.values() for draft in drafts)
        texts = [draft.text for draft in drafts if draft.name.name.lower() == name]
        found = {match[1] for text in texts if (match := (_RETURNS.search(text) or _STATE.search(text)))}
        if len(found) == 1:
            return self._read(found.pop().strip())
        return self.named(_BY_NAME[name]) if name in _BY_NAME else None

    def in_schema(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a function that is named with its schema."""
        last = node.args.get("expression")
        return self.of(last, scope) if isinstance(last, exp.Func) else None

    def array(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of an array of values."""
        item = self.of(node.this, scope)
        return replace(item, text=f"{item.text}[]", dimensions=item.dimensions + 1) if item else None

    def rounded(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a rounded number."""
        kind = self.of(node.this, scope)
        is_exact = node.args.get("decimals") or (kind is not None and _family(kind) == "numeric")
        return self.named("numeric" if is_exact else "double")

    def cut(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a moment that is cut to a unit."""
        kind = self.of(node.this, scope)
        return self.named("timestamp") if kind and _family(kind) == "date" else kind

    def total(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a sum or an average."""
        inner = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        kind = self.of(inner, scope)
        family = _family(kind) if kind else None
        if family is None:
            return None
        dialect = self.catalog.dialect
        if family == "interval":
            return kind
        if dialect.sqlite_compatible:
            return self.named("bigint" if isinstance(node, exp.Sum) and family in _EXACT else "double")
        if family in ("real", "double"):
            return self.named("double" if isinstance(node, exp.Avg) or family == "double" else "real")
        if isinstance(node, exp.Sum) and family in ("smallint", "integer") and dialect.postgresql_compatible:
            return self.named("bigint")
        return self.named("numeric") if family in _NUMBERS else None

    def arithmetic(self, node: exp.Expr, scope: Scope) -> SqlType | None:
        """Return the type of a computation."""
        kinds = [self.of(part, scope) for part in (node.this, node.expression)]
        families = [_family(kind) if kind else None for kind in kinds]
        if all(family in _NUMBERS for family in families):
            is_exact = isinstance(node, exp.Div) and self.catalog.dialect.divides_exactly
            widest = max(map(str, families), key=_NUMBERS.index)
            return self.named("numeric" if is_exact and widest in _EXACT else widest)
        if self.catalog.dialect.sqlite_compatible:
            return self.named("numeric")
        moments = {"date", "timestamp", "local"}
        if families[0] in moments and families[1] in moments:
            return self.named("integer" if families == ["date", "date"] else "interval")
        if families[0] in moments:
            is_day = families[0] == "date" and families[1] in _EXACT
            return self.named(str(families[0]) if is_day or families[0] != "date" else "local")
        return None

    def _read(self, text: str) -> SqlType | None:
        dialect = self.catalog.dialect
        try:
            return self.resolve(read_type(Cursor(text, tokens_of(text, dialect), dialect)))
        except NotUnderstood:
            return None


def _family(kind: SqlType) -> str | None:
    if kind.dimensions or kind.enum is not None:
        return None
    return _FAMILIES.get((kind.domain.type if kind.domain else kind).base.lower())


def _column_of(table: Table, name: str) -> Column | None:
    """Return a column by its name, which the tree may have in lower case."""
    without_case = (column for column in table.columns if column.name.lower() == name)
    return table.columns_by_name.get(name) or next(without_case, None)


_RULES: Mapping[str, Callable[[QueryTypes, exp.Expr, Scope], SqlType | None]] = {
    "Column": QueryTypes.column,
    **dict.fromkeys(("Cast", "TryCast"), QueryTypes.cast),
    "Literal": QueryTypes.literal,
    **dict.fromkeys(("Subquery", "Select"), QueryTypes.of_query),
    **dict.fromkeys(("Case", "If"), QueryTypes.case),
    "Anonymous": QueryTypes.call,
    "Dot": QueryTypes.in_schema,
    **dict.fromkeys(("Sum", "Avg"), QueryTypes.total),
    "ArrayAgg": QueryTypes.array,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Mod", "IntDiv"), QueryTypes.arithmetic),
    **dict.fromkeys(("Round", "Trunc"), QueryTypes.rounded),
    **dict.fromkeys(("TimestampTrunc", "DateTrunc"), QueryTypes.cut),
}
