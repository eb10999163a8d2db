"""The school's application, served, and a browser to use it in: fixtures of the browser tests.

    pytest_plugins = ["tests.integration.frontend_browser"]

Chromium is found by `tests.chromium`. Without one the tests are skipped, but under CI=true they fail.
PYTEST_DONT_REWRITE: it may be imported for its names before pytest loads it as a plugin.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from runner.generation.model.application import Application
from runner.generation.model.given_labels import GivenLabels
from runner.generation.react.page_view import PageView
from tests.chromium import NoChromiumError, chromium
from tests.generated_backend import read_schema, school_labels
from tests.integration.frontend_pages import TablePages
from tests.integration.frontend_server import Application as RunningApplication
from tests.integration.frontend_server import served
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCHOOL = read_schema()
TABLES = {table.module: table for table in Application(SCHOOL).tables}
WRITTEN = {name: table for name, table in TABLES.items() if not table.is_view}
PATIENCE_MS = 30_000
REFUSED = re.compile("status of 4(00|01|04|09|12|22)")  # the browser logs error responses; the application handles them
PERSON: Mapping[str, Any] = {
    "locale": "en-GB",
    "timezone_id": "Asia/Jakarta",
    "color_scheme": "light",
    "viewport": {"width": 1280, "height": 900},
}
DARK: Mapping[str, Any] = {"color_scheme": "dark"}
PHONE: Mapping[str, Any] = {"viewport": {"width": 375, "height": 812}, "has_touch": True}

expect.set_options(timeout=PATIENCE_MS)


@cache
def school_page(table: str) -> PageView:
    """Return the pages of one of the school's tables, with the labels that its plan gives."""
    return PageView(table=TABLES[table], labels=GivenLabels(school_labels()))


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApplication]:
    with served(tmp_path_factory.mktemp("application")) as application:
        yield application


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        program = chromium()
    except NoChromiumError as error:
        missing(str(error))
    only_here = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", only_here])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a tab of a user in Jakarta; any error inside the page fails the test."""
    settings = {**PERSON, **getattr(request, "param", {})}
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    troubles: list[str] = []
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    yield context.new_page()
    context.close()
    assert [trouble for trouble in troubles if not REFUSED.search(trouble)] == []


@pytest.fixture
def pages(tab: Page, application: RunningApplication) -> Callable[[str], TablePages]:
    return lambda name: TablePages(tab, application, school_page(name))
