"""XLSX workbooks as rows of cells, read by openpyxl one row at a time.

A workbook is a ZIP archive of XML files, so a small one can expand to any size. The archive is checked before it is
parsed: the parser holds a row of a sheet, or one shared text, at a time, so both are limited, as is the sum of all.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, Any

from app.core.importing.uploads import unreadable

_MAX_ROWS = 2**20  # of a sheet
_MAX_UNPACKED = 2**30  # bytes of all XML files of a workbook
_MAX_TEXTS = 2**28  # bytes of the shared texts, which are in memory while a sheet is read
_MAX_ELEMENT = 2**22  # bytes of a row or of a shared text
_MAX_OTHER = 2**24  # bytes of any other file
_PIECE = 2**18
_TEXTS = "xl/sharedStrings.xml"
_END = re.compile(rb"</(?:\w+:)?(?:row|si)\s*>")
_LONGEST_END = 64  # bytes


def open_workbook(file: IO[bytes], columns: int) -> Iterator[Sequence[Any]]:
    """Yield the rows of a workbook's first sheet, with the values that formulas had when it was saved.

    At most `columns` cells of a row are read. Raises a problem 422 for a file that is no workbook or expands too much.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - slow, and only workbooks need it

    _check_archive(file)
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        sheet.reset_dimensions()  # what the file says of its size may be wrong
        yield from sheet.iter_rows(max_row=_MAX_ROWS, max_col=columns, values_only=True)
    except StopIteration:
        raise unreadable("has no sheet") from None
    except _BROKEN as error:
        raise unreadable("is not a valid XLSX workbook") from error


_BROKEN = (
    AttributeError,
    KeyError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)  # of a damaged file


def _check_archive(file: IO[bytes]) -> None:
    """Raise a problem 422 for an archive that needs more memory or time than a sheet of rows does."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = [
                part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))
            ]
            if sum(part.file_size for part in parts) > _MAX_UNPACKED:
                raise unreadable("expands to more than a sheet may have")
            for part in parts:
                _check_part(archive, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise unreadable("is not a valid XLSX workbook") from error
    finally:
        file.seek(0)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    if not is_sheet and part.file_size > (_MAX_TEXTS if part.filename == _TEXTS else _MAX_OTHER):
        raise unreadable(f"has a part {part.filename} that is too large")
    if not is_sheet and part.filename != _TEXTS:
        return
    since_end, rest = 0, b""
    with archive.open(part) as content:
        while piece := content.read(_PIECE):
            text = rest + piece
            if (
                b"<!" in text
            ):  # comments and declarations, which no spreadsheet program writes, could hide the ends
                raise unreadable("is not a valid XLSX workbook")
            ends = [match.end() for match in _END.finditer(text)]
            since_end = len(text) - ends[-1] if ends else since_end + len(piece)
            if since_end > _MAX_ELEMENT:
                raise unreadable("has a row that is too long")
            rest = text[-_LONGEST_END:]
