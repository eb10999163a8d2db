"""The school's application in a real browser, as its staff would use it: every table, from an empty form to a deletion.

Chromium is found by `tests.chromium`. Without one these tests are skipped, but under CI=true they fail.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from runner.agents.frontend.page_context import page_variables
from runner.naming import names_of
from tests.chromium import NoChromiumError, chromium
from tests.integration.backend import read_schema
from tests.integration.frontend_pages import TablePages
from tests.integration.frontend_server import Application, Row, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHOOL = read_schema()
TABLES = {names_of(SCHOOL).tables[table.name].module: table for table in SCHOOL.tables}
PATIENCE_MS = 10_000
REFUSED = re.compile("status of 4(04|09|12|22)")  # the browser notes what a server refuses; the application handles it

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with served(tmp_path_factory.mktemp("application")) as application:
        yield application


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        program = chromium()
    except NoChromiumError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    only_here = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", only_here])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """Give a tab of a person in Jakarta; whatever goes wrong inside the page fails the test."""
    context = browser.new_context(
        locale="en-GB", timezone_id="Asia/Jakarta", color_scheme="light", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MS)
    troubles: list[str] = []
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    yield context.new_page()
    context.close()
    assert [trouble for trouble in troubles if not REFUSED.search(trouble)] == []


@pytest.fixture
def pages(tab: Page, application: Application) -> Callable[[str], TablePages]:
    return lambda name: TablePages(tab, application, page_variables(SCHOOL, TABLES[name])["page"])


@pytest.mark.parametrize("name", TABLES)
def test_a_row_lives_from_form_to_deletion(name: str, pages: Callable[[str], TablePages]) -> None:
    table = pages(name)
    row = table.app.body(name)
    table.open_list()
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
    expect(table.tab.get_by_role("heading", level=1)).to_have_text(f"{table.table.names.label} not found")


def changed(table: TablePages, row: Row) -> tuple[str, Any]:
    """Return a field that can be changed and another value for it: a free text where there is one, else a choice."""
    case = table.app.cases[table.table.module]
    free = [field for field in case["changes"] if field in row and field not in table.references]
    other = case["bodies"][-1]
    for field in free:
        if table.column(field).type.category == "text" and [field] not in case["unique"] and other[field] != row[field]:
            return field, other[field]
    for field in free:
        choices = table.column(field).type.values
        if choices:
            return field, next(choice for choice in choices if choice != row[field])
    raise AssertionError(f"nothing to change in {table.table.module}")
