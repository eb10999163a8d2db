"""Whether everybody can use the generated application: axe looks at every table's pages, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.frontend_packages import packages
from tests.integration.frontend_browser import DARK, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.frontend_pages import TablePages
    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

GRAVE = {"serious", "critical"}
RUN_AXE = "axe.run(document, {resultTypes: ['violations']})"


def grave_findings(tab: Page) -> list[str]:
    """Return what axe finds wrong with the page as it is, where that shuts somebody out."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate((packages() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = tab.evaluate(RUN_AXE)
    grave = [violation for violation in found["violations"] if violation["impact"] in GRAVE]
    return [f"{tab.url} {wrong['id']}: {node['html'][:200]}" for wrong in grave for node in wrong["nodes"]]


# Every table in one mode, by turns; students in both.
MODES = [
    pytest.param(mode, name, id=f"{name}-{'dark' if mode else 'light'}")
    for number, name in enumerate(TABLES)
    for mode in ({}, DARK)
    if name == "students" or bool(mode) == bool(number % 2)
]


@pytest.mark.parametrize(("tab", "name"), MODES, indirect=["tab"])
def test_a_tables_pages_shut_nobody_out(name: str, pages: Callable[[str], TablePages]) -> None:
    table = pages(name)
    row = table.app.make(name)
    key = ",".join(str(row[part]) for part in table.app.cases[name]["key"])
    table.open_list()
    expect(table.row_link(key)).to_be_visible()
    found = grave_findings(table.tab)
    table.row_link(key).click()
    expect(table.tab.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    expect(table.tab.get_by_role("heading", level=1)).not_to_have_text("…")
    found += grave_findings(table.tab)
    table.tab.goto(f"{table.url}/new")
    table.save()
    expect(table.tab.get_by_role("alert").first).to_be_visible()
    found += grave_findings(table.tab)
    assert found == []


@pytest.mark.parametrize("tab", [{}, DARK], indirect=True, ids=["light", "dark"])
def test_home_shuts_nobody_out(tab: Page, application: Application) -> None:
    tab.goto(application.url)
    expect(tab.get_by_role("main").get_by_text("rows").first).to_be_visible()
    found = grave_findings(tab)
    tab.goto(f"{application.url}/nothing")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert found + grave_findings(tab) == []
