"""From sqlglot's trees of plain SQL to drafts: columns and constraints of one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, get_args

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.ddl.catalog import ColumnDraft
from runner.ddl.cursor import Cursor, NotUnderstood
from runner.ddl.expressions import parse_expression
from runner.ddl.lexis import source
from runner.ddl.model import Check, Default, ForeignKey, Generated, Key, QName, ReferentialAction
from runner.ddl.plain import PIECE, Body, Piece
from runner.ddl.types import TypeRef, read_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SHOWN_CHARACTERS = 80  # of an item in a note
PLAIN_DIALECT = "postgres"  # of sqlglot's; plain SQL reads the same whatever the file's dialect


@dataclass(kw_only=True)
class Parts:
    """What the items of one body say."""

    columns: list[ColumnDraft] = field(default_factory=list)
    primary_key: Key | None = None
    unique: list[Key] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    not_null: list[str] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items not understood


class BodyReader:
    """Reads the plain SQL of one body. `target` finds the table that a reference means, `line_at` a line."""

    def __init__(self, body: Body, target: Callable[[tuple[str, ...]], QName], line_at: Callable[[int], int]) -> None:
        self._body = body
        self._target = target
        self._line_at = line_at
        self._parts = Parts(not_null=list(body.not_null), failures=list(body.failures))

    def read(self) -> Parts:
        """Return what the items say; an item that is not understood is listed and the others still count."""
        for offset, node in zip(self._body.offsets, self._parse(), strict=True):
            try:
                self._read_item(offset, node)
            except NotUnderstood as problem:
                self._parts.failures.append((problem.offset or offset, problem.reason))
        return self._parts

    def _read_item(self, offset: int, node: exp.Expr | str) -> None:
        if isinstance(node, str):
            raise NotUnderstood(node, offset)
        if isinstance(node, exp.ColumnDef):
            self._parts.columns.append(self._column(node, self._line_at(offset)))
        else:
            self._constraint(node, offset)

    def _parse(self) -> Sequence[exp.Expr | str]:
        """Return the tree of every item, or why it has none."""
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
        extras = self._body.extras.get(name, {})
        column = ColumnDraft(
            name=name,
            type=self._type(node),
            line=line,
            collation=extras.get("collation"),
            comment=extras.get("comment") or None,
            on_update=extras.get("on_update"),
        )
        if column.type.serial:
            self._make_serial(column)
        for constraint in node.args.get("constraints") or ():
            self._column_constraint(column, constraint)
        return column

    def _type(self, node: exp.ColumnDef) -> TypeRef:
        kind = node.args.get("kind")
        if not isinstance(kind, exp.DataType) or not kind.expressions:
            raise NotUnderstood(f"no clause of a column or a constraint: {node.sql()[:SHOWN_CHARACTERS]}")
        piece = self._body.pieces[int(kind.expressions[0].name)]
        return read_type(Cursor(self._body.text, piece.tokens, self._body.dialect))

    def _make_serial(self, column: ColumnDraft) -> None:
        column.nullable = False
        if self._body.dialect == "mysql":
            column.auto_increment = True
            self._parts.unique.append(Key(columns=(column.name,)))

    def _column_constraint(self, column: ColumnDraft, node: exp.ColumnConstraint) -> None:
        kind = node.args.get("kind")
        name = node.this.name if isinstance(node.this, exp.Identifier) else None
        if isinstance(kind, exp.NotNullColumnConstraint):
            column.nullable = bool(kind.args.get("allow_null"))
        elif isinstance(kind, exp.DefaultColumnConstraint):
            column.default = self._default(self._piece(kind.this))
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            self._parts.primary_key = key_of(name, [column.name], kind)
        elif isinstance(kind, exp.UniqueColumnConstraint):
            self._parts.unique.append(key_of(name, [column.name], kind))
        elif isinstance(kind, exp.Reference):
            self._parts.foreign_keys.append(self._foreign_key(name, [column.name], kind))
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
        piece = self._piece(expression)
        text = self._text(piece)
        column.generated = Generated(kind="stored" if piece.kind == "stored" else "virtual", text=text)

    # -------------------------------------------------------------------------------------------- constraints

    def _constraint(self, node: exp.Expr, offset: int, name: str | None = None) -> None:
        if isinstance(node, exp.Constraint):
            for inner in node.expressions:
                self._constraint(inner, offset, node.this.name)
        elif isinstance(node, exp.PrimaryKey):
            self._parts.primary_key = key_of(name, names_of(node.expressions), node)
        elif isinstance(node, exp.UniqueColumnConstraint):
            self._parts.unique.append(key_of(name, names_of(node.this.expressions), node))
        elif isinstance(node, exp.ForeignKey):
            self._parts.foreign_keys.append(self._foreign_key(name, names_of(node.expressions), node.args["reference"]))
        elif isinstance(node, exp.CheckColumnConstraint):
            self._check(name, node)
        else:
            raise NotUnderstood(f"neither a column nor a constraint: {node.sql()[:SHOWN_CHARACTERS]}", offset)

    def _check(self, name: str | None, node: exp.CheckColumnConstraint) -> None:
        piece = self._piece(node.this)
        if piece.kind == "not enforced":
            offset = piece.tokens[0].start if piece.tokens else 0
            self._body.left_out.append((offset, "a CHECK that is NOT ENFORCED says nothing of the values"))
            return
        text = self._text(piece)
        expression, columns = parse_expression(text, self._body.dialect)
        no_inherit = piece.kind == "no inherit"
        check = Check(text=text, name=name, columns=columns, expression=expression, no_inherit=no_inherit)
        self._parts.checks.append(check)

    def _default(self, piece: Piece) -> Default | None:
        text = self._text(piece)
        if text.upper() == "NULL" or text.upper().startswith("NULL::"):
            return None
        expression, _ = parse_expression(text, self._body.dialect)
        return Default(text=text, expression=expression)

    def _foreign_key(self, name: str | None, columns: list[str], node: exp.Reference) -> ForeignKey:
        set_columns: tuple[str, ...] = ()
        if columns[-1].startswith(PIECE):
            set_columns = self._body.pieces[int(columns.pop().removeprefix(PIECE))].names
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
            deferrable="DEFERRABLE" in options or "INITIALLY DEFERRED" in options,
            initially_deferred="INITIALLY DEFERRED" in options,
        )

    def _piece(self, node: exp.Expr) -> Piece:
        number = node.name.removeprefix(PIECE)
        if not number.isdigit():
            raise NotUnderstood(f"no clause of a column or a constraint: {node.sql()[:SHOWN_CHARACTERS]}")
        return self._body.pieces[int(number)]

    def _text(self, piece: Piece) -> str:
        return source(self._body.text, piece.tokens)


def parse_items(items: Iterable[str]) -> list[exp.Expr] | str:
    """Return the trees of a table's items in plain SQL, or why there are none."""
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
    """Return a parser's complaint in one line, without its picture of the place."""
    return str(error).splitlines()[0].split(" Line ")[0].split(". Line")[0].strip() or "not understood"


def names_of(nodes: Iterable[exp.Expr]) -> list[str]:
    """Return the column names that some nodes are."""
    return [node.name for node in nodes]


def key_of(name: str | None, columns: Sequence[str], node: exp.Expr) -> Key:
    """Return the key that a PRIMARY KEY or UNIQUE node is."""
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
