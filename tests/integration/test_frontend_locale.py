"""The generated frontend in another language's formats: numbers are read as they are shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages

pytest_plugins = ["tests.integration.frontend_browser"]

AMOUNT = "Jumlah"  # the label of the field
INDONESIAN: dict[str, Any] = {"locale": "id-ID"}


@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_numbers_are_read_as_they_are_shown(pages: Callable[[str], TablePages]) -> None:
    fees = pages("fees")
    row = fees.app.make("fees", amount="1250000.50", late_fee="0")
    stored = f"{fees.path}/{row['id']}"
    fees.tab.goto(f"{fees.url}/{row['id']}")
    term = fees.tab.get_by_role("term").filter(has_text=re.compile(f"^{AMOUNT}$"))
    expect(term.locator("xpath=following-sibling::dd")).to_have_text("1.250.000,50")
    fees.tab.get_by_role("link", name="Ubah", exact=True).click()
    expect(fees.input(AMOUNT)).to_have_value("1250000,50")
    for typed, saved in (("2.350.000,75", "2350000.75"), ("87,5", "87.50"), ("1.250", "1250.00")):
        fees.input(AMOUNT).fill(typed)
        fees.tab.get_by_role("button", name="Simpan", exact=True).click()
        fees.arrive(f"{fees.url}/{row['id']}")
        assert fees.app.api.get(stored).json()["amount"] == saved
        fees.tab.get_by_role("link", name="Ubah", exact=True).click()
    fees.tab.goto(f"{fees.url}")
    fees.tab.get_by_role("button", name=f"Filter {AMOUNT}", exact=True).click()
    form = fees.tab.get_by_role("dialog")
    form.get_by_label(f"{AMOUNT} sampai", exact=True).fill("1.250,00")
    form.get_by_role("button", name="Terapkan").click()
    expect(form).to_be_hidden()
    expect(fees.row_link(str(row["id"]))).to_be_visible()
    assert "amount__lte=1250.00" in fees.tab.url
