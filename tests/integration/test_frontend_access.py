"""Accessibility of the generated application: axe checks every table's pages in light and dark mode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.integration.axe import grave_findings, grave_findings_in_both_modes
from tests.integration.frontend_browser import DARK, PHONE, TABLES, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages
    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_tables_pages_shut_nobody_out(name: str, pages: Callable[[str], TablePages]) -> None:
    table = pages(name)
    row = table.app.make(name)
    key = ",".join(str(row[part]) for part in table.app.cases[name]["key"])
    table.open_list(table.newest)
    expect(table.row_link(key)).to_be_visible()
    found = grave_findings_in_both_modes(table.tab)
    table.row_link(key).click()
    expect(table.tab.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    expect(table.tab.get_by_role("heading", level=1)).not_to_have_text("…")
    found += grave_findings_in_both_modes(table.tab)
    table.tab.goto(f"{table.url}/new")
    table.save()
    expect(table.tab.get_by_role("alert").first).to_be_visible()
    found += grave_findings_in_both_modes(table.tab)
    assert found == []


@pytest.mark.parametrize("name", TABLES.keys() - WRITTEN.keys())
def test_a_view_s_page_shuts_nobody_out_and_offers_no_change(name: str, pages: Callable[[str], TablePages]) -> None:
    view = pages(name)
    view.tab.goto(view.url)
    expect(view.tab.get_by_role("table")).to_be_visible()
    expect(view.tab.get_by_role("link", name=re.compile("^New"))).to_have_count(0)
    assert grave_findings_in_both_modes(view.tab) == []


def test_what_opens_on_a_page_shuts_nobody_out(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    tab, row = students.tab, students.app.make("students")
    students.open_list()
    tab.get_by_role("button", name="Filter Gender", exact=True).click()
    expect(tab.get_by_role("dialog")).to_be_visible()
    found = grave_findings_in_both_modes(tab)
    tab.goto(f"{students.url}/{row['id']}/edit")
    students.input(students.label("birth_date")).click()
    expect(tab.get_by_role("button", name="Next month")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    students.app.make("attendance", student_id=row["id"])
    tab.goto(f"{students.url}/{row['id']}")
    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(tab.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    assert found == []


def test_what_asks_and_reports_shuts_nobody_out(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    tab, row = subjects.tab, subjects.app.make("subjects")
    subjects.open_list()
    tab.get_by_role("button", name="Export", exact=True).click()
    expect(tab.get_by_role("menuitem", name="Shown columns as CSV")).to_be_visible()
    found = grave_findings_in_both_modes(tab)
    tab.goto(f"{subjects.url}/{row['id']}/edit")
    subjects.input("Weekly hours").fill("7")
    changed = subjects.app.api.patch(f"{subjects.path}/{row['id']}", json={"weekly_hours": 9})
    assert changed.status_code == 200, changed.text
    subjects.save()
    expect(tab.get_by_role("button", name="Overwrite")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    tab.get_by_role("link", name="School", exact=True).click()
    expect(tab.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    tab.goto(f"{subjects.url}/{row['id']}")
    subjects.delete()
    expect(tab.get_by_role("button", name="Undo")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    assert found == []


def test_what_a_pointer_is_over_stays_readable(pages: Callable[[str], TablePages]) -> None:
    classes = pages("classes")
    tab, row = classes.tab, classes.app.make("enrollments")
    tab.goto(f"{classes.url}/{row['class_id']}")
    tab.get_by_role("tab", name="Enrollments").click()
    found = []
    for control in (tab.get_by_role("link", name="Show in list"), tab.get_by_role("button", name="Edit as grid")):
        control.hover()
        found += grave_findings_in_both_modes(tab)
    assert found == []


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_the_navigation_of_a_phone_shuts_nobody_out(tab: Page, application: Application) -> None:
    tab.goto(application.url)
    tab.get_by_role("button", name="Navigation").click()
    expect(tab.get_by_role("navigation").get_by_role("link", name="Students", exact=True)).to_be_in_viewport()
    assert grave_findings_in_both_modes(tab) == []


def test_a_table_of_many_cells_can_be_used_with_the_keyboard_and_shuts_nobody_out(
    pages: Callable[[str], TablePages],
) -> None:
    students = pages("students")
    tab, school = students.tab, students.app.make("schools")["id"]
    rows = [students.app.make("students", school_id=school, nickname="Banyak") for _ in range(60)]
    columns = ["full_name", *(name for name in rows[0] if name != "full_name")]
    students.open_list(f"?q=Banyak&size=100&columns={','.join(columns)}")
    table = tab.get_by_role("table")
    expect(table).to_have_attribute("aria-rowcount", "61")
    assert table.get_by_role("cell").count() < len(rows) * len(columns) / 2
    found = grave_findings_in_both_modes(tab)
    students.row_link(str(rows[0]["id"])).focus()
    for _ in range(150):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('tr')?.ariaRowIndex") == "41":
            break
    else:
        raise AssertionError("the keyboard does not reach row 40")
    expect(tab.locator(":focus")).to_be_in_viewport()
    found += grave_findings(tab)
    head = tab.get_by_role("columnheader", name=students.label("updated_at"))
    expect(head).to_have_count(0)
    tab.get_by_role("region", name="Students").evaluate("region => { region.scrollLeft = region.scrollWidth }")
    expect(head).to_be_in_viewport()
    expect(head).to_have_attribute("aria-colindex", str(len(columns) + 1))
    assert found + grave_findings(tab) == []


@pytest.mark.parametrize("tab", [{}, DARK], indirect=True, ids=["light", "dark"])
def test_home_shuts_nobody_out(tab: Page, application: Application) -> None:
    tab.goto(application.url)
    expect(tab.get_by_role("main").get_by_text("rows").first).to_be_visible()
    found = grave_findings(tab)
    tab.goto(f"{application.url}/nothing")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert found + grave_findings(tab) == []
