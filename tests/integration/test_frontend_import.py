"""The import of a file in a real browser: columns matched, everything checked, all rows or none."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.clicks import Clicks
from tests.integration.frontend_browser import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.integration.frontend_pages import TablePages

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

pytest_plugins = ["tests.integration.frontend_browser"]


def choose(tab: Page, dialog: Locator, text: str) -> None:
    with tab.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="CSV or XLSX file").click()
    chooser.value.set_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": text.encode()})


def test_a_file_is_checked_and_imported(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    tab = subjects.tab
    subjects.app.make("schools", name="SMP Impor Sari")
    clicks = Clicks.of(tab)
    subjects.open_list()
    tab.get_by_role("button", name="Import from a file").click()
    dialog = tab.get_by_role("dialog")
    header = "School;Singkatan;Name;Weekly hours;Passing score;Grade levels"
    good = [f"SMP Impor Sari;IMP-{at:02};Impor {at};4;87,5;7,8" for at in range(30)]
    bad = ["SMP Tiada;IMP-90;Impor 90;4;87,5;", "SMP Impor Sari;IMP-01;Impor 91;99;87,5;"]
    choose(tab, dialog, "\n".join([header, *good, *bad]))
    expect(dialog.get_by_text("Still needed: Code.")).to_be_visible()
    dialog.get_by_role("combobox", name="Field of Singkatan").fill("Code")
    tab.get_by_role("option", name="Code", exact=True).click()
    errors = dialog.get_by_role("table", name="Errors in the file")
    expect(errors.get_by_role("row", name="32 A SMP Tiada School was not found")).to_be_visible()
    expect(errors.get_by_role("row", name="33 D 99 Weekly hours must be 12 or less")).to_be_visible()
    assert grave_findings_in_both_modes(tab) == []

    # Titles of either language are known
    choose(tab, dialog, "\n".join(["Sekolah;Kode;Name;Jam per minggu;Passing score;Tingkat", *good]))
    expect(dialog.get_by_text("30 rows checked: nothing is wrong")).to_be_visible()
    dialog.get_by_role("button", name="Import 30").click()
    expect(dialog).to_be_hidden()
    expect(tab.get_by_text("30 subjects imported")).to_be_visible()
    assert clicks.count == 5
    stored = subjects.app.find("subjects", {"code": "IMP-07"})
    assert (stored["passing_score"], stored["grade_levels"], stored["weekly_hours"]) == ("87.50", [7, 8], 4)


def test_rows_that_the_table_has_already_are_reported_and_nothing_is_imported(
    pages: Callable[[str], TablePages],
) -> None:
    subjects = pages("subjects")
    tab, school = subjects.tab, subjects.app.make("schools")["id"]
    subjects.app.make("subjects", school_id=school, code="ADA-1")
    subjects.open_list()
    tab.get_by_role("button", name="Import from a file").click()
    dialog = tab.get_by_role("dialog")
    choose(tab, dialog, f"school_id,code,name\n{school},ADA-0,Nol\n{school},ADA-1,Satu\n")
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was imported: 1 row is wrong")
    errors = dialog.get_by_role("table", name="Errors in the file")
    expect(errors.get_by_role("row", name="3 B ADA-1 Code is already taken")).to_be_visible()
    expect(dialog.get_by_role("button", name="Import 2")).to_be_disabled()
    with tab.expect_download() as saved:
        dialog.get_by_role("button", name="Save the errors").click()
    assert "Code is already taken" in saved.value.path().read_text("utf-8-sig")
    assert subjects.app.api.get(subjects.path, params={"school_id": school}).json()["total"] == 1


def test_a_template_is_filled_in_and_imported_by_keyboard(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    tab = subjects.tab
    subjects.app.make("schools", name="SMP Templat")
    subjects.open_list()
    tab.get_by_role("button", name="Import from a file").press("Enter")
    dialog = tab.get_by_role("dialog")
    with tab.expect_download() as saved:
        dialog.get_by_role("button", name="Get an empty file with all columns").press("Enter")
    book = load_workbook(BytesIO(saved.value.path().read_bytes()))
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    row = {"School": "SMP Templat", "Code": "007", "Name": "Tujuh", "Curriculum": "Merdeka", "Passing score": 87.5}
    sheet.append([row.get(str(title)) for title in titles])
    content = BytesIO()
    book.save(content)
    with tab.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="CSV or XLSX file").press("Enter")
    chooser.value.set_files({"name": "rows.xlsx", "mimeType": XLSX, "buffer": content.getvalue()})
    dialog.get_by_role("button", name="Import 1").press("Enter")
    expect(dialog).to_be_hidden()
    stored = subjects.app.find("subjects", {"code": "007"})
    assert (stored["passing_score"], stored["curriculum"]) == ("87.50", "merdeka")


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_an_import_fits_a_phone(tab: Page, pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    subjects.app.make("subjects")
    subjects.open_list()
    tab.get_by_role("button", name="Import from a file").click()
    choose(tab, tab.get_by_role("dialog"), "code,name\nA-1,Satu\n")
    expect(tab.get_by_role("table", name="Columns of the file")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []
    choose(tab, tab.get_by_role("dialog"), "school_id,code,name\n999999,A-1,Satu\n")
    message = tab.get_by_role("cell", name="School was not found 999999")
    assert message.evaluate("cell => cell.offsetWidth / cell.closest('table').offsetWidth") > 0.5
    assert grave_findings_in_both_modes(tab) == []
