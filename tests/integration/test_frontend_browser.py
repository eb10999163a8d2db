"""The school's application in a real browser, used as its staff would: each table, from an empty form to deletion."""

from __future__ import annotations

import re
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.integration.frontend_browser import DARK, PHONE, TABLES, WRITTEN
from tests.integration.frontend_server import served_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages
    from tests.integration.frontend_server import Application, Row

pytest_plugins = ["tests.integration.frontend_browser"]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_row_lives_from_form_to_deletion(name: str, pages: Callable[[str], TablePages]) -> None:
    table = pages(name)
    row = table.app.body(name)
    table.open_list("")
    key = table.add(row)

    table.open_list()
    table.find(row, key)
    table.row_link(key).click()

    field, value = changed(table, row)
    table.tab.get_by_role("link", name="Edit", exact=True).click()
    table.enter(field, {**row, field: value})
    table.save()
    table.arrive(f"{table.url}/{key}")
    expect(table.value_of(field)).to_have_text(table.shown_as(field, value))
    table.tab.reload()
    expect(table.value_of(field)).to_have_text(table.shown_as(field, value))

    table.delete()
    expect(table.row_link(key)).to_be_hidden()
    table.tab.goto(f"{table.url}/{key}")
    expect(table.tab.get_by_role("heading", level=1)).to_have_text(f"{table.row_label} not found")


def changed(table: TablePages, row: Row) -> tuple[str, Any]:
    """Return a field that can be changed and another value for it: a free text if there is one, else a choice."""
    case = table.app.cases[table.table.module]
    free = [field for field in case["changes"] if field in row and field not in table.references]
    other = case["bodies"][-1]
    for field in free:
        if table.column(field).type.kind == "text" and [field] not in case["unique"] and other[field] != row[field]:
            return field, other[field]
    for field in free:
        choices = table.column(field).type.values
        if choices:
            return field, next(choice for choice in choices if choice != row[field])
    raise AssertionError(f"nothing to change in {table.table.module}")


