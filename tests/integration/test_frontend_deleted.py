"""Deleted rows in a real browser, of an application with soft deletion: they are listed by a switch, and restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.frontend_browser import PHONE
from tests.integration.frontend_server import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.frontend_server import Application

pytest_plugins = ["tests.integration.frontend_browser"]

SQL = """
CREATE TABLE clubs (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, deleted_at timestamptz
);
CREATE TABLE tags (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text NOT NULL);
"""


@pytest.fixture(scope="module")
def clubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("clubs")
    sql = folder / "clubs.sql"
    sql.write_text(SQL)
    with served(folder, sql, chosen={"soft_delete": "deleted_at"}) as application:
        yield application


@pytest.mark.parametrize("tab", [{}, PHONE], indirect=True, ids=["desktop", "phone"])
def test_deleted_rows_are_listed_and_restored(tab: Page, clubs: Application) -> None:
    mark = tab.evaluate("window.innerWidth")  # the database is that of both screens
    chess, choir = f"Chess {mark}", f"Choir {mark}"
    kept, lost = clubs.make("clubs", name=chess), clubs.make("clubs", name=choir)
    assert clubs.api.delete(f"{clubs.cases['clubs']['path']}/{lost['id']}").status_code == 204
    tab.goto(f"{clubs.url}/clubs?size=100")
    table = tab.get_by_role("table")
    expect(table.locator(f'a[href="/clubs/{kept["id"]}"]')).to_be_visible()
    expect(table.get_by_text(choir)).to_have_count(0)
    expect(tab.get_by_role("columnheader", name="Deleted at")).to_have_count(0)

    tab.get_by_role("switch", name="Show deleted").check(force=True)
    row = tab.get_by_role("row").filter(has_text=choir)
    expect(row).to_be_visible()
    expect(tab.get_by_role("columnheader", name="Deleted at")).to_be_visible()
    expect(table.get_by_text(chess)).to_have_count(0)
    expect(row.get_by_role("link")).to_have_count(0)
    assert grave_findings_in_both_modes(tab) == []
    width = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0

    tab.reload()
    row.get_by_role("checkbox").check()
    expect(tab.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
    tab.get_by_role("button", name="Restore", exact=True).click()
    expect(tab.get_by_text("No clubs are deleted")).to_be_visible()
    tab.get_by_role("switch", name="Show deleted").uncheck(force=True)
    expect(table.locator(f'a[href="/clubs/{lost["id"]}"]')).to_be_visible()


def test_the_time_of_a_deletion_is_not_entered_and_other_tables_have_no_switch(tab: Page, clubs: Application) -> None:
    clubs.make("tags", word="Music")
    tab.goto(f"{clubs.url}/clubs/new")
    expect(tab.get_by_label("Name")).to_be_visible()
    expect(tab.get_by_label("Deleted at")).to_have_count(0)
    tab.goto(f"{clubs.url}/tags")
    expect(tab.get_by_role("table")).to_be_visible()
    expect(tab.get_by_role("switch", name="Show deleted")).to_have_count(0)
