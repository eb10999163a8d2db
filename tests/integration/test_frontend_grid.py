"""The editable grid of a row's children in a real browser, with the clicks of a school's tasks counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.frontend_browser import PHONE
from tests.integration.frontend_class import PASTE, OneClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages

pytest_plugins = ["tests.integration.frontend_browser"]


def test_attendance_of_a_class_is_taken(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(36, "Cempaka")
    one.enrol(pupils)
    one.pupils(1, "Of another class")
    clicks = one.open("Attendance")
    grid = one.edit_as_grid()
    one.tab.get_by_role("button", name="Add all 36 from enrollments").click()
    expect(grid.get_by_label("Student, row 36")).to_have_value("Cempaka 35")
    grid.get_by_label("Attendance date, row 1", exact=True).click()
    one.tab.keyboard.type("4/2/2030")
    one.tab.get_by_role("button", name="Copy down").click()
    expect(grid.get_by_label("Attendance date, row 36")).to_have_value("04/02/2030")
    for row, letter in ((2, "s"), (5, "e"), (9, "a")):
        grid.get_by_label(f"Attendance date, row {row}", exact=True).click()
        one.tab.keyboard.press("ControlOrMeta+a")
        one.tab.keyboard.press("ArrowRight")
        one.tab.keyboard.press(letter)
    expect(grid.get_by_label("Status, row 2", exact=True)).to_have_value("sakit")
    assert grave_findings_in_both_modes(one.tab) == []
    one.tab.get_by_role("button", name="Save 36").click()
    expect(one.tab.get_by_text("36 added")).to_be_visible()
    rows = {row["student_id"]: row for row in one.children("attendance")}
    assert set(rows) == {pupil["id"] for pupil in pupils}
    assert {row["attendance_date"] for row in rows.values()} == {"2030-02-04"}
    assert [rows[pupils[at]["id"]]["status"] for at in (0, 1, 4, 8)] == ["hadir", "sakit", "izin", "alpa"]
    assert clicks.count == 9


def test_the_keys_move_as_in_a_spreadsheet(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(2, "Teratai")
    one.enrol(pupils)
    one.open("Enrollments")
    grid, keys = one.edit_as_grid(), one.tab.keyboard
    numbers = [grid.get_by_label(f"Roll number, row {row}", exact=True) for row in (1, 2)]
    numbers[0].focus()
    keys.type("7")
    keys.press("Enter")
    expect(numbers[1]).to_be_focused()
    keys.type("8")
    keys.press("ArrowUp")
    expect(numbers[0]).to_be_focused()
    keys.press("ArrowRight")
    expect(grid.get_by_label("Status, row 1", exact=True)).to_be_focused()
    keys.press("ArrowDown")
    expect(grid.get_by_label("Status, row 2", exact=True)).to_be_focused()
    expect(grid.get_by_label("Status, row 1", exact=True)).to_have_value("active")
    keys.press("Shift+Tab")
    expect(numbers[1]).to_be_focused()
    keys.press("ArrowLeft")
    student = grid.get_by_role("combobox", name="Student, row 2")
    expect(student).to_be_focused()
    keys.press("ArrowDown")
    expect(grid.get_by_role("combobox", name="Student, row 3")).to_be_focused()
    one.tab.get_by_role("button", name="Save 2").press("Enter")
    expect(grid).to_be_hidden()
    assert sorted(row["roll_number"] for row in one.children("enrollments")) == [7, 8]


def test_a_table_is_pasted_from_a_spreadsheet(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(3, "Flamboyan")
    one.open("Enrollments")
    grid = one.edit_as_grid()
    grid.get_by_label("Student, row 1", exact=True).focus()
    expect(grid.get_by_role("combobox", name="Student, row 1")).to_be_focused()
    lines = [f"{pupil['full_name']}\t{number}\tCompleted\t3/2/2030" for number, pupil in enumerate(pupils, 1)]
    one.tab.evaluate(PASTE, "\n".join([*lines, "Nobody\tmany\tunheard of\t40/2/2030"]))
    expect(grid.get_by_label("Student, row 3", exact=True)).to_have_value("Flamboyan 02")
    one.tab.get_by_role("button", name="Save 4").click()
    expect(one.tab.get_by_text("Check the marked row.")).to_be_visible()
    for label, message in (
        ("Roll number", "Roll number must be a whole number"),
        ("Status", "Status must be one of the options"),
        ("Enrolled on", "Enrolled on must be a date"),
    ):
        expect(grid.get_by_label(f"{label}, row 4")).to_have_accessible_description(message)
    assert grave_findings_in_both_modes(one.tab) == []
    grid.get_by_label("Roll number, row 4").focus()
    one.tab.get_by_role("button", name="Remove row").click()
    one.tab.get_by_role("button", name="Save 3").click()
    expect(one.tab.get_by_text("3 added")).to_be_visible()
    rows = sorted(one.children("enrollments"), key=lambda row: int(row["roll_number"]))
    assert [row["student_id"] for row in rows] == [pupil["id"] for pupil in pupils]
    assert {(row["status"], row["enrolled_on"]) for row in rows} == {("completed", "2030-02-03")}


def test_what_the_server_refuses_is_told_at_its_cell_and_nothing_is_saved(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    pupils = one.pupils(3, "Seroja")
    one.enrol(pupils[:1])
    one.open("Enrollments")
    grid = one.edit_as_grid()
    for row, pupil, number in ((2, pupils[1], "1"), (3, pupils[2], "1")):
        student = grid.get_by_label(f"Student, row {row}", exact=True)
        student.focus()
        grid.get_by_role("combobox", name=f"Student, row {row}").fill(pupil["full_name"])
        one.tab.get_by_role("option", name=pupil["full_name"]).click()
        grid.get_by_label(f"Roll number, row {row}", exact=True).fill(number)
    one.tab.get_by_role("button", name="Save 2").click()
    expect(one.tab.get_by_role("alert")).to_contain_text("Nothing was saved. Check the marked cells.")
    expect(grid.get_by_label("Roll number, row 3")).to_have_attribute("aria-invalid", "true")
    assert len(one.children("enrollments")) == 1
    grid.get_by_label("Roll number, row 3").fill("2")
    one.tab.get_by_role("button", name="Save 2").click()
    expect(one.tab.get_by_text("2 added")).to_be_visible()
    assert len(one.children("enrollments")) == 3


def test_what_is_entered_in_a_grid_is_not_lost_unasked(pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    one.enrol(one.pupils(1, "Kamboja"))
    one.open("Enrollments")
    grid = one.edit_as_grid()
    number = grid.get_by_label("Roll number, row 1", exact=True)
    number.fill("9")
    one.tab.get_by_role("tab", name="Attendance").click()
    one.tab.get_by_role("dialog").get_by_role("button", name="Stay").click()
    expect(number).to_have_value("9")
    one.tab.get_by_role("button", name="Discard").click()
    one.tab.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
    expect(number).to_have_value("9")
    expect(one.tab.get_by_role("dialog")).to_be_hidden()
    one.tab.get_by_role("button", name="Discard").click()
    one.tab.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(grid).to_be_hidden()
    assert [row["roll_number"] for row in one.children("enrollments")] == [None]


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_a_grid_fits_a_phone(tab: Page, pages: Callable[[str], TablePages]) -> None:
    one = OneClass(pages)
    one.enrol(one.pupils(2, "Alamanda"))
    one.open("Enrollments")
    expect(one.edit_as_grid()).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert grave_findings_in_both_modes(tab) == []