def test_a_wrong_number_is_told_at_its_field(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    students.tab.goto(f"{students.url}/new")
    nisn = students.input("NISN")
    nisn.fill("123")
    expect(nisn).to_have_attribute("aria-invalid", "true")
    expect(nisn).to_have_accessible_description(re.compile("NISN must"))
    nisn.fill("0012345678")
    expect(nisn).not_to_have_attribute("aria-invalid", "true")


def test_what_the_server_refuses_is_told_at_its_field(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    taken = students.app.make("students")
    row = students.app.body("students", nisn=taken["nisn"])
    students.open_list()
    students.fill_new(row)
    students.save()
    expect(students.input("NISN")).to_have_accessible_description(re.compile("already"))
    expect(students.input("NISN")).to_be_focused()
    assert students.tab.url == f"{students.url}/new"
    students.enter("nisn", students.app.body("students", school_id=row["school_id"]))
    students.save()
    expect(students.tab.get_by_role("link", name="Edit", exact=True)).to_be_visible()


def test_moments_are_those_of_the_persons_zone(pages: Callable[[str], TablePages]) -> None:
    events = pages("events")
    tab, starts, ends = events.tab, "2030-01-31T13:00:00.123456Z", "2030-02-03T01:30:00Z"
    row = events.app.make("events", starts_at=starts, ends_at=ends)
    stored = f"{events.path}/{row['id']}"
    tab.goto(f"{events.url}/{row['id']}/edit")
    expect(events.input(events.label("starts_at"))).to_have_value("31/01/2030 20:00")
    events.input(events.label("ends_at")).click()
    tab.get_by_role("button", name="5 February 2030", exact=True).click()
    expect(events.input(events.label("ends_at"))).to_have_value("05/02/2030 08:30")
    events.save()
    events.arrive(f"{events.url}/{row['id']}")
    saved = events.app.api.get(stored).json()
    assert (saved["starts_at"], saved["ends_at"]) == (starts, "2030-02-05T01:30:00Z")
    tab.get_by_role("link", name="Edit", exact=True).click()
    events.input(events.label("ends_at")).fill("31/02/2030 8")
    expect(events.input(events.label("ends_at"))).to_have_accessible_description(re.compile("must be a date"))
    events.input(events.label("ends_at")).fill("28/02/2030 8:15")
    events.save()
    events.arrive(f"{events.url}/{row['id']}")
    assert events.app.api.get(stored).json()["ends_at"] == "2030-02-28T01:15:00Z"


def test_a_filter_survives_reload_and_the_way_back(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    row, other = (students.app.make("students", nickname="Pelangi", gender=gender) for gender in "LP")
    key, hidden = str(row["id"]), students.row_link(str(other["id"]))
    students.open_list("?q=Pelangi")
    expect(students.row_link(key)).to_be_visible()
    expect(hidden).to_be_visible()
    students.filter_by("gender", row)
    expect(hidden).to_be_hidden()
    students.tab.reload()
    expect(students.row_link(key)).to_be_visible()
    expect(hidden).to_be_hidden()
    students.row_link(key).click()
    expect(students.tab.get_by_role("heading", level=1)).to_have_text(row["full_name"])
    students.tab.go_back()
    expect(students.row_link(key)).to_be_visible()
    expect(hidden).to_be_hidden()
    students.tab.go_back()
    expect(hidden).to_be_visible()


def test_pages_are_turned_by_cursor_and_survive_reload_and_the_way_back(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    tab, keys, school = students.tab, [], students.app.make("schools")["id"]
    for number in range(60):
        named = {"nickname": "Cursor", "full_name": f"Cursor {number:02}"}
        keys.append(str(students.app.make("students", school_id=school, **named)["id"]))
    students.open_list("?q=Cursor&sort=-full_name")
    expect(students.row_link(keys[59])).to_be_visible()
    tab.get_by_role("button", name="Next page").click()
    expect(students.row_link(keys[34])).to_be_visible()
    expect(tab).to_have_url(re.compile("page=2&after="))
    students.app.api.delete(f"{students.path}/{keys[50]}").raise_for_status()  # on the first page
    tab.reload()
    expect(students.row_link(keys[34])).to_be_visible()
    tab.get_by_role("button", name="Next page").click()
    expect(tab.get_by_text(re.compile("50.59 of 59"))).to_be_visible()
    tab.go_back()
    expect(students.row_link(keys[34])).to_be_visible()
    tab.get_by_role("button", name="Page 3").click()
    tab.get_by_role("button", name="Previous page").click()
    expect(students.row_link(keys[34])).to_be_visible()
    expect(tab).to_have_url(re.compile("page=2&before="))
    students.open_list("?q=Cursor&sort=full_name&page=2&after=forged")
    expect(students.row_link(keys[0])).to_be_visible()
    expect(tab.get_by_text("Back on the first page")).to_be_visible()


def test_what_is_not_saved_is_not_lost_unasked(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    students.tab.goto(f"{students.url}/new")
    students.input("Full name").fill("Siti Aminah")
    students.tab.get_by_role("navigation").get_by_role("link", name="Home").click()
    question = students.tab.get_by_role("dialog")
    question.get_by_role("button", name="Stay").click()
    expect(students.input("Full name")).to_have_value("Siti Aminah")
    students.tab.get_by_role("navigation").get_by_role("link", name="Home").click()
    question.get_by_role("button", name="Leave").click()
    expect(students.tab.get_by_role("heading", level=1)).to_have_text("School")


@pytest.mark.parametrize(("path", "button"), [("", "Edit"), ("/edit", "Save")])
def test_late_labels_move_no_button(path: str, button: str, pages: Callable[[str], TablePages]) -> None:
    """A label of two lines arrives after the page: who is pressing a button then still hits it."""
    table = pages("p5_assessments")
    name = " ".join(["Menjaga kebersihan lingkungan sekolah"] * 2)
    row = table.app.make("p5_assessments", element=name)
    held: list[Route] = []
    released = Event()

    def hold(route: Route) -> None:
        if released.is_set():
            route.continue_()
        else:
            held.append(route)

    table.tab.route("**/api/p5-enrollments?*", hold)  # the requests for labels of what it refers to
    table.tab.goto(f"{table.url}/{row['id']}{path}")
    heading = table.tab.get_by_role("heading", level=1)
    expect(heading).to_contain_text("…")
    at = table.tab.get_by_role("main").get_by_text(button, exact=True)
    before = at.bounding_box()
    released.set()
    for route in held:
        route.continue_()
    expect(heading).to_contain_text(name)
    assert at.bounding_box() == before


def test_a_press_on_save_takes_what_was_typed(pages: Callable[[str], TablePages]) -> None:
    """The list of texts adds what was typed when it loses the focus, and may need another line for it."""
    table = pages("p5_assessments")
    row = table.app.make("p5_assessments")
    typed = "https://sekolah.example/proyek/2026/bukti/foto-kegiatan-menanam-pohon-di-halaman.jpeg"
    table.tab.goto(f"{table.url}/{row['id']}/edit")
    table.tab.get_by_role("combobox", name=table.label("evidence_urls"), exact=True).fill(typed)
    table.save()
    table.arrive(f"{table.url}/{row['id']}")
    expect(table.value_of("evidence_urls")).to_contain_text(typed)


def test_many_rows_are_deleted_at_once(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    keys = [str(subjects.app.make("subjects")["id"]) for _ in range(3)]
    subjects.open_list(subjects.newest)
    for key in keys[:2]:
        subjects.tab.get_by_role("checkbox", name=f"Select row {key}", exact=True).check()
    subjects.tab.get_by_role("button", name="Delete").click()
    subjects.tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(subjects.row_link(keys[0])).to_be_hidden()
    expect(subjects.row_link(keys[1])).to_be_hidden()
    expect(subjects.row_link(keys[2])).to_be_visible()


def test_a_deletion_shows_first_what_it_does_to_other_rows(pages: Callable[[str], TablePages]) -> None:
    teachers = pages("teachers")
    tab, make = teachers.tab, teachers.app.make
    teacher = make("teachers")
    lessons = [make("class_teachers", teacher_id=teacher["id"]) for _ in range(2)]
    make("classes", homeroom_teacher_id=teacher["id"])
    tab.goto(f"{teachers.url}/{teacher['id']}")
    tab.get_by_role("button", name="Delete", exact=True).click()
    question = tab.get_by_role("dialog")
    affected = ["2 class teachers will be deleted too", "In 1 class, homeroom teacher will be empty"]
    expect(question.get_by_role("listitem")).to_have_text(affected)
    question.get_by_role("button", name="Cancel").click()

    make("enrollments", class_id=lessons[0]["class_id"])
    tab.goto(f"{teachers.app.url}/classes/{lessons[0]['class_id']}")
    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(question.get_by_role("listitem")).to_have_text(["1 enrollment (class)"])
    expect(question.get_by_role("button", name="Delete", exact=True)).to_be_disabled()


def test_a_deletion_can_be_undone_for_a_while(pages: Callable[[str], TablePages]) -> None:
    subjects = pages("subjects")
    tab, api = subjects.tab, subjects.app.api
    key = str(subjects.app.make("subjects")["id"])
    tab.set_viewport_size(PHONE["viewport"])
    for undo in (lambda: tab.get_by_role("button", name="Undo").click(), lambda: tab.keyboard.press("Control+z")):
        tab.goto(f"{subjects.url}/{key}")
        subjects.delete()
        expect(subjects.row_link(key)).to_be_hidden()
        expect(tab.get_by_role("alert")).to_contain_text("Subject deleted")
        undo()
        expect(subjects.row_link(key)).to_be_visible()
        assert api.get(f"{subjects.path}/{key}").status_code == 200
    tab.goto(f"{subjects.url}/{key}")
    subjects.delete()
    notice = tab.get_by_role("alert")
    box = notice.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["viewport"]["width"]
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    for action in tab.get_by_role("main").locator("a, button").all():  # the last ones can be scrolled above it
        action_box = action.bounding_box()
        assert action_box is None or action_box["y"] + action_box["height"] <= box["y"] or not action.is_visible()
    assert api.get(f"{subjects.path}/{key}").status_code == 200
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_be_hidden()
    tab.wait_for_function("async path => (await fetch(path)).status === 404", arg=f"/api{subjects.path}/{key}")

    left = str(subjects.app.make("subjects")["id"])
    tab.goto(f"{subjects.url}/{left}")
    subjects.delete()
    expect(notice).to_be_visible()
    tab.goto("about:blank")
    tab.goto(f"{subjects.url}/{left}")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Subject not found")


def test_a_list_is_exported_as_it_is_filtered(pages: Callable[[str], TablePages]) -> None:
    parents = pages("parents")
    row = parents.app.make("parents")
    parents.app.make("parents")
    parents.open_list()
    parents.search_box.fill(row["full_name"])
    expect(parents.tab).to_have_url(re.compile(r"[?&]q="))
    parents.tab.get_by_role("button", name="Export").click()
    with parents.tab.expect_download() as download:
        parents.tab.get_by_role("menuitem", name="Shown columns as CSV").click()
    assert download.value.suggested_filename == "parents.csv"
    header, *lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert "full_name" in header
    assert lines
    assert all(row["full_name"] in line for line in lines)


def test_the_backends_key_is_asked_for_and_goes_with_everything(tab: Page, application: Application) -> None:
    row = application.make("subjects")
    with served_again(application, API_KEY="right-key") as url:
        tab.goto(f"{url}/subjects/{row['id']}")
        key = tab.get_by_role("dialog").get_by_label("API key", exact=True)
        key.fill("wrong-key")
        key.press("Enter")
        expect(key).to_have_accessible_description("The key was not accepted")
        key.fill("right-key")
        key.press("Enter")
        expect(key).to_be_hidden()
        expect(tab.get_by_role("heading", level=1)).to_have_text(row["name"])
        tab.goto(f"{url}/subjects")
        tab.get_by_role("button", name="Export").click()
        with tab.expect_download() as download:
            tab.get_by_role("menuitem", name="Shown columns as CSV").click()
        assert row["name"] in download.value.path().read_text(encoding="utf-8")


def test_home_counts_and_leads_to_every_table(tab: Page, application: Application) -> None:
    application.make("teachers")
    tab.goto(application.url)
    main = tab.get_by_role("main")
    count = application.api.get("/api/teachers/count").json()["count"]
    expect(main.locator('a[href="/teachers"]')).to_contain_text(re.compile(rf"Teachers\s*{count} row"))
    for place in (main, tab.get_by_role("navigation")):
        for name in TABLES:
            expect(place.locator(f'a[href="/{name}"]')).to_have_count(1)


def test_home_loads_few_scripts(tab: Page, application: Application) -> None:
    scripts: list[str] = []
    tab.on("request", lambda sent: scripts.append(sent.url) if sent.resource_type == "script" else None)
    tab.goto(application.url)
    expect(tab.get_by_role("main").get_by_text("rows").first).to_be_visible()
    assert len(scripts) <= 12


@pytest.mark.parametrize("tab", [{}, DARK], indirect=True, ids=["light", "dark"])
def test_the_mode_follows_the_system_until_it_is_switched(tab: Page, application: Application) -> None:
    dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    system, other = ("dark", "light") if dark else ("light", "dark")
    root = tab.locator("html")
    tab.goto(application.url)
    expect(root).to_have_attribute("data-mantine-color-scheme", system)
    tab.get_by_role("button", name=f"Switch to {other} mode").click()
    expect(root).to_have_attribute("data-mantine-color-scheme", other)
    tab.reload()
    expect(root).to_have_attribute("data-mantine-color-scheme", other)


@pytest.mark.parametrize("tab", [PHONE], indirect=True, ids=["phone"])
def test_all_fits_a_phone(pages: Callable[[str], TablePages]) -> None:
    students = pages("students")
    tab, row = students.tab, students.app.make("students")
    links = tab.get_by_role("navigation").get_by_role("link", name="Students", exact=True)
    tab.goto(students.app.url)
    expect(links).not_to_be_in_viewport()
    tab.get_by_role("button", name="Navigation").click()
    links.click()
    students.see_list()
    expect(links).not_to_be_in_viewport()
    for path in ("", "/new", f"/{row['id']}", f"/{row['id']}/edit"):
        tab.goto(students.url + path)
        expect(tab.get_by_role("heading", level=1)).to_be_visible()
        expect(tab.get_by_role("status", name="Loading")).to_have_count(0)
        assert tab.evaluate("document.documentElement.scrollWidth") == 375, path


def test_the_keyboard_alone_is_enough(pages: Callable[[str], TablePages]) -> None:
    schools = pages("schools")
    tab, row = schools.tab, schools.app.make("schools")
    schools.open_list(schools.newest)
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to content")).to_be_focused()
    tab.keyboard.press("Enter")
    schools.row_link(str(row["id"])).focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text(row["name"])
    expect(tab.get_by_role("main")).to_be_focused()


def test_an_address_without_a_page_says_so(tab: Page, application: Application) -> None:
    for path in ("nothing", "students/4711000", "students/1/nothing"):
        tab.goto(f"{application.url}/{path}")
        expect(tab.get_by_role("heading", level=1)).to_contain_text("not found")
