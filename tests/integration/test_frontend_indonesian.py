"""The school's application in Indonesian: no page shows an English word of the interface, nor a name of the schema."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from runner.generation.model.given_labels import GivenLabels
from runner.generation.react.page_view import PageView
from tests.generated_backend import school_labels
from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.backend import run
from tests.integration.catalogues import messages, pattern
from tests.integration.frontend_browser import PHONE, TABLES
from tests.integration.frontend_server import served_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.integration.frontend_pages import TablePages
    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

INDONESIAN: dict[str, Any] = {"locale": "id-ID"}
RAW_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
# The texts of a page, with the names that assistive technology reads; not the values of rows.
TEXTS = """() => {
  const isValue = (element) => element.closest("td, dd, pre, option, .mantine-Badge-root, a[href*='/'] h1");
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!isValue(node.parentElement) && !/^(SCRIPT|STYLE)$/.test(node.parentElement.tagName)) found.push(node.data);
  for (const element of document.querySelectorAll("*"))
    for (const name of ["aria-label", "placeholder", "title", "alt"])
      if (element.hasAttribute(name)) found.push(element.getAttribute(name));
  return [...new Set(found.map((text) => text.trim()))].filter((text) => /[a-z]{2}/i.test(text));
}"""


# What is wider than the control or badge that it is in.
CUT_OFF = """() => [...document.querySelectorAll("input, button, .mantine-Badge-label, [data-line-clamp]")]
  .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
  .map((element) => element.value || element.textContent)"""


@pytest.fixture(scope="module")
def school(application: Application) -> Iterator[str]:
    """Serve the school with rows in every table, in the time zone of Jakarta."""
    database = f"sqlite:///{application.folder / 'school.db'}"
    filled = run(application.folder / "backend", "-m", "app.seed", "--more", "--locale", "id_ID", DATABASE_URL=database)
    assert filled.returncode == 0, filled.stderr
    with served_again(application, TIME_ZONE="Asia/Jakarta") as url:
        yield url


@cache
def english() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Return the English texts that no page in Indonesian shows: messages and labels, and patterns of messages."""
    own, other = messages("id"), messages("en")
    different = {text for key, text in other.items() if text != own[key]}
    plain = {text for text in different if "{" not in text}
    labels = GivenLabels(school_labels())
    views = [(PageView(table=table), PageView(table=table, labels=labels)) for table in TABLES.values()]
    for derived, given in views:
        for name, field in derived.fields.items():
            label = given.fields[name]["label"]
            plain |= {field["label"]} if label["id"] != field["label"] else set()
    plain |= {view.table.label for view, _ in views} | {view.table.names.label for view, _ in views}
    indonesian = {text for text in own.values() if "{" not in text} | labels_in_indonesian(school_labels())
    patterns = [pattern(text) for text in different if "{" in text and len(re.sub(r"\{[^}]*\}|\W", "", text)) > 6]
    return frozenset(plain - indonesian), tuple(patterns)


def labels_in_indonesian(given: Any) -> set[str]:
    if not isinstance(given, dict):
        return set()
    own = {given["id"]} if isinstance(given.get("id"), str) else set()
    return own.union(*map(labels_in_indonesian, given.values()))


def foreign_words(tab: Page) -> list[str]:
    plain, patterns = english()
    texts: list[str] = tab.evaluate(TEXTS)
    assert len(texts) > 5
    wrong = [text for text in texts if text in plain or RAW_NAME.fullmatch(text)]
    return wrong + [text for text in texts if any(found.fullmatch(text) for found in patterns)]


def at_rest(tab: Page) -> None:
    tab.wait_for_load_state("networkidle")
    expect(tab.get_by_role("status", name="Memuat")).to_have_count(0)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_no_page_shows_an_english_word(tab: Page, school: str, name: str) -> None:
    found: dict[str, list[str]] = {}
    paths = [f"/{name}"]
    for path in paths:
        tab.goto(f"{school}{path}")
        at_rest(tab)
        if path == f"/{name}" and TABLES[name].is_writable:
            row = tab.get_by_role("table").locator(f'a[href^="/{name}/"]').first.get_attribute("href")
            paths += [f"/{name}/new", f"{row}", f"{row}/edit"]
        if wrong := foreign_words(tab):
            found[path] = wrong
    assert found == {}
    expect(tab.locator("html")).to_have_attribute("lang", "id")


