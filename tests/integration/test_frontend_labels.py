"""Rows found by the names of those that they refer to, in a real browser, with the clicks counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.clicks import Clicks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages

pytest_plugins = ["tests.integration.frontend_browser"]

PUPILS = ("Zulaikha Wibowo", "Zulaikha Hartono", "Aditya Wibowo")


def test_a_payment_is_found_by_the_name_of_the_pupil(pages: Callable[[str], TablePages]) -> None:
    payments = pages("fee_payments")
    tab, app = payments.tab, payments.app
    school = app.make("schools")["id"]
    pupils = {name: app.make("students", school_id=school, full_name=name)["id"] for name in PUPILS}
    rows = {name: app.make("fee_payments", student_id=pupil)["id"] for name, pupil in pupils.items()}
    clicks = Clicks.of(tab)
    tab.goto(app.url)
    tab.get_by_role("navigation").get_by_role("link", name="Fee payments").click()
    payments.search_box.click()
    tab.keyboard.type("wibowo zulaikha")
    expect(tab.get_by_role("row")).to_have_count(2)
    payments.row_link(str(rows["Zulaikha Wibowo"])).click()
    expect(tab.get_by_role("definition").get_by_role("link", name="Zulaikha Wibowo")).to_be_visible()
    assert clicks.count == 3


def test_a_column_is_filtered_and_sorted_by_the_name_of_the_pupil(pages: Callable[[str], TablePages]) -> None:
    payments = pages("fee_payments")
    tab, app = payments.tab, payments.app
    school = app.make("schools")["id"]
    names = ("Yustina Cahya", "Yustina Ayu", "Yustina Bunga")
    pupils = [app.make("students", school_id=school, full_name=name)["id"] for name in names]
    for pupil in pupils:
        app.make("fee_payments", student_id=pupil)
    clicks = Clicks.of(tab)
    payments.open_list()
    tab.get_by_role("button", name="Filter Student", exact=True).click()
    box = tab.get_by_role("textbox", name="Student contains")
    expect(box).to_be_focused()
    assert grave_findings_in_both_modes(tab) == []
    tab.keyboard.type("yustina")
    tab.keyboard.press("Enter")
    chip = tab.get_by_role("group", name="Filters").get_by_text("Student contains “yustina”")
    expect(chip).to_be_visible()
    cells = tab.get_by_role("table").get_by_role("link", name="Yustina")
    expect(cells).to_have_count(3)
    tab.get_by_role("columnheader", name="Student").get_by_role("button", name="Student", exact=True).click()
    expect(cells).to_have_text(sorted(names))
    assert "student__q=yustina" in tab.url
    assert "sort=student__full_name" in tab.url
    assert clicks.count == 2
    tab.reload()
    expect(cells).to_have_text(sorted(names))
    expect(tab.get_by_role("columnheader", name="Student")).to_have_attribute("aria-sort", "ascending")
    tab.get_by_role("button", name="Remove the filter on Student").click()
    expect(chip).to_be_hidden()


def test_classes_with_the_same_name_are_told_apart(pages: Callable[[str], TablePages]) -> None:
    enrollments = pages("enrollments")
    tab, app = enrollments.tab, enrollments.app
    school = app.make("schools", name="SMP Melur")["id"]
    for year in ("2031/2032", "2032/2033"):
        app.make("classes", school_id=school, name="7 Melur", academic_year=year)
    tab.goto(f"{enrollments.url}/new")
    box = tab.get_by_role("combobox", name="Class")
    box.click()
    box.fill("melur 2032/2033")
    expect(tab.get_by_role("option").filter(has_text="Melur")).to_have_text(["7 Melur (2032/2033, SMP Melur)"])
