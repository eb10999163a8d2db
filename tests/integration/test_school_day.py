"""Tasks of a school's day, by a teacher who is logged in: with a mouse, on a phone, and by the keyboard alone.

Each task is bounded in clicks: presses of the mouse or taps, of which the keyboard needs none. FRONTEND.md has a table.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from runner.generation.react.page_view import PageView
from tests.integration.backend import plain_environment, run
from tests.integration.clicks import Clicks
from tests.integration.frontend_browser import PERSON, PHONE, TABLES
from tests.integration.frontend_class import OneClass
from tests.integration.frontend_hands import Hands
from tests.integration.frontend_pages import TablePages
from tests.integration.frontend_server import served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

PASSWORD = "correct horse 1"
RIGHTS = """from app.core.access.rights import READ

RIGHTS: Rights = {
    "admin": {"*": ALL},
    "teacher": {
        "enrollments": ALL, "attendance": ALL, "class_teachers": ALL, "schedules": ALL, "subjects": ALL, "*": READ
    },
}
"""
# By name: how a person works, and the settings of the browser.
WAYS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "mouse": ("pointer", {}),
    "phone": ("pointer", PHONE),
    "keyboard": ("keyboard", {}),
}


def prepare(backend: Path, environment: Mapping[str, str]) -> None:
    """Give teachers rights, and add an account of an administrator and one of a teacher in a school."""
    permissions = backend / "app" / "own" / "permissions.py"
    text = permissions.read_text(encoding="utf-8")
    start, end = text.index("RIGHTS: Rights"), text.index("def scope")
    permissions.write_text(f"{text[:start]}{RIGHTS}\n\n{text[end:]}", encoding="utf-8")
    seeded = run(backend, "-m", "app.seed", "--rows", "2", **environment)
    assert seeded.returncode == 0, seeded.stderr
    for login in ("admin", "teacher"):
        fields = ("--set", "school_id=1", "--set", f"email={login}@example.com")
        subprocess.run(
            [sys.executable, "-m", "app.core.login", "add", f"the.{login}", "--role", login, *fields],
            cwd=backend,
            env={**plain_environment(), **environment},
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            timeout=60,
        )


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """Provide a school with a login; its API is used by the administrator."""
    folder = tmp_path_factory.mktemp("school")
    with served(folder, chosen={"auth": "session"}, prepare=prepare) as application:
        answer = application.api.post("/api/session", json={"login": "the.admin", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield application


class Day:
    """A teacher's day in the school: a tab of a browser, and how the teacher works it."""

    def __init__(self, school: Application, tab: Page, hands: Hands) -> None:
        self.school, self.tab, self.hands = school, tab, hands
        self.clicks = Clicks.of(tab)

    def pages(self, table: str) -> TablePages:
        return TablePages(self.tab, self.school, PageView(table=TABLES[table]))

    def log_in(self) -> None:
        """Log in on the page that is asked for; Enter sends the form."""
        self.tab.goto(self.school.url)
        self.hands.enter(self.tab.get_by_label("Login"), "the.teacher")
        self.hands.enter(self.tab.get_by_label("Password", exact=True), PASSWORD)
        self.tab.keyboard.press("Enter")
        expect(self.tab.get_by_label("Login", exact=True)).to_be_hidden()

    def open(self, path: str, tab: str | None = None) -> None:
        """Open a page, and one of its tabs; the clicks of the task begin with the page."""
        self.tab.goto(f"{self.school.url}/{path}")
        expect(self.tab.get_by_role("heading", level=1)).not_to_have_text("…")
        self.hands.skip_to_content()
        if tab is not None:
            self.hands.press(self.tab.get_by_role("tab", name=tab))

    def button(self, name: str) -> None:
        self.hands.press(self.tab.get_by_role("button", name=name, exact=True))

    def took(self, *, at_most: int) -> None:
        """Check the clicks of a task, and that the page fits its screen."""
        count = self.clicks.count
        assert count <= (0 if self.hands.by == "keyboard" else at_most), count
        width = self.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0


@pytest.fixture(params=WAYS)
def day(request: pytest.FixtureRequest, browser: Browser, school: Application) -> Iterator[Day]:
    """Provide the day of a teacher who is logged in."""
    by, settings = WAYS[request.param]
    context = browser.new_context(**{**PERSON, **settings})
    context.set_default_timeout(30_000)
    day = Day(school, context.new_page(), Hands(context.pages[0], by))
    day.log_in()
    yield day
    context.close()


