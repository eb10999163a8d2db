"""Workbooks (XLSX) of exported rows: numbers, dates and times have their types, and no text is a formula."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.core.problems import too_busy

_BLOCK = 2**16  # bytes
_ROWS = 2**20  # of a sheet, with its header
_DIGITS = 15  # that a number of a spreadsheet keeps
_CHARACTERS = 32_767  # of a cell
_FIRST_YEAR = 1901  # from which on all spreadsheet programs count days in the same way
_CHECKED = 1000  # rows between looks at the clock
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_FORMATS = {dt.date: "yyyy-mm-dd", dt.datetime: "yyyy-mm-dd hh:mm:ss", dt.time: "hh:mm:ss"}


def workbook_blocks(
    header: Sequence[str], rows: Iterable[Sequence[Any]], zone: dt.tzinfo, timeout: float
) -> Generator[bytes, None, None]:
    """Yield a workbook in blocks. It is written to temporary files first, a row at a time.

    Rows that do not fit into a sheet are in further ones. Times with an offset are those of `zone`: a spreadsheet has no
    time zones. Raises a problem 503 if writing takes more than `timeout` seconds.
    """
    import xlsxwriter  # noqa: PLC0415 - slow, and only workbooks need it

    deadline = time.monotonic() + timeout
    with tempfile.TemporaryFile() as file:
        with xlsxwriter.Workbook(file, _OPTIONS) as book:
            writer = _Writer(book, header, zone)
            for number, row in enumerate(rows):
                if number % _CHECKED == 0 and time.monotonic() > deadline:
                    raise too_busy("The export took too long: filter the list.")
                writer.write(row)
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


class _Writer:
    """Writes rows to a workbook, which gets another sheet when one is full."""

    def __init__(self, book: Any, header: Sequence[str], zone: dt.tzinfo) -> None:
        self._book, self._header, self._zone = book, header, zone
        self._bold = book.add_format({"bold": True})
        formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        self._formats: Mapping[type, Any] = formats
        self._kinds: Mapping[type, Callable[[int, int, Any], object]] = {
            bool: self._write_boolean,
            int: self._write_number,
            float: self._write_number,
            Decimal: self._write_number,
            dt.date: self._write_date,
            dt.datetime: self._write_date,
            dt.time: self._write_time,
        }
        self._add_sheet()

    def write(self, row: Sequence[Any]) -> None:
        """Write the cells of a row."""
        if self._row == _ROWS:
            self._add_sheet()
        for column, value in enumerate(row):
            if value is not None:
                self._kinds.get(type(value), self._write_text)(self._row, column, value)
        self._row += 1

    def _add_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        for column, name in enumerate(self._header):
            self._sheet.write_string(0, column, name, self._bold)
        self._sheet.freeze_panes(1, 0)
        self._row = 1

    def _write_boolean(self, row: int, column: int, value: bool) -> None:
        self._sheet.write_boolean(row, column, value)

    def _write_number(self, row: int, column: int, value: float | Decimal) -> None:
        """Write a number; as a text if a spreadsheet would lose digits of it, or has none like it."""
        if not math.isfinite(value) or _digits(value) > _DIGITS:
            self._write_text(row, column, value)
        else:
            self._sheet.write_number(row, column, float(value))

    def _write_date(self, row: int, column: int, value: dt.date) -> None:
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            value = value.astimezone(self._zone).replace(tzinfo=None)
        if value.year < _FIRST_YEAR:
            self._write_text(row, column, value.isoformat())
        else:
            self._sheet.write_datetime(row, column, value, self._formats[type(value)])

    def _write_time(self, row: int, column: int, value: dt.time) -> None:
        self._sheet.write_datetime(row, column, value, self._formats[dt.time])

    def _write_text(self, row: int, column: int, value: object) -> None:
        """Write a text, cut off where a cell ends."""
        self._sheet.write_string(row, column, str(value)[:_CHARACTERS])


def _digits(value: float | Decimal) -> int:
    """Return the number of digits that a number must keep."""
    if isinstance(value, float):
        return 0  # a spreadsheet has the same numbers
    return len(Decimal(value).normalize().as_tuple().digits)
