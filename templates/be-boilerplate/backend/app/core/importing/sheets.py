"""Files of rows as people save them from a spreadsheet: CSV in any common encoding, and XLSX."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from app.core.importing.cell_values import Reading
from app.core.importing.opened_workbooks import open_workbook
from app.core.importing.uploads import unreadable

Cell = Any  # a text, or in XLSX also a number, a boolean, a date or a time; None where it is empty
MAX_COLUMNS = 500
_SEPARATORS = ",;\t"
_PIECE = 2**20  # bytes
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetRow:
    """A row that is not empty; `number` is that of a spreadsheet, which counts the header as 1."""

    number: int
    cells: Sequence[Cell]

    def cell(self, index: int) -> Cell:
        """Return a cell; None where it is empty or the row is shorter."""
        value = self.cells[index] if index < len(self.cells) else None
        return value.strip() or None if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The titles of a file's columns, and its other rows, which are read while they are iterated over."""

    titles: Sequence[str]
    rows: Iterator[SheetRow]
    has_commas: bool = False  # that separate its columns

    def reading(self, reading: Reading) -> Reading:
        """Return how its cells are read: where commas separate columns, points separate decimals."""
        notation = replace(reading.notation, decimal=".")
        return replace(reading, notation=notation) if self.has_commas else reading


def read_sheet(file: IO[bytes]) -> Sheet:
    """Return the rows of a file; raises a problem 422 where it is neither CSV nor XLSX, or has no header."""
    start = file.read(4)
    file.seek(0)
    if start == _OLE:
        raise unreadable(
            "is an old or an encrypted workbook: save it as XLSX or CSV, without a password"
        )
    if start == _ZIP:
        lines: Iterator[Sequence[Cell]] = open_workbook(file, MAX_COLUMNS)
        separator = ""
    else:
        text = io.TextIOWrapper(file, encoding=_encoding(file), errors="replace", newline="")
        first = text.readline()
        text.seek(0)
        separator = max(_SEPARATORS, key=first.count)
        lines = _csv_lines(text, separator)
    titles = [_title(value) for value in next(lines, ())]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise unreadable("has no titles of columns in its first row")
    if len(titles) > MAX_COLUMNS:
        raise unreadable(f"has more than {MAX_COLUMNS} columns")
    rows = (SheetRow(number=number, cells=cells) for number, cells in enumerate(lines, 2))
    return Sheet(
        titles=titles,
        rows=(
            row for row in rows if any(row.cell(index) is not None for index in range(len(titles)))
        ),
        has_commas=separator == ",",
    )


def _csv_lines(text: io.TextIOWrapper, separator: str) -> Iterator[Sequence[str]]:
    try:
        yield from csv.reader(text, delimiter=separator)
    except csv.Error as error:
        raise unreadable(f"is not valid CSV: {error}") from error


def _encoding(file: IO[bytes]) -> str:
    """Return the encoding of a text file: UTF-8 or UTF-16 by their marks, UTF-8, or else that of Windows."""
    start = file.read(2)
    file.seek(0)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "windows-1252"
    finally:
        file.seek(0)
    return "utf-8-sig"


def _title(value: Cell) -> str:
    return "" if value is None else str(value).strip()


def letters_of(index: int) -> str:
    """Return the name of a column in a spreadsheet: `A`, `Z`, `AA`."""
    name = ""
    number = index + 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
