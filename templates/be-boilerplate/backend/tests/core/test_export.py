"""Tests of CSV exports."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from app.core.export import attachment, csv_blocks


class Row(BaseModel):
    text: str | None = None
    price: Decimal | None = None
    number: int | None = None
    flag: bool | None = None
    items: list[Any] | None = None


def exported(**values: Any) -> list[str]:
    blocks = csv_blocks(Row, [Row(**values)])
    return list(csv.reader(io.StringIO("".join(blocks))))[1]


def test_rows_follow_a_header() -> None:
    lines = "".join(csv_blocks(Row, [Row(text="a,b", flag=True, items=["ü"])])).splitlines()
    assert lines == ["text,price,number,flag,items", '"a,b",,,true,"[""ü""]"']


@pytest.mark.parametrize("text", ["=1+1", "+1 234", "-a", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_is_never_a_formula(text: str) -> None:
    assert exported(text=text)[0] == f"'{text}"


@pytest.mark.parametrize("text", ["a=1", "'=1", "-12.50", "+628123456789", " ", ""])
def test_other_text_is_unchanged(text: str) -> None:
    assert exported(text=text)[0] == text


def test_numbers_are_unchanged() -> None:
    assert exported(price=Decimal("-12.50"), number=-7)[1:3] == ["-12.50", "-7"]


def test_downloads_have_names_in_any_script() -> None:
    assert attachment("students.csv") == 'attachment; filename="students.csv"'
    named = attachment("list学生.csv")
    assert (
        named == "attachment; filename=\"list__.csv\"; filename*=UTF-8''list%E5%AD%A6%E7%94%9F.csv"
    )
