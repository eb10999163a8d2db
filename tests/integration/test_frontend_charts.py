"""Charts on the home page in a real browser: their numbers, the lists that they lead to, accessibility, and size."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.backend import run
from tests.integration.frontend_browser import PHONE
from tests.integration.frontend_server import served
from tests.integration.test_frontend import MOST_FIRST_FILES, MOST_FIRST_LOAD, first_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

TITLES = {
    "en-GB": ["Students over time", "Students by status", "Attendance over time", "Attendance by status",
              "Fee payments over time", "Fee payments by status"],
    "id-ID": ["Siswa dari waktu ke waktu", "Siswa menurut status", "Presensi dari waktu ke waktu",
              "Presensi menurut status", "Pembayaran dari waktu ke waktu", "Pembayaran menurut status"],
}  # fmt: skip
INDONESIAN = {"locale": "id-ID"}


def seed(backend: Path, environment: Mapping[str, str]) -> None:
    seeded = run(backend, "-m", "app.seed", "--rows", "15", **environment)
    assert seeded.returncode == 0, seeded.stderr[-2000:]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with served(tmp_path_factory.mktemp("charts"), chosen={"charts": True}, prepare=seed) as application:
        yield application


def charts(tab: Page) -> Locator:
    """Return the charts, after each has been in view: none is loaded before."""
    headings = tab.get_by_role("main").get_by_role("heading", level=3)
    found = tab.locator("svg[role=group]")
    for index in range(6):
        headings.nth(index).or_(
            tab.get_by_role("main").locator(".mantine-Card-root").nth(index)
        ).first.scroll_into_view_if_needed()
        expect(found.nth(index)).to_be_visible()
    return found


@pytest.mark.parametrize("tab", [{}, {**PHONE, **INDONESIAN}], indirect=True, ids=["desktop", "phone"])
def test_home_has_charts(tab: Page, school: Application) -> None:
    tab.goto(school.url)
    assert charts(tab).count() == 6
    titles = TITLES[tab.evaluate("navigator.language")]
    assert tab.get_by_role("main").get_by_role("heading", level=3).all_inner_texts() == titles
    assert grave_findings_in_both_modes(tab) == []
    for button in tab.get_by_role("button", name=re.compile("Show the table|Tampilkan tabel")).all():
        button.click()
    expect(tab.get_by_role("table")).to_have_count(6)
    assert grave_findings_in_both_modes(tab) == []
    width = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0


def test_a_bar_leads_to_the_list_of_its_rows(tab: Page, school: Application) -> None:
    for title in TITLES["en-GB"]:
        tab.goto(school.url)
        charts(tab)
        bar = tab.get_by_role("group", name=f"{title}: chart").get_by_role("link").last
        found = re.search(r": (\d+) ", bar.get_attribute("aria-label") or "")
        assert found is not None
        bar.click()
        expect(tab).to_have_url(re.compile(r"/(students|attendance|fee_payments)\?"))
        expect(tab.get_by_role("group", name="Filters")).to_be_visible()
        rows = tab.get_by_role("table").locator("tbody").get_by_role("row")
        expect(rows).to_have_count(int(found[1]))
        tab.go_back()
        expect(tab.get_by_role("heading", name="At a glance")).to_be_visible()


def test_bars_are_reached_by_keyboard(tab: Page, school: Application) -> None:
    tab.goto(school.url)
    charts(tab)
    links = tab.get_by_role("group", name="Students by status: chart").get_by_role("link")
    tab.get_by_role("button", name="Show the table of Students by status").focus()
    tab.keyboard.press("Tab")
    expect(links.last).to_be_focused()
    tab.keyboard.press("Home")
    expect(links.first).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile(r"/students\?status__eq="))


def test_the_first_load_stays_small(school: Application) -> None:
    files = first_files(school.folder / "frontend")
    assert len(files) <= MOST_FIRST_FILES
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= MOST_FIRST_LOAD
    assert not [file for file in files if "chart" in file.name]
