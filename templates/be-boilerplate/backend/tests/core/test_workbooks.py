"""Tests of workbooks of exported rows."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from starlette.exceptions import HTTPException

from app.core import workbooks
from app.core.workbooks import workbook_blocks


def sheets_of(*rows: list[Any]) -> list[list[tuple[Any, ...]]]:
    blocks = workbook_blocks(["a", "b"], rows, ZoneInfo("Asia/Jakarta"), 60)
    book = load_workbook(io.BytesIO(b"".join(blocks)))
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def stored(value: Any) -> Any:
    return sheets_of([value, 1])[0][1][0]


def test_rows_follow_a_header() -> None:
    assert sheets_of([1, None], [2, "x"]) == [[("a", "b"), (1, None), (2, "x")]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (True, True),
        (Decimal("12.50"), 12.5),
        (dt.date(2024, 1, 31), dt.datetime.fromisoformat("2024-01-31")),
        (dt.datetime(2024, 1, 31, tzinfo=dt.UTC), dt.datetime.fromisoformat("2024-01-31T07:00")),
        (dt.time(7, 30), dt.time(7, 30)),
        ("0012", "0012"),
    ],
)
def test_values_have_their_types(value: Any, cell: Any) -> None:
    assert stored(value) == cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567890123456, "1234567890123456"),
        (Decimal("0.1234567890123456"), "0.1234567890123456"),
        (float("nan"), "nan"),
        (dt.date(1899, 1, 31), "1899-01-31"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_values_that_a_spreadsheet_would_change_are_texts(value: Any, text: str) -> None:
    assert stored(value) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "https://example.com", "-"])
def test_texts_are_no_formulas_and_no_links(text: str) -> None:
    blocks = workbook_blocks([text], [[text]], dt.UTC, 60)
    sheet = load_workbook(io.BytesIO(b"".join(blocks))).worksheets[0]
    for cell in (sheet["A1"], sheet["A2"]):
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_rows_that_do_not_fit_are_in_further_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_ROWS", 3)
    numbers = [[row[0] for row in sheet] for sheet in sheets_of([1, 1], [2, 2], [3, 3])]
    assert numbers == [["a", 1, 2], ["a", 3]]


def test_an_export_that_takes_too_long_is_ended() -> None:
    with pytest.raises(HTTPException) as caught:
        list(workbook_blocks(["a"], [[1]], dt.UTC, -1))
    assert caught.value.status_code == 503
