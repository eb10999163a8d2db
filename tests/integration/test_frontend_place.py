"""People keep their place in a real browser: the list after a save, and columns and views of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.integration.axe import grave_findings_in_both_modes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages

pytest_plugins = ["tests.integration.frontend_browser"]


def test_a_list_is_where_it_was_left_after_a_save_and_one_step_back(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    tab, school = subjects.tab, subjects.app.make("schools")["id"]
    rows = [subjects.app.make("subjects", school_id=school, name=f"Tempat {at:02}") for at in range(30)]
    row = subjects.row_link(str(rows[2]["id"]))
    subjects.open_list("?q=Tempat&sort=-name")
    tab.get_by_role("button", name="Next page").click()
    row.click()
    tab.get_by_role("link", name="Edit", exact=True).click()
    subjects.input("Weekly hours").fill("7")
    subjects.save()
    expect(subjects.value_of("weekly_hours")).to_have_text("7")
    tab.go_back()
    expect(row).to_be_visible()
    expect(tab).to_have_url(re.compile("page=2"))
    expect(subjects.search_box).to_have_value("Tempat")

    row.click()
    tab.get_by_role("link", name="Edit", exact=True).click()
    tab.get_by_role("link", name="Cancel").click()
    tab.get_by_role("main").get_by_role("link", name="Subjects", exact=True).click()
    expect(row).to_be_visible()
    expect(tab).to_have_url(re.compile("sort=-name"))

    subjects.fill_new(subjects.app.body("subjects", school_id=school, name="Tempat 99"))
    subjects.save()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Tempat 99")
    tab.go_back()
    expect(row).to_be_visible()
    expect(subjects.search_box).to_have_value("Tempat")


def test_columns_and_views_are_kept(pages: Callable[[str], TablePages]) -> None:
    teachers = pages("teachers")
    tab = teachers.tab
    row = teachers.app.make("teachers", full_name="Bu Tampilan", address="Jalan Mawar")
    teachers.open_list("?q=Tampilan")
    tab.get_by_role("button", name="Choose columns").click()
    tab.get_by_role("checkbox", name="Address").check()
    tab.keyboard.press("Escape")
    head = tab.get_by_role("columnheader", name="Address")
    expect(head).to_be_visible()
    tab.get_by_role("button", name="Views", exact=True).click()
    menu = tab.get_by_role("dialog")
    menu.get_by_label("Name of the view").fill("Bu Tampilan saja")
    assert grave_findings_in_both_modes(tab) == []
    menu.get_by_role("button", name="Save view").click()
    expect(menu.get_by_role("button", name="Bu Tampilan saja", exact=True)).to_be_visible()

    teachers.open_list("")
    expect(head).to_be_visible()
    expect(teachers.search_box).to_have_value("")
    tab.get_by_role("button", name="Choose columns").click()
    tab.get_by_role("button", name="Reset").click()
    expect(head).to_be_hidden()
    tab.get_by_role("button", name="Views", exact=True).click()
    menu.get_by_role("button", name="Bu Tampilan saja", exact=True).click()
    expect(teachers.search_box).to_have_value("Tampilan")
    expect(head).to_be_visible()
    expect(teachers.row_link(str(row["id"]))).to_be_visible()
    tab.get_by_role("button", name="Views", exact=True).click()
    assert grave_findings_in_both_modes(tab) == []
    menu.get_by_role("button", name="Remove view Bu Tampilan saja").click()
    expect(menu.get_by_role("button", name="Bu Tampilan saja", exact=True)).to_be_hidden()
