"""Tests of how files are read and what is said of their cells."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from app.core.importing.cell_values import (
    Notation,
    boolean,
    choice_reader,
    clock,
    list_reader,
    plain_text,
)
from app.core.importing.sheets import letters_of, read_sheet
from app.core.problems import ProblemError

MOMENT = dt.datetime.fromisoformat("2024-01-31T08:05")
INDONESIAN = Notation(decimal=",", dates="dmy", zone=ZoneInfo("Asia/Jakarta"))


def rows_of(content: bytes) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    sheet = read_sheet(io.BytesIO(content))
    width = len(sheet.titles)
    rows = [(row.number, [row.cell(index) for index in range(width)]) for row in sheet.rows]
    return list(sheet.titles), rows


def workbook(*rows: list[Any]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return content.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_of_csv_are_numbered_as_in_a_spreadsheet(separator: str) -> None:
    text = 'Name,Note\r\nAni,"two\r\nlines"\r\n,\r\nBudi, x \r\n'.replace(",", separator)
    rows = [(2, ["Ani", "two\r\nlines"]), (4, ["Budi", "x"])]
    assert rows_of(text.encode()) == (["Name", "Note"], rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_csv_may_have_any_common_encoding(encoding: str) -> None:
    assert rows_of("Name\nÉva\n".encode(encoding)) == (["Name"], [(2, ["Éva"])])


def test_cells_of_a_workbook_have_types() -> None:
    day = MOMENT.replace(hour=0, minute=0)
    content = workbook(
        ["Nis", "Born", "Ok", "Fee"], ["0012", day, True, 1.5], [], ["=1+1", "", "", 7]
    )
    titles, rows = rows_of(content)
    assert titles == ["Nis", "Born", "Ok", "Fee"]
    assert rows == [
        (2, ["0012", day, True, 1.5]),
        (4, [0, None, None, 7]),
    ]  # a formula's saved value


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04 damaged", b"\xd0\xcf\x11\xe0 old"])
def test_other_files_are_rejected(content: bytes) -> None:
    with pytest.raises(ProblemError) as caught:
        rows_of(content)
    assert [error.field for error in caught.value.errors] == ["file"]


def test_an_archive_without_a_workbook_is_rejected() -> None:
    content = io.BytesIO()
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')
    with pytest.raises(ProblemError, match="not a valid XLSX workbook"):
        rows_of(content.getvalue())


def test_archives_that_expand_too_much_are_rejected() -> None:
    content = io.BytesIO(workbook(["Name"], ["Ani"]))
    row = b"<row r='3'>" + b"<c/>" * 2**21 + b"</row>"
    with zipfile.ZipFile(content) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            long = part.replace(b"</sheetData>", row + b"</sheetData>")
            archive.writestr(name, long if name == "xl/worksheets/sheet1.xml" else part)
    assert len(bomb.getvalue()) < 2**20
    with pytest.raises(ProblemError, match="too long"):
        rows_of(bomb.getvalue())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("87,5", "87.5"),
        ("87.5", "87.5"),
        ("1.250.000", "1250000"),
        ("1.250,5", "1250.5"),
        ("1 250,5", "1250.5"),
        ("-1.250", "-1250"),
        ("much", "much"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: Any, number: str) -> None:
    assert INDONESIAN.number(text) == number


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("31/01/2024", "2024-01-31"),
        ("31.1.2024", "2024-01-31"),
        ("31012024", "2024-01-31"),
        ("2024-01-31", "2024-01-31"),
        ("31/02/2024", "31/02/2024"),
        (MOMENT.replace(hour=0, minute=0), "2024-01-31"),
    ],
)
def test_dates_are_read_as_people_write_them(text: Any, date: str) -> None:
    assert INDONESIAN.date(text) == date


def test_times_are_those_of_the_time_zone() -> None:
    assert INDONESIAN.moment("31/01/2024 8.05") == "2024-01-31T08:05:00+07:00"
    assert INDONESIAN.moment("2024-01-31T08:05:00Z") == "2024-01-31T08:05:00Z"
    assert INDONESIAN.moment(MOMENT) == "2024-01-31T08:05:00+07:00"
    assert INDONESIAN.local_moment("31/01/2024 8:05 pm") == "2024-01-31T20:05"
    assert clock("7.05") == "07:05"


def test_words_stand_for_values() -> None:
    assert [boolean(text) for text in ("ya", "TIDAK", "x", True, "perhaps")] == [
        True,
        False,
        True,
        True,
        "perhaps",
    ]
    assert choice_reader(["on_leave"], {})("On leave") == "on_leave"
    assert choice_reader(["on_leave"], {"Cuti": "on_leave"})("cuti") == "on_leave"
    assert choice_reader([1, 2], {})(1.0) == 1
    assert list_reader(plain_text)("a; b") == ["a", "b"]
    assert list_reader(plain_text)('["a,b"]') == ["a,b"]


def test_numbers_that_have_lost_digits_are_no_texts() -> None:
    assert plain_text(812345) == "812345"
    with pytest.raises(ValueError, match="format its column as text"):
        plain_text(3171234567890123)


def test_columns_have_letters() -> None:
    assert [letters_of(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
