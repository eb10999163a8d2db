"""Export of rows as CSV by PostgreSQL itself (COPY), with the same bytes as `export.csv_blocks` yields."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.core.csv_cells import TEXT, cell_sql, has_plain_fields
from app.core.export import BLOCK_SIZE, blocks_of, header
from app.core.filtering import Condition
from app.core.ordering import Order
from app.core.reference_labels import LabelColumn, beside

_COMMA = ord(",")

# Rows with cells to convert are parsed, and a text may have any length.
csv.field_size_limit(2**31 - 1)


class _Sql(FunctionElement[str]):
    """SQL in which `{0}`, `{1}` and so on are columns or other expressions."""

    type = sa.Text()
    inherit_cache = False

    def __init__(self, template: str, *columns: Any) -> None:
        super().__init__(*columns)
        self.template = template


@compiles(_Sql)
def _compile_sql(element: _Sql, compiler: SQLCompiler, **options: Any) -> str:
    columns = [compiler.process(clause, **options) for clause in element.clauses]
    return element.template.format(*columns)


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvCopy:
    """The columns of a COPY: a mark of rows with cells to convert, then the cells. `converters` are by index of a cell.

    `attributes` are those whose values the cells have, without those of labels.
    """

    header: Sequence[str]
    attributes: Sequence[str]
    columns: Sequence[sa.ColumnElement[Any]]
    converters: Mapping[int, Callable[[str], Any]]

    def arranged(self, labels: Sequence[LabelColumn], chosen: Sequence[str] = ()) -> CsvCopy:
        """Return the columns of the chosen attributes, or of all, with those of labels beside them."""
        order = beside(self.attributes, labels, chosen)
        header = [*self.header, *(label.name for label in labels)]
        cells = [*self.columns[1:], *(_Sql(TEXT.text, label.text) for label in labels)]
        return CsvCopy(
            header=[header[index] for index in order],
            attributes=self.attributes,
            columns=[self.columns[0], *(cells[index] for index in order)],
            converters={
                order.index(index): one for index, one in self.converters.items() if index in order
            },
        )

    def blocks(
        self,
        session: Session,
        conditions: Sequence[Condition],
        order: Order,
        *,
        has_mark: bool = False,
    ) -> Generator[bytes, None, None]:
        """Yield the header, as soon as the query has begun, and the rows that match, in blocks of whole lines."""
        statement = order.with_joins(sa.select(*self.columns)).where(*conditions)
        statement = statement.order_by(*order.clauses())
        dialect = session.get_bind().dialect
        driver: Any = session.connection().connection.driver_connection
        query = _literal(statement, dialect, driver)
        block = bytearray("".join(blocks_of(self.header, (), has_mark=has_mark)).encode())
        try:
            with (
                driver.cursor() as cursor,
                cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')") as rows,
            ):
                yield bytes(block)
                block.clear()
                for row in rows:  # a line each
                    if row[0] == _COMMA:
                        block += row[1:-1]
                        block += b"\r\n"
                    else:
                        block += self._converted(row)
                    if len(block) >= BLOCK_SIZE:
                        yield bytes(block)
                        block.clear()
        except psycopg.Error as error:
            raise sa.exc.DBAPIError.instance(
                query, None, error, psycopg.Error, dialect=dialect
            ) from error
        yield bytes(block)

    def _converted(self, row: memoryview) -> bytes:
        """Return a line whose cells are converted."""
        (cells,) = csv.reader(io.StringIO(bytes(row).decode(), newline=""))
        del cells[0]
        converted = [
            self.converters[index](text) if text and index in self.converters else text
            for index, text in enumerate(cells)
        ]
        buffer = io.StringIO()
        csv.writer(buffer).writerow(converted)
        return buffer.getvalue().encode()


def csv_copy(model: type[DeclarativeBase], read: type[BaseModel]) -> CsvCopy | None:
    """Return the columns of a table's COPY, or None if only Python can write one of its fields."""
    columns: list[InstrumentedAttribute[Any]] = [getattr(model, name) for name in read.model_fields]
    found = [
        cell_sql(column, info)
        for column, info in zip(columns, read.model_fields.values(), strict=True)
    ]
    cells = [cell for cell in found if cell is not None]
    if len(cells) < max(2, len(columns)) or not has_plain_fields(read):  # one empty cell is quoted
        return None
    odd = [cell.odd.format(f"{{{index}}}") for index, cell in enumerate(cells) if cell.odd]
    mark = f"CASE WHEN {' OR '.join(odd)} THEN '*' END" if odd else "NULL"
    return CsvCopy(
        header=header(read),
        attributes=list(read.model_fields),
        columns=[
            _Sql(mark, *columns),
            *(_Sql(cell.text, column) for cell, column in zip(cells, columns, strict=True)),
        ],
        converters={index: cell.convert for index, cell in enumerate(cells) if cell.odd},
    )


def _literal(statement: sa.Select[Any], dialect: Dialect, driver: psycopg.Connection[Any]) -> str:
    """Return a statement with its parameters as literals, by psycopg: COPY takes no parameters."""
    compiled: Any = statement.compile(dialect=dialect)
    expanded = compiled.construct_expanded_state(escape_names=False)
    values = {}
    for name, value in expanded.parameters.items():
        process = expanded.processors.get(name)
        if process is None and name in compiled.binds:
            kind = compiled.binds[name].type.dialect_impl(dialect)
            process = kind.bind_processor(dialect)
        values[compiled.escaped_bind_names.get(name, name)] = process(value) if process else value
    return psycopg.ClientCursor(driver).mogrify(expanded.statement, values)
