"""Tasks of a school's day, by a teacher who is logged in: with a mouse, on a phone, and by the keyboard alone.

Each in English and in Indonesian.
Each task is bounded in clicks: presses of the mouse or taps, of which the keyboard needs none. FRONTEND.md has a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.backend import PASSWORD, add_account, run
from tests.integration.clicks import Clicks
from tests.integration.frontend_browser import PERSON, PHONE, school_page
from tests.integration.frontend_class import OneClass
from tests.integration.frontend_hands import Hands
from tests.integration.frontend_pages import TablePages, lower_first
from tests.integration.frontend_server import served
from tests.integration.interface_words import InterfaceWords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

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
EXCUSED = {"en": "e", "id": "i"}  # how "Excused" and "Izin" begin
ABSENT = {"en": "a", "id": "ta"}  # how "Absent" begins, and "Tanpa keterangan", which is not "Terlambat"
LOCALES: Mapping[str, str] = {"en": "en-GB", "id": "id-ID"}


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
        add_account(backend, f"the.{login}", login, *fields, **environment)


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

    def __init__(self, school: Application, tab: Page, way: str, words: InterfaceWords) -> None:
        self.school, self.tab, self.way, self.words = school, tab, way, words
        self.hands = Hands(tab, WAYS[way][0])
        self.clicks = Clicks.of(tab)

    def pages(self, table: str) -> TablePages:
        return TablePages(self.tab, self.school, school_page(table))

    def log_in(self) -> None:
        """Log in on the page that is asked for; Enter sends the form."""
        self.tab.goto(self.school.url)
        login = self.tab.get_by_label(self.words.text("login.login"))
        self.hands.enter(login, "the.teacher")
        self.hands.enter(self.tab.get_by_label(self.words.text("login.password"), exact=True), PASSWORD)
        self.tab.keyboard.press("Enter")
        expect(login).to_be_hidden()

    def open(self, path: str, tab: str | None = None) -> None:
        """Open a page, and the tab of a table; the clicks of the task begin with the page."""
        self.tab.goto(f"{self.school.url}/{path}")
        expect(self.tab.get_by_role("heading", level=1)).not_to_have_text("…")
        self.hands.skip_to_content(self.words.text("shell.skip"))
        if tab is not None:
            self.hands.press(self.tab.get_by_role("tab", name=self.words.table(tab), exact=True))

    def button(self, key: str, **values: str | int) -> None:
        """Press the button that a message of the catalogue names."""
        self.hands.press(self.tab.get_by_role("button", name=self.words.text(key, **values), exact=True))

    def choices_in_place(self, table: str, referenced: str) -> Locator:
        """Return the check list that an opened tab without rows shows, with its search focused."""
        title = self.words.text("several.title", nouns=self.nouns(table))
        form = self.tab.get_by_role("form", name=title)
        search = form.get_by_role("searchbox", name=self.words.text("search.in", nouns=self.nouns(referenced)))
        if self.hands.by == "pointer":
            expect(search).to_be_focused()
        else:
            self.hands.focus(search)
        return form

    def nouns(self, table: str) -> str:
        """Return the label of a table within a sentence."""
        return lower_first(self.words.table(table))

    def took(self, *, at_most: int) -> None:
        """Check the clicks of a task, and that the page fits its screen."""
        count = self.clicks.count
        assert count <= (0 if self.hands.by == "keyboard" else at_most), count
        width = self.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0


@pytest.fixture(params=[f"{way}-{language}" for way in WAYS for language in LOCALES])
def day(request: pytest.FixtureRequest, browser: Browser, school: Application) -> Iterator[Day]:
    """Provide the day of a teacher who is logged in."""
    way, _, language = request.param.partition("-")
    _, settings = WAYS[way]
    context = browser.new_context(**{**PERSON, **settings, "locale": LOCALES[language]})
    context.set_default_timeout(30_000)
    day = Day(school, context.new_page(), way, InterfaceWords(language=language))
    day.log_in()
    yield day
    context.close()


def test_ten_pupils_are_enrolled(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(10, f"Melati {one.school}")
    day.open(f"classes/{one.row['id']}", "enrollments")
    form = day.choices_in_place("enrollments", "students")
    for number, pupil in enumerate(pupils, 1):
        day.tab.keyboard.type(pupil["full_name"])
        day.tab.keyboard.press("Enter")
        expect(form.get_by_role("status")).to_have_text(day.words.text("several.chosen", count=number))
    day.button("several.add", count=10)
    expect(form).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    day.took(at_most=2)


def test_ten_pupils_are_enrolled_one_by_one(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(19, f"Bakung{one.school}x")[::2]
    day.open(f"classes/{one.row['id']}", "enrollments")
    form = day.choices_in_place("enrollments", "students")
    day.tab.keyboard.type(f"Bakung{one.school}x")
    expect(form.get_by_label(day.words.text("choices.all", count=19))).to_be_visible()
    for pupil in pupils:
        day.hands.tick(form.get_by_role("checkbox", name=pupil["full_name"], exact=True))
    day.button("several.add", count=10)
    expect(form).to_be_hidden()
    assert {row["student_id"] for row in one.children("enrollments")} == {pupil["id"] for pupil in pupils}
    day.took(at_most=12)


def test_ten_pupils_join_a_class_that_has_some(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(20, f"Teratai{one.school}x")
    there, joining = pupils[:1], pupils[1::2]
    one.enrol(there)
    day.open(f"classes/{one.row['id']}", "enrollments")
    expect(day.tab.get_by_role("tabpanel").get_by_role("table")).to_be_visible()
    form = day.tab.get_by_role("form", name=day.words.text("several.title", nouns=day.nouns("enrollments")))
    search = form.get_by_role("searchbox")
    if day.way == "mouse":
        expect(search).to_be_focused()
    day.hands.enter(search, f"Teratai{one.school}x")
    expect(form.get_by_label(day.words.text("choices.all", count=19))).to_be_visible()
    for pupil in joining:
        day.hands.tick(form.get_by_role("checkbox", name=pupil["full_name"], exact=True))
    day.button("several.add", count=10)
    expect(form).to_be_hidden()
    added = {pupil["id"] for pupil in [*there, *joining]}
    assert {row["student_id"] for row in one.children("enrollments")} == added
    # On a phone the search is not focused by itself: its keyboard would cover the rows
    day.took(at_most=13 if day.way == "phone" else 12)


def test_attendance_of_a_class_is_taken(day: Day) -> None:
    one = OneClass(day.pages)
    pupils = one.pupils(36, f"Cempaka {one.school}")
    one.enrol(pupils)
    keys = day.tab.keyboard
    day.open(f"classes/{one.row['id']}", "attendance")
    day.button("grid.open")
    grid = day.tab.get_by_role("table", name=day.words.text("grid.label", nouns=day.nouns("attendance")))
    day.button("grid.fill", count=36, nouns=day.nouns("enrollments"))

    def cell(field: str, row: int) -> Locator:
        label = day.words.text("grid.cell", field=day.words.field("attendance", field), row=row)
        return grid.get_by_label(label, exact=True)

    expect(cell("student_id", 36)).to_have_value(pupils[-1]["full_name"])
    day.hands.enter(cell("attendance_date", 1), "4/2/2030")
    keys.press("ControlOrMeta+d")
    expect(cell("attendance_date", 36)).to_have_value("04/02/2030")
    keys.press("ControlOrMeta+a")
    keys.press("ArrowRight")
    at = 1
    for row, letters in ((2, "s"), (5, EXCUSED[day.words.language]), (9, ABSENT[day.words.language])):
        for _ in range(row - at):
            keys.press("ArrowDown")
        at = row
        keys.type(letters)
    expect(cell("status", 2)).to_have_value("sakit")
    for _ in range(36 - at):
        keys.press("ArrowDown")
    day.button("grid.save", count=36)
    expect(day.tab.get_by_text(day.words.text("grid.savedAdded", count=36))).to_be_visible()
    rows = {row["student_id"]: row["status"] for row in one.children("attendance")}
    assert [rows[pupils[at]["id"]] for at in (0, 1, 4, 8)] == ["hadir", "sakit", "izin", "alpa"]
    day.took(at_most=6)


def test_three_teachers_are_added_to_a_class(day: Day) -> None:
    one = OneClass(day.pages)
    names = [f"Bu Guru {one.school} {at}" for at in range(3)]
    teachers = [one.app.make("teachers", school_id=one.school, full_name=name)["id"] for name in names]
    day.open(f"classes/{one.row['id']}", "class_teachers")
    form = day.choices_in_place("class_teachers", "teachers")
    for number, name in enumerate(names, 1):
        day.tab.keyboard.type(name)
        day.tab.keyboard.press("Enter")
        expect(form.get_by_role("status")).to_have_text(day.words.text("several.chosen", count=number))
    day.button("several.add", count=3)
    expect(form).to_be_hidden()
    assert sorted(row["teacher_id"] for row in one.children("class_teachers")) == sorted(teachers)
    day.took(at_most=2)


def test_a_payment_is_found_by_the_pupils_name(day: Day) -> None:
    one = OneClass(day.pages)
    pupil = one.app.make("students", school_id=one.school, full_name=f"Raden{one.school}x Wijaya")
    payment = one.app.make("fee_payments", student_id=pupil["id"])
    one.app.make("fee_payments")
    day.open("")
    day.hands.press(day.tab.get_by_role("main").get_by_role("link", name=day.words.table("fee_payments")))
    search = day.tab.get_by_role("searchbox", name=day.words.text("search.in", nouns=day.nouns("fee_payments")))
    day.hands.enter(search, f"wijaya raden{one.school}x")
    counted = day.words.text("list.rows", count=1, total="1")
    expect(day.tab.get_by_role("main").get_by_role("status").first).to_have_text(counted)
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
    day.button("delete")
    question = day.tab.get_by_role("dialog")
    expect(question.get_by_role("listitem")).to_have_text(
        [day.words.text("consequence.delete", rows=f"2 {day.nouns('attendance')}")]
    )
    with day.tab.expect_response(lambda answer: answer.request.method == "DELETE"):  # it can be undone until then
        day.hands.press(question.get_by_role("button", name=day.words.text("delete"), exact=True))
    expect(question).to_be_hidden()
    assert one.app.api.get(f"/api/schedules/{schedule['id']}").status_code == 404
    day.took(at_most=2)
