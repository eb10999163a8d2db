"""Entity-relationship diagrams of an application: one of all tables, or one a family where there are many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.fields import Field
from runner.generation.model.naming import free_name, kebab
from runner.generation.model.references import Reference
from runner.generation.schema_docs.families import families
from runner.generation.schema_docs.layered_layout import lay_out

if TYPE_CHECKING:
    from runner.generation.model.application import Application

MOST_TABLES = 40  # of one diagram; more are split by families
_MOST_ROWS = 12  # of one box: the key, the references, then the first others
HEAD, ROW = 32, 20  # heights in pixels
_TITLE_CHARACTER, _CHARACTER, _PADDING = 8.6, 7.3, 40  # widths in pixels, in the fonts of the template
_LONGEST_TYPE = 22  # characters
_LOOP = 30  # pixels by which a line between two boxes of one layer stands out
_SHORT_TYPES = {
    "character varying": "varchar", "character": "char", "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp", "time without time zone": "time", "double precision": "double",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A table in a diagram, in pixels. `fields` are shown as rows; `more` counts those that are not."""

    table: ApplicationTable
    fields: Sequence[Field]
    referring: frozenset[str]
    more: int
    x: float
    y: float
    width: float
    height: float

    def middle(self, name: str) -> float:
        """Return the y of the row of a field; that of the head where it is not shown."""
        names = [field.name for field in self.fields]
        return self.y + (HEAD + ROW * (names.index(name) + 0.5) if name in names else HEAD / 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagram:
    """Tables and the references between them. `file` is unique among the diagrams of an application.

    `lines` pair a reference with the `d` of an SVG path from the referring column to the target's key.
    """

    file: str
    title: str
    boxes: Sequence[Box]
    lines: Sequence[tuple[Reference, str]]
    width: float
    height: float


def draw_diagrams(application: Application) -> list[Diagram]:
    """Return the diagrams of an application. Partitions are left out: their columns are those of their table."""
    tables = [table for table in application.tables if not table.is_partition]
    module = {table.ddl.name: table.module for table in tables}
    references = [
        one for table in tables for one in table.references if one.target in module and one.target != table.ddl.name
    ]
    links = [(module[one.table], module[one.target]) for one in references]
    groups = families(list(module.values()), links, MOST_TABLES)
    degrees = Counter(end for _, end in links)
    found: dict[str, Diagram] = {}
    for group in groups:
        members = [table for table in tables if table.module in group]
        title = max(members, key=lambda table: degrees[table.module]).label if len(groups) > 1 else "All tables"
        file = free_name(kebab(title), found, separator="-")
        within = [one for one in references if module[one.table] in group and module[one.target] in group]
        found[file] = _draw(file, title, members, within)
    return list(found.values())


def _draw(file: str, title: str, tables: Sequence[ApplicationTable], references: Sequence[Reference]) -> Diagram:
    module = {table.ddl.name: table.module for table in tables}
    shown = {table.module: _shown(table) for table in tables}
    sizes = {table.module: _size(table, shown[table.module]) for table in tables}
    layout = lay_out(sizes, [(module[one.table], module[one.target]) for one in references])
    boxes = {
        table.module: Box(
            table=table,
            fields=shown[table.module],
            referring=_referring(table),
            more=len(table.fields) - len(shown[table.module]),
            x=layout.corners[table.module][0],
            y=layout.corners[table.module][1],
            width=sizes[table.module][0],
            height=sizes[table.module][1],
        )
        for table in tables
    }
    lines = []
    for one in references:
        start, end = boxes[module[one.table]], boxes[module[one.target]]
        bends = layout.bends[start.table.module, end.table.module]
        lines.append((one, _path(start, start.middle(one.fields[0]), end, end.middle(one.target_fields[0]), bends)))
    return Diagram(
        file=file, title=title, boxes=tuple(boxes.values()), lines=lines, width=layout.width, height=layout.height
    )


def _path(start: Box, y: float, end: Box, to_y: float, bends: Sequence[tuple[float, float, float]]) -> str:
    if start.x == end.x:  # of one layer
        x, to_x = start.x + start.width, end.x + end.width
        out = max(x, to_x) + _LOOP
        return f"M{x:.0f} {y:.1f}C{out:.0f} {y:.1f} {out:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}"
    to_left = end.x < start.x
    x, to_x = (start.x, end.x + end.width) if to_left else (start.x + start.width, end.x)
    levels = [(x, x, y), *((b, a, at) if to_left else (a, b, at) for a, b, at in bends), (to_x, to_x, to_y)]
    path = f"M{x:.0f} {y:.1f}"
    for (_, left, from_y), (enter, leave, level) in pairwise(levels):
        middle = (left + enter) / 2
        path += f"C{middle:.0f} {from_y:.1f} {middle:.0f} {level:.1f} {enter:.0f} {level:.1f}"
        path += f"H{leave:.0f}" if leave != enter else ""  # one without length would turn the mark at the end
    return path


def _referring(table: ApplicationTable) -> frozenset[str]:
    return frozenset(name for reference in table.references for name in reference.fields)


def _shown(table: ApplicationTable) -> Sequence[Field]:
    """Return the fields of a box: key and references first, then others as far as there is room."""
    referring = _referring(table)
    fields = sorted(table.fields.values(), key=lambda field: (not field.is_key, field.name not in referring))
    return fields[: max(_MOST_ROWS, sum(field.is_key or field.name in referring for field in fields))]


def _size(table: ApplicationTable, shown: Sequence[Field]) -> tuple[float, float]:
    longest = max((len(field.column.name) + len(short_type(field)) + 1 for field in shown), default=0)
    width = round(max(_TITLE_CHARACTER * len(table.title), _CHARACTER * longest) + _PADDING)
    return width, HEAD + ROW * (len(shown) + (len(table.fields) > len(shown))) + 6


def short_type(field: Field) -> str:
    """Return the type of a column as a diagram shows it: the usual short name, without PostgreSQL's default schema."""
    text = field.column.type.text.removeprefix("public.")
    for long, short in _SHORT_TYPES.items():
        text = re.sub(rf"^{long}\b", short, text)
    return text if len(text) <= _LONGEST_TYPE else f"{text[: _LONGEST_TYPE - 1]}…"
