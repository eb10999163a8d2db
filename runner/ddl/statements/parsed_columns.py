"""From sqlglot's trees of plain SQL to drafts of columns and constraints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast, get_args

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.ddl.catalog.catalog import ColumnDraft
from runner.ddl.model import (
    Check,
    Const,
    Default,
    ForeignKey,
    Generated,
    Key,
    Operation,
    QName,
    ReferentialAction,
    SqlType,
)
from runner.ddl.syntax.column_types import TypeReference, read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.expressions import parse_expression, read_default
from runner.ddl.syntax.plain_sql import PLACEHOLDER, KeptText, TableBody
from runner.ddl.syntax.tokens import source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from runner.ddl.syntax.dialect import Dialect

SHOWN_CHARACTERS = 80  # of an item in a note
PLAIN_DIALECT = "postgres"  # sqlglot's; plain SQL is the same for files of all dialects


@dataclass(kw_only=True)
class TableParts:
    """The columns and constraints of one body."""

    columns: list[ColumnDraft] = field(default_factory=list)
    primary_key: Key | None = None
    unique: list[Key] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    not_null: list[tuple[str, str | None]] = field(default_factory=list)  # columns, with the constraint's name
    failures: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items not understood


class BodyParser:
    """Parses the plain SQL of one body.

    `target` returns the table that a reference means, `line_at` the line of an offset in the statement. Where the table
    `has_types` already, a column may have none.
    """

    def __init__(
        self,
        body: TableBody,
        dialect: Dialect,
        target: Callable[[tuple[str, ...]], QName],
        line_at: Callable[[int], int],
        *,
        has_types: bool = False,
    ) -> None:
        self._body = body
        self._dialect = dialect
        self._target = target
        self._line_at = line_at
        self._has_types = has_types
        self._parts = TableParts(not_null=list(body.not_null), failures=list(body.failures))

    def parse(self) -> TableParts:
        """Return the columns and constraints; an item that is not understood is listed, the others still count."""
        for offset, node in zip(self._body.offsets, self._trees(), strict=True):
            try:
                self._parse_item(offset, node)
            except NotUnderstood as problem:
                self._parts.failures.append((problem.offset or offset, problem.reason))
        return self._parts

    def _parse_item(self, offset: int, node: exp.Expr | str) -> None:
        if isinstance(node, str):
            raise NotUnderstood(node, offset)
        if isinstance(node, exp.ColumnDef):
            self._parts.columns.append(self._column(node, self._line_at(offset)))
        else:
            self._constraint(node, offset)

    def _trees(self) -> Sequence[exp.Expr | str]:
        """Return the tree of every item, or the reason why it has none."""
        items = self._body.items
        if not items:
            return []
        whole = parse_items(items)
        if not isinstance(whole, str) and len(whole) == len(items):
            return whole
        singles = [parse_items([item]) for item in items]
        return [single if isinstance(single, str) else single[0] if single else "nothing" for single in singles]

    # ------------------------------------------------------------------------------------------------ columns

    def _column(self, node: exp.ColumnDef, line: int) -> ColumnDraft:
        name = node.this.name
        facts = self._body.column_facts.get(name, {})
        column = ColumnDraft(
            name=name,
            type=self._type(node),
            line=line,
            collation=facts.get("collation"),
            comment=facts.get("comment") or None,
            on_update=facts.get("on_update"),
        )
        if column.type.serial:
            self._make_serial(column)
        if "system_time" in facts:
            _keep_by_server(column, facts["system_time"])
        for constraint in node.args.get("constraints") or ():
            self._column_constraint(column, constraint)
        return column

    def _type(self, node: exp.ColumnDef) -> TypeReference:
        kind = node.args.get("kind")
        number = kind.expressions[0].name if isinstance(kind, exp.DataType) and kind.expressions else ""
        if not number.isdigit():
            raise NotUnderstood(f"no clause of a column or a constraint: {node.sql()[:SHOWN_CHARACTERS]}")
        tokens = self._body.kept[int(number)].tokens
        if self._has_types and not tokens:
            return TypeReference(sql=SqlType(text="", base=""))
        return read_type(Cursor(self._body.text, tokens, self._dialect))

    def _make_serial(self, column: ColumnDraft) -> None:
        column.nullable = False
        if not self._dialect.serial_is_sequence:
            column.auto_increment = True
            self._parts.unique.append(Key(columns=(column.name,)))

    def _column_constraint(self, column: ColumnDraft, node: exp.ColumnConstraint) -> None:
        kind = node.args.get("kind")
        name = node.this.name if isinstance(node.this, exp.Identifier) else None
        if isinstance(kind, exp.NotNullColumnConstraint):
            column.nullable = bool(kind.args.get("allow_null"))
            column.not_null_name = name
        elif isinstance(kind, exp.DefaultColumnConstraint):
            column.default = self._default(self._kept(kind.this))
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            self._parts.primary_key = key_of(name, [column.name], kind)
        elif isinstance(kind, exp.UniqueColumnConstraint):
            self._parts.unique.append(key_of(name, [column.name], kind))
        elif isinstance(kind, exp.Reference):
            self._reference(name, (column.name,), (), kind)
        elif isinstance(kind, exp.CheckColumnConstraint):
            self._check(name, kind)
        elif isinstance(kind, exp.AutoIncrementColumnConstraint):
            column.auto_increment = True
        elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            self._generated(column, kind)
        else:
            what = kind.sql()[:SHOWN_CHARACTERS] if kind else "a constraint name with no constraint after it"
            raise NotUnderstood(f"column {column.name}: {what}")

    def _generated(self, column: ColumnDraft, node: exp.GeneratedAsIdentityColumnConstraint) -> None:
        expression = node.args.get("expression")
        if expression is None:
            column.identity = "always" if node.this else "by default"
            column.nullable = False
            return
        kept = self._kept(expression)
        text = self._text(kept)
        column.generated = Generated(kind="stored" if kept.kind == "stored" else "virtual", text=text)

    # -------------------------------------------------------------------------------------------- constraints

    def _constraint(self, node: exp.Expr, offset: int, name: str | None = None) -> None:
        if isinstance(node, exp.Constraint):
            for inner in node.expressions:
                self._constraint(inner, offset, node.this.name)
        elif isinstance(node, exp.PrimaryKey):
            self._parts.primary_key = self._key(name, names_of(node.expressions), node)
        elif isinstance(node, exp.UniqueColumnConstraint):
            self._parts.unique.append(self._key(name, names_of(node.this.expressions), node))
        elif isinstance(node, exp.ForeignKey):
            columns, set_columns = self._referring(node.expressions)
            self._reference(name, columns, set_columns, node.args["reference"], offset)
        elif isinstance(node, exp.CheckColumnConstraint):
            self._check(name, node)
        else:
            raise NotUnderstood(f"neither a column nor a constraint: {node.sql()[:SHOWN_CHARACTERS]}", offset)

    def _key(self, name: str | None, columns: Sequence[str], node: exp.Expr) -> Key:
        without_overlaps = tuple(columns) in self._body.without_overlaps
        return replace(key_of(name, columns, node), without_overlaps=without_overlaps)

    def _check(self, name: str | None, node: exp.CheckColumnConstraint) -> None:
        kept = self._kept(node.this)
        if kept.kind == "not enforced":
            offset = kept.tokens[0].start if kept.tokens else 0
            self._body.left_out.append((offset, "a CHECK that is NOT ENFORCED says nothing of the values"))
            return
        text = self._text(kept)
        expression, columns = parse_expression(text, self._dialect)
        no_inherit = kept.kind == "no inherit"
        check = Check(text=text, name=name, columns=columns, expression=expression, no_inherit=no_inherit)
        self._parts.checks.append(check)

    def _default(self, kept: KeptText) -> Default | None:
        return read_default(Cursor(self._body.text, kept.tokens, self._dialect))

    def _referring(self, nodes: Sequence[exp.Expr]) -> tuple[Sequence[str], tuple[str, ...]]:
        """Return the columns of a foreign key, and those that ON DELETE sets: a placeholder, which is not quoted."""
        *columns, last = nodes
        if last.args.get("quoted"):
            return names_of(nodes), ()
        return names_of(columns), self._kept(last).names

    def _reference(
        self,
        name: str | None,
        columns: Sequence[str],
        set_columns: tuple[str, ...],
        node: exp.Reference,
        offset: int = 0,
    ) -> None:
        if "NOT ENFORCED" in (node.args.get("options") or ()):
            reason = "a reference that is NOT ENFORCED says nothing of the rows"
            self._body.left_out.append((offset, reason))
            return
        self._parts.foreign_keys.append(self._foreign_key(name, columns, set_columns, node))

    def _foreign_key(
        self, name: str | None, columns: Sequence[str], set_columns: tuple[str, ...], node: exp.Reference
    ) -> ForeignKey:
        target = node.this
        target_columns: list[str] = []
        if isinstance(target, exp.Schema):
            target_columns = names_of(target.expressions)
            target = target.this
        options = {option.upper() for option in node.args.get("options") or ()}
        return ForeignKey(
            columns=tuple(columns),
            references=self._target(tuple(part.name for part in target.parts)),
            target_columns=tuple(target_columns),
            name=name,
            on_delete=_action("ON DELETE ", options),
            on_update=_action("ON UPDATE ", options),
            set_columns=set_columns,
            match="FULL" if "MATCH FULL" in options else "SIMPLE",
            period=tuple(columns) in self._body.periods,
            deferrable="DEFERRABLE" in options or "INITIALLY DEFERRED" in options,
            initially_deferred="INITIALLY DEFERRED" in options,
        )

    def _kept(self, node: exp.Expr) -> KeptText:
        number = node.name.removeprefix(PLACEHOLDER)
        if not number.isdigit():
            raise NotUnderstood(f"no clause of a column or a constraint: {node.sql()[:SHOWN_CHARACTERS]}")
        return self._body.kept[int(number)]

    def _text(self, kept: KeptText) -> str:
        return source(self._body.text, kept.tokens)


# What the columns of system versioning hold in the current version of a row.
_ROW_TIMES = {
    "row start": Default(text="CURRENT_TIMESTAMP", expression=Operation(op="now")),
    "row end": Default(text="'2038-01-19 03:14:07.999999'", expression=Const(value="2038-01-19 03:14:07.999999")),
}
_ROW_TRANSACTIONS = {
    "row start": Default(text="0", expression=Const(value="0", is_number=True)),
    "row end": Default(text=str(2**63 - 1), expression=Const(value=str(2**63 - 1), is_number=True)),
}


def _keep_by_server(column: ColumnDraft, role: str) -> None:
    column.system_time = "row start" if role == "row start" else "row end"
    column.default = (_ROW_TRANSACTIONS if column.type.sql.base == "bigint" else _ROW_TIMES)[role]
    column.nullable = False


def parse_items(items: Iterable[str]) -> list[exp.Expr] | str:
    """Return the trees of a table's items in plain SQL, or the reason why there are none."""
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE t ({', '.join(items)})", read=PLAIN_DIALECT)
    except RecursionError:
        return "nested too deep"
    except SqlglotError as error:
        return reason_of(error)
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
        return list(tree.this.expressions)
    return "neither a column nor a constraint"


def reason_of(error: SqlglotError) -> str:
    """Return a parser's message in one line, without its excerpt of the SQL."""
    return str(error).splitlines()[0].split(" Line ")[0].split(". Line")[0].strip() or "not understood"


def names_of(nodes: Iterable[exp.Expr]) -> list[str]:
    """Return the names of some nodes."""
    return [node.name for node in nodes]


def key_of(name: str | None, columns: Sequence[str], node: exp.Expr) -> Key:
    """Return the key of a PRIMARY KEY or UNIQUE node."""
    options = {str(option).upper() for option in node.args.get("options") or ()}
    return Key(
        columns=tuple(columns),
        name=name,
        nulls_distinct=not node.args.get("nulls"),
        deferrable="DEFERRABLE" in options or "INITIALLY DEFERRED" in options,
        initially_deferred="INITIALLY DEFERRED" in options,
    )


def _action(prefix: str, options: Iterable[str]) -> ReferentialAction:
    found = next((option.removeprefix(prefix) for option in options if option.startswith(prefix)), "NO ACTION")
    return cast("ReferentialAction", found) if found in get_args(ReferentialAction) else "NO ACTION"