@pytest.mark.parametrize("tab", [INDONESIAN, {**INDONESIAN, **PHONE}], indirect=True, ids=["desktop", "phone"])
def test_screens_are_accessible_and_not_wider_than_the_screen(tab: Page, school: str) -> None:
    found: list[str] = []
    for path in ("/", "/students", "/students/new", "/classes/1", "/teachers/1/edit", "/nothing"):
        tab.goto(f"{school}{path}")
        at_rest(tab)
        found += grave_findings_in_both_modes(tab)
        width = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path} is {width} pixels too wide"] if width > 0 else []
    assert found == []


@pytest.mark.parametrize(
    "tab", [INDONESIAN, {**INDONESIAN, **PHONE}, PHONE], indirect=True, ids=["desktop", "phone", "phone-en"]
)
def test_no_word_is_cut_off(tab: Page, school: str) -> None:
    found: list[str] = []
    for path in ("/", "/students", "/fee_payments", "/teachers", "/students/new", "/classes/1"):
        tab.goto(f"{school}{path}")
        at_rest(tab)
        found += [f"{path}: {text}" for text in tab.evaluate(CUT_OFF)]
    assert found == []


@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_the_navigation_shows_where_one_is(tab: Page, school: str) -> None:
    tab.goto(f"{school}/subjects")
    at_rest(tab)
    link = tab.get_by_role("navigation").locator('a[href="/subjects"]')
    expect(link).to_have_attribute("aria-current", "page")
    expect(link).to_be_in_viewport(ratio=0.95)


@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_what_is_wrong_is_said_in_indonesian(tab: Page, school: str) -> None:
    tab.goto(f"{school}/teachers/1/edit")
    at_rest(tab)
    nik = tab.get_by_label("NIK").input_value()
    tab.goto(f"{school}/teachers/new")
    at_rest(tab)
    tab.get_by_role("button", name="Simpan", exact=True).click()
    expect(tab.get_by_text("Nama lengkap wajib diisi")).to_be_visible()
    tab.get_by_label("NIK").fill(nik)
    tab.get_by_role("combobox", name="Status kepegawaian").click()
    tab.get_by_role("option", name="PNS").click()
    expect(tab.get_by_text("NIP wajib diisi bila Status kepegawaian adalah PNS atau PPPK").first).to_be_visible()
    assert foreign_words(tab) == []


@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_the_language_is_chosen_and_remembered(tab: Page, school: str) -> None:
    tab.goto(school)
    tab.get_by_label("Bahasa", exact=True).select_option("English")
    expect(tab.get_by_text("Select a table to view or edit its rows.")).to_be_visible()
    tab.goto(f"{school}/students")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Students")
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    tab.get_by_label("Language", exact=True).select_option("Bahasa Indonesia")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Siswa")


@pytest.mark.parametrize("tab", [INDONESIAN], indirect=True, ids=["id"])
def test_a_form_shows_the_day_that_is_stored(tab: Page, school: str, pages: Callable[[str], TablePages]) -> None:
    """At 04:17 in Jakarta it is yesterday in UTC."""
    tab.clock.set_fixed_time("2026-01-01T21:17:00Z")
    tab.goto(f"{school}/students/new")
    at_rest(tab)
    expect(tab.get_by_label("Tanggal masuk", exact=True)).to_have_value("02/01/2026")


@pytest.mark.parametrize(
    ("tab", "language"), [({**INDONESIAN, **PHONE}, "id"), (PHONE, "en")], indirect=["tab"], ids=["id", "en"]
)
def test_the_buttons_of_a_new_form_are_in_one_row_on_a_phone(tab: Page, school: str, language: str) -> None:
    tab.goto(f"{school}/students/new")
    at_rest(tab)
    save = tab.get_by_role("button", name=messages(language)["save"], exact=True)
    controls = save.locator("..").locator(":is(button, a)")
    expect(controls).to_have_count(3)
    assert len(set(controls.evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)"))) == 1
    assert tab.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("tab", [{**INDONESIAN, **PHONE}], indirect=True, ids=["phone"])
def test_the_fields_of_a_file_can_be_read_on_a_phone(tab: Page, school: str) -> None:
    tab.goto(f"{school}/students")
    at_rest(tab)
    tab.get_by_role("button", name=messages("id")["import.open"]).click()
    dialog = tab.get_by_role("dialog")
    with tab.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name=messages("id")["import.file"]).click()
    text = "Nama lengkap;Tanggal lahir;NISN\nSiti Nurhaliza binti Tarudin;2012-03-04;0123456789\n"
    chooser.value.set_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": text.encode()})
    columns = dialog.get_by_role("table", name=messages("id")["import.columns"])
    expect(columns.get_by_text("Siti Nurhaliza binti Tarudin").locator("visible=true")).to_have_count(1)
    expect(columns.get_by_role("combobox").first).to_have_value("Nama lengkap")
    assert tab.evaluate(CUT_OFF) == []
