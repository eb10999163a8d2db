"""People keep their place in a real browser: the list after a save, and columns and views of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.frontend_browser import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

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


def width_of(head: Locator) -> float:
    box = head.bounding_box()
    assert box is not None
    return box["width"]


def drag(edge: Locator, pixels: int) -> None:
    box = edge.bounding_box()
    assert box is not None
    mouse, x, y = edge.page.mouse, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + pixels / 2, y)
    mouse.move(x + pixels, y)
    mouse.up()


@pytest.mark.parametrize("count", [3, 150], ids=["few", "many"])
def test_widths_of_columns_survive_a_reload_and_a_view(pages: Callable[[str], TablePages], count: int) -> None:
    subjects = pages("subjects")
    tab, school = subjects.tab, subjects.app.make("schools")["id"]
    for at in range(count):
        subjects.app.make("subjects", school_id=school, name=f"Lebar {count} {at}")
    columns = ("name", "weekly_hours", "school_id", "code", "description", "created_at", "updated_at")
    subjects.open_list(f"?q=Lebar {count}&size=250&columns={','.join(columns)}")
    head, other = (tab.get_by_role("columnheader", name=subjects.label(name)) for name in columns[:2])
    edge = tab.get_by_role("separator", name=f"Width of {subjects.label('name')}", exact=True)
    before, other_before = width_of(head), width_of(other)
    drag(edge, 90)
    expect(edge).to_have_attribute("aria-valuenow", str(round(before + 90)))
    assert width_of(head) == pytest.approx(before + 90, abs=2)
    assert width_of(other) == pytest.approx(other_before, abs=2)
    edge.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", str(round(before + 74)))
    wide = width_of(head)
    assert grave_findings_in_both_modes(tab) == []

    tab.reload()
    subjects.see_list()
    assert width_of(head) == pytest.approx(wide, abs=1)
    tab.get_by_role("button", name="Views", exact=True).click()
    menu = tab.get_by_role("dialog")
    menu.get_by_label("Name of the view").fill("Lebar")
    menu.get_by_role("button", name="Save view").click()
    tab.keyboard.press("Escape")
    edge.press("Enter")
    expect(edge).not_to_have_attribute("aria-valuenow", str(round(wide)))
    drag(edge, -60)
    assert width_of(head) < wide - 20
    tab.get_by_role("button", name="Views", exact=True).click()
    menu.get_by_role("button", name="Lebar", exact=True).click()
    expect(edge).to_have_attribute("aria-valuenow", str(round(wide)))
    assert width_of(head) == pytest.approx(wide, abs=1)
    tab.get_by_role("button", name="Choose columns").click()
    tab.get_by_role("button", name="Reset").click()
    expect(edge).not_to_have_attribute("aria-valuenow", str(round(wide)))


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_a_wide_column_does_not_widen_the_page(pages: Callable[[str], TablePages]) -> None:
    teachers = pages("teachers")
    tab = teachers.tab
    teachers.app.make("teachers")
    teachers.open_list()
    edge = tab.get_by_role("separator").first
    for _ in range(30):
        edge.press("ArrowRight")
    expect(edge).to_have_attribute("aria-valuenow", re.compile(r"^[5-9]\d\d$"))
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []
