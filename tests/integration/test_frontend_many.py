"""Many rows at once in a real browser: tasks of a school's day, with their clicks counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.clicks import Clicks
from tests.integration.frontend_browser import PHONE
from tests.integration.frontend_class import PASTE, OneClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages

pytest_plugins = ["tests.integration.frontend_browser"]

# Whether the buttons of a form do not cover its search
IS_SEARCH_FIRST = """form => form.querySelector("[type=search]").getBoundingClientRect().bottom
  <= form.querySelector("[type=submit]").getBoundingClientRect().top"""


def test_ten_pupils_are_enrolled_by_their_names(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(10, "Melati")
    clicks = one.open("Enrollments")
    dialog = one.choices_in_place()
    expect(dialog.get_by_role("searchbox", name="Search students")).to_be_focused()
    for number, pupil in enumerate(pupils, 1):
        one.tab.keyboard.type(pupil["full_name"])
        one.tab.keyboard.press("Enter")
        expect(dialog.get_by_role("status")).to_have_text(f"{number} chosen")
    assert grave_findings_in_both_modes(one.tab) == []
    dialog.get_by_role("button", name="Add 10").click()
    expect(dialog).to_be_hidden()
    expect(one.tab.get_by_text("10 rows")).to_be_visible()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    assert clicks.count == 2


def test_ten_pupils_of_a_list_are_enrolled_by_pasting_it(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(20, "Kenanga")[::2]
    clicks = one.open("Enrollments")
    dialog = one.choices_in_place()
    expect(dialog.get_by_role("searchbox", name="Search students")).to_be_focused()
    one.tab.evaluate(PASTE, "\n".join([*(pupil["full_name"] for pupil in pupils), "Nobody"]))
    expect(dialog.get_by_role("status")).to_have_text("10 chosen")
    expect(dialog.get_by_role("alert")).to_have_text("Not found, or the name of several: Nobody")
    dialog.get_by_role("button", name="Add 10").click()
    expect(dialog).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    assert clicks.count == 2


def test_ten_pupils_are_enrolled_with_the_mouse(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(12, "Anggrek")
    clicks = one.open("Enrollments")
    dialog = one.choices_in_place()
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    one.tab.keyboard.type("Anggrek")
    expect(dialog.get_by_text("Select all 12 shown")).to_be_visible()
    dialog.get_by_role("checkbox", name="Anggrek 02").click()
    dialog.get_by_role("checkbox", name="Anggrek 11").click(modifiers=["Shift"])
    dialog.get_by_role("button", name="Add 10").click()
    expect(dialog).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils[2:]}
    assert clicks.count == 4
    dialog = one.add_several()
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    dialog.get_by_role("searchbox").fill("Anggrek")
    expect(dialog.get_by_text("Select all 2 shown")).to_be_visible()
    expect(dialog.get_by_role("checkbox", name="Anggrek 02 Already added")).to_be_disabled()
    assert grave_findings_in_both_modes(one.tab) == []


def test_ten_pupils_of_a_list_are_enrolled_one_by_one(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(19, "Bakung")[::2]
    clicks = one.open("Enrollments")
    form = one.choices_in_place()
    expect(form.get_by_role("searchbox")).to_be_focused()
    one.tab.keyboard.type("Bakung")
    for pupil in pupils:
        form.get_by_role("checkbox", name=pupil["full_name"]).click()
    form.get_by_role("button", name="Add 10").click()
    expect(one.tab.get_by_text("10 rows")).to_be_visible()
    expect(form).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    assert clicks.count == 12


def test_three_teachers_are_added_to_a_class(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    names = [f"Bu Guru {at}" for at in range(3)]
    teachers = [one.app.make("teachers", school_id=one.school, full_name=name)["id"] for name in names]
    clicks = one.open("Class teachers")
    dialog = one.choices_in_place()
    dialog.get_by_role("searchbox").fill("Bu Guru")
    for name in names:
        dialog.get_by_role("checkbox", name=name).click()
    dialog.get_by_role("button", name="Add 3").click()
    expect(dialog).to_be_hidden()
    assert sorted(row["teacher_id"] for row in one.children("class_teachers")) == sorted(teachers)
    assert clicks.count == 5


def test_what_the_server_refuses_is_told_at_its_row(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    taken, free = one.pupils(2, "Kemuning")
    one.app.make("enrollments", student_id=taken["id"], status="active")
    one.open("Enrollments")
    dialog = one.choices_in_place()
    dialog.get_by_role("searchbox").fill("Kemuning")
    dialog.get_by_text("Select all 2 shown").click()
    dialog.get_by_role("button", name="Add 2").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was added")
    refused = dialog.get_by_role("checkbox", name=taken["full_name"])
    expect(dialog.get_by_text(re.compile("already exists where status is active", re.IGNORECASE))).to_be_visible()
    assert grave_findings_in_both_modes(one.tab) == []
    refused.click()
    dialog.get_by_role("button", name="Add 1").click()
    expect(dialog).to_be_hidden()
    assert [row["student_id"] for row in one.children("enrollments")] == [free["id"]]


def test_what_all_rows_need_is_asked_once_and_only_a_classs_pupils_are_offered(
    pages: Callable[[str], TablePages],
) -> None:
    one = OneClass(pages)
    enrolled, other = one.pupils(2, "Dahlia")
    one.enrol([enrolled])
    one.open("Attendance")
    dialog = one.choices_in_place()
    expect(dialog.get_by_role("checkbox", name=enrolled["full_name"])).to_be_visible()
    expect(dialog.get_by_role("checkbox", name=other["full_name"])).to_have_count(0)
    dialog.get_by_role("switch", name="Only those in enrollments").click()
    dialog.get_by_role("searchbox").fill("Dahlia")
    expect(dialog.get_by_role("checkbox", name=other["full_name"])).to_be_visible()
    dialog.get_by_role("checkbox", name=enrolled["full_name"]).click()
    dialog.get_by_role("button", name="More fields").click()
    dialog.get_by_label("Attendance date", exact=True).fill("01/02/2030")
    dialog.get_by_label("Attendance date", exact=True).press("Tab")
    dialog.get_by_role("button", name="Add 1").click()
    expect(dialog).to_be_hidden()
    assert [row["attendance_date"] for row in one.children("attendance")] == ["2030-02-01"]


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_adding_several_fits_a_phone(tab: Page, pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    enrolled, *_ = one.pupils(4, "Mawar")
    one.open("Enrollments")
    expect(one.choices_in_place().get_by_text(re.compile("Select all"))).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []
    one.enrol([enrolled])
    one.open("Enrollments")
    form = one.choices_in_place()
    expect(form.get_by_text(re.compile("Select all"))).to_be_visible()
    expect(form.get_by_role("searchbox")).not_to_be_focused()  # its keyboard would cover the rows
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []
    form.get_by_role("searchbox").fill("Mawar")
    form.get_by_text("Select all 3 shown").click()
    form.get_by_role("button", name="Add 3").click()
    expect(form).to_be_hidden()
    dialog = one.add_several()
    dialog.get_by_role("searchbox").fill("Mawar")
    expect(dialog.get_by_role("checkbox", name="Mawar 03 Already added")).to_be_disabled()
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []


def test_ten_pupils_found_by_a_search_join_a_class_that_has_some(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    there, *pupils = one.pupils(20, "Soka")
    one.enrol([there])
    clicks = one.open("Enrollments")
    form = one.choices_in_place()
    expect(form.get_by_role("searchbox", name="Search students")).to_be_focused()
    expect(one.tab.get_by_role("tabpanel").get_by_role("link", name=there["full_name"])).to_be_in_viewport()
    assert form.evaluate(IS_SEARCH_FIRST)
    one.tab.keyboard.type("Soka")
    for pupil in pupils[::2]:
        form.get_by_role("checkbox", name=pupil["full_name"]).click()
    form.get_by_role("button", name="Add 10").click()
    expect(form).to_be_hidden()
    expect(one.tab.get_by_text("11 rows")).to_be_visible()
    assert clicks.count == 12


def test_chosen_rows_are_changed_at_once(pages: Callable[[str], TablePages]) -> None:
    classes = pages("classes")
    tab, school = classes.tab, classes.app.make("schools")["id"]
    numbers = {"capacity": 30, "current_students": 0, "school_id": school, "room": "Ruang Lama"}
    rows = [classes.app.make("classes", **numbers) for _ in range(3)]
    full = classes.app.make("classes", **{**numbers, "current_students": 25})
    clicks = Clicks.of(tab)
    classes.open_list(f"?school_id__eq={school}")
    for row in rows:
        tab.get_by_role("checkbox", name=f"Select row {row['id']}", exact=True).click()
    tab.get_by_role("button", name="Change", exact=True).click()
    dialog = tab.get_by_role("dialog")
    fields = dialog.get_by_role("combobox", name="Fields to change")
    for name in ("Room", "Capacity"):
        fields.fill(name)
        tab.get_by_role("option", name=name, exact=True).click()
    fields.press("Escape")
    dialog.get_by_label("Room", exact=True).fill("Ruang Baru")
    dialog.get_by_label("Capacity", exact=True).fill("20")
    assert grave_findings_in_both_modes(tab) == []
    dialog.get_by_role("button", name="Change 3").click()
    expect(tab.get_by_text("3 changed")).to_be_visible()
    assert clicks.count == 7
    stored = [classes.app.find("classes", {"id": row["id"]}) for row in rows]
    assert {(row["room"], row["capacity"]) for row in stored} == {("Ruang Baru", 20)}

    tab.get_by_role("checkbox", name="Select all rows on this page").click()
    tab.get_by_role("button", name="Change", exact=True).click()
    fields.fill("Capacity")
    tab.get_by_role("option", name="Capacity", exact=True).click()
    fields.press("Escape")
    dialog.get_by_label("Capacity", exact=True).fill("10")
    dialog.get_by_role("button", name="Change 4").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"{full['name']} (")
    assert grave_findings_in_both_modes(tab) == []
    assert classes.app.find("classes", {"id": rows[0]["id"]})["capacity"] == 20
