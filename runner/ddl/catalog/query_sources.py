"""What one SELECT reads, as sqlglot's tree has it: its sources in order, with how each is joined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from runner.ddl.syntax.expression_functions import Inexpressible
from runner.ddl.views import JoinKind

if TYPE_CHECKING:
    from collections.abc import Iterator


_QUERIES = (exp.Select, exp.SetOperation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """One source: a table or a query in `node`, and the condition of its join."""

    alias: str
    node: exp.Expr
    kind: JoinKind = ""
    on: exp.Expr | None = None


def joined_sources(select: exp.Expr) -> list[Joined]:
    """Return the sources of a SELECT from left to right.

    Raises `Inexpressible` for joins that keep rows of the right side, and for joins within the right side of another.
    """
    clause = select.args.get("from_") or select.args.get("from")
    found = list(_sources(clause.this)) if clause else []
    for join in select.args.get("joins") or ():
        found.append(_joined(join))
    if select.args.get("laterals") or len({one.alias for one in found}) < len(found):
        raise Inexpressible
    return found


def _sources(node: exp.Expr) -> Iterator[Joined]:
    if isinstance(node, exp.Paren) or (isinstance(node, exp.Subquery) and not isinstance(node.this, _QUERIES)):
        yield from _sources(node.this)
    elif isinstance(node, exp.Table | exp.Subquery):
        yield Joined(alias=node.alias_or_name, node=node)
    else:
        raise Inexpressible
    for join in node.args.get("joins") or ():
        yield _joined(join)


def _joined(join: exp.Expr) -> Joined:
    side, on = join.args.get("side"), join.args.get("on")
    is_plain = join.args.get("kind") in (None, "", "INNER", "CROSS", "OUTER") and side in (None, "", "LEFT")
    right = list(_sources(join.this))
    if not is_plain or len(right) != 1 or join.args.get("using") or join.args.get("method"):
        raise Inexpressible
    return replace(right[0], kind="left" if side else "inner" if on is not None else "cross", on=on)
