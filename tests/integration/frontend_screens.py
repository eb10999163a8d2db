"""Pictures of the school's application for the documentation, as its plan generates it: small, always of one size.

python -m tests.integration.frontend_screens FOLDER
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, expect, sync_playwright

from runner.command.plan_jobs import prepare_plan
from tests.chromium import chromium
from tests.integration.backend import run
from tests.integration.command import ROOT
from tests.integration.frontend_server import served

LIMIT_S = 60.0
QUIET_TURNS = 5  # turns of the page without a request after which it has loaded
PLAN = ROOT / "plans" / "school.yaml"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1120, "height": 700}}
PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 700}}
PICTURES = (
    ("home-light", "/", DESKTOP, "light"),
    ("list-light", "/students", DESKTOP, "light"),
    ("list-dark", "/fee_payments", DESKTOP, "dark"),
    ("form-light", "/students/1/edit", DESKTOP, "light"),
    ("detail-dark", "/students/1", DESKTOP, "dark"),
    ("list-phone", "/students", PHONE, "light"),
)


def main() -> None:
    """Make the pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as temporary,
        served(Path(temporary), chosen=_options(Path(temporary, "state"))) as application,
    ):
        database = f"sqlite:///{application.folder / 'school.db'}"
        filled = run(application.folder / "backend", "-m", "app.seed", "--locale", "id_ID", DATABASE_URL=database)
        assert filled.returncode == 0, filled.stderr
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for name, path, size, mode in PICTURES:
                person = {**size, "color_scheme": mode, "locale": "en-GB", "reduced_motion": "reduce"}
                context = browser.new_context(**person)
                tab = context.new_page()
                under_way = _requests(tab)
                tab.goto(application.url + path)
                _settle(tab, under_way)
                if path == "/":
                    _show_charts(tab)
                    _settle(tab, under_way)
                expect(tab.get_by_role("status", name="Loading")).to_have_count(0)
                expect(tab.get_by_role("heading", level=1)).not_to_have_text("…")
                tab.screenshot(path=folder / f"{name}.png")
                context.close()
            browser.close()


def _options(state: Path) -> dict[str, Any]:
    """Return the options of the plan, those of all its tasks."""
    _, _, jobs = prepare_plan(PLAN, state, refresh=False)
    return {name: value for job in jobs for name, value in job.spec.input.options.items()}


def _requests(tab: Page) -> set[Request]:
    """Return the requests of a page that are under way, kept up to date."""
    under_way: set[Request] = set()

    def begun(request: Request) -> None:
        under_way.add(request)

    def ended(request: Request) -> None:
        under_way.discard(request)

    tab.on("request", begun)
    tab.on("requestfinished", ended)
    tab.on("requestfailed", ended)
    return under_way


def _settle(tab: Page, under_way: set[Request]) -> None:
    """Wait until everything has loaded: also what is asked for once something else is shown, as names of references."""
    end, quiet = time.monotonic() + LIMIT_S, 0
    while quiet < QUIET_TURNS:
        assert time.monotonic() < end, f"{tab.url} does not come to rest"
        tab.evaluate("new Promise((done) => requestIdleCallback(done))")
        quiet = 0 if under_way else quiet + 1


def _show_charts(tab: Page) -> None:
    """Bring each chart into view, since none is loaded before, then the top of the page."""
    charts = tab.locator("section").filter(has=tab.get_by_role("heading", name="At a glance"))
    expect(charts).to_be_visible()
    for card in charts.locator(".mantine-Card-root").all():
        card.scroll_into_view_if_needed()
        expect(card.locator("svg[role=group]")).to_be_visible()
    tab.evaluate("scrollTo(0, 0)")


if __name__ == "__main__":
    main()