def test_ten_pupils_are_enrolled(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(10, f"Melati {one.school}")
    day.open(f"classes/{one.row['id']}", "Enrollments")
    day.button("Add several")
    dialog = day.tab.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox", name="Search Students")).to_be_focused()
    for number, pupil in enumerate(pupils, 1):
        day.tab.keyboard.type(pupil["full_name"])
        day.tab.keyboard.press("Enter")
        expect(dialog.get_by_role("status")).to_have_text(f"{number} chosen")
    day.button("Add 10")
    expect(dialog).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    day.took(at_most=3)


def test_attendance_of_a_class_is_taken(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(36, f"Cempaka {one.school}")
    one.enrol(pupils)
    keys = day.tab.keyboard
    day.open(f"classes/{one.row['id']}", "Attendance")
    day.button("Edit as grid")
    grid = day.tab.get_by_role("table", name="Grid of")
    day.button("Add all 36 from enrollments")
    expect(grid.get_by_label("Student, row 36")).to_have_value(pupils[-1]["full_name"])
    day.hands.enter(grid.get_by_label("Attendance date, row 1", exact=True), "4/2/2030")
    keys.press("ControlOrMeta+d")
    expect(grid.get_by_label("Attendance date, row 36")).to_have_value("04/02/2030")
    keys.press("ControlOrMeta+a")
    keys.press("ArrowRight")
    at = 1
    for row, letter in ((2, "s"), (5, "i"), (9, "a")):
        for _ in range(row - at):
            keys.press("ArrowDown")
        at = row
        keys.press(letter)
    expect(grid.get_by_label("Status, row 2", exact=True)).to_have_value("sakit")
    for _ in range(36 - at):
        keys.press("ArrowDown")
    day.button("Save 36")
    expect(day.tab.get_by_text("36 added")).to_be_visible()
    rows = {row["student_id"]: row["status"] for row in one.children("attendance")}
    assert [rows[pupils[at]["id"]] for at in (0, 1, 4, 8)] == ["hadir", "sakit", "izin", "alpa"]
    day.took(at_most=6)


def test_three_teachers_are_added_to_a_class(day: Day) -> None:
    one = OneClass(day.pages)
    names = [f"Bu Guru {one.school} {at}" for at in range(3)]
    teachers = [one.app.make("teachers", school_id=one.school, full_name=name)["id"] for name in names]
    day.open(f"classes/{one.row['id']}", "Class teachers")
    day.button("Add several")
    dialog = day.tab.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    for number, name in enumerate(names, 1):
        day.tab.keyboard.type(name)
        day.tab.keyboard.press("Enter")
        expect(dialog.get_by_role("status")).to_have_text(f"{number} chosen")
    day.button("Add 3")
    expect(dialog).to_be_hidden()
    assert sorted(row["teacher_id"] for row in one.children("class_teachers")) == sorted(teachers)
    day.took(at_most=3)


def test_a_payment_is_found_by_the_pupils_name(day: Day) -> None:
    one = OneClass(day.pages)
    pupil = one.app.make("students", school_id=one.school, full_name=f"Raden{one.school}x Wijaya")
    payment = one.app.make("fee_payments", student_id=pupil["id"])
    one.app.make("fee_payments")
    day.open("")
    day.hands.press(day.tab.get_by_role("main").get_by_role("link", name="Fee payments"))
    day.hands.enter(day.tab.get_by_role("searchbox", name="Search Fee payments"), f"wijaya raden{one.school}x")
    expect(day.tab.get_by_role("main").get_by_role("status").first).to_have_text("1 row")
    link = day.tab.get_by_role("table").locator(f'a[href="/fee_payments/{payment["id"]}"]').first
    day.hands.press(link)
    expect(day.tab.get_by_role("definition").get_by_role("link", name=pupil["full_name"])).to_be_visible()
    day.took(at_most=3)


def test_a_deletion_says_first_what_it_destroys(day: Day) -> None:
    one = OneClass(day.pages)
    subject = one.app.make("class_subjects", class_id=one.row["id"])
    schedule = one.app.make("schedules", class_subject_id=subject["id"])
    one.enrol(pupils := one.pupils(2, f"Kenanga {one.school}"))
    for pupil in pupils:
        one.app.make("attendance", student_id=pupil["id"], class_id=one.row["id"], schedule_id=schedule["id"])
    day.open(f"schedules/{schedule['id']}")
    day.button("Delete")
    question = day.tab.get_by_role("dialog")
    expect(question.get_by_role("listitem")).to_have_text(["2 attendance will be deleted too"])
    with day.tab.expect_response(lambda answer: answer.request.method == "DELETE"):  # it can be undone until then
        day.hands.press(question.get_by_role("button", name="Delete", exact=True))
    expect(question).to_be_hidden()
    assert one.app.api.get(f"/api/schedules/{schedule['id']}").status_code == 404
    day.took(at_most=2)
