"""Pictures of the school's application for the documentation, small and of the same size each time.

python -m tests.integration.frontend_screens FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import chromium
from tests.integration.backend import run
from tests.integration.frontend_server import served

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
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary)) as application:
        database = f"sqlite:///{application.folder / 'school.db'}"
        filled = run(application.folder / "backend", "-m", "app.seed", "--locale", "id_ID", DATABASE_URL=database)
        assert filled.returncode == 0, filled.stderr
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for name, path, size, mode in PICTURES:
                person = {**size, "color_scheme": mode, "locale": "en-GB", "reduced_motion": "reduce"}
                context = browser.new_context(**person)
                tab = context.new_page()
                tab.goto(application.url + path)
                _settle(tab)
                tab.screenshot(path=folder / f"{name}.png")
                context.close()
            browser.close()


def _settle(tab: Page) -> None:
    """Wait until everything requested has loaded."""
    tab.wait_for_load_state("networkidle")
    expect(tab.get_by_role("status", name="Loading")).to_have_count(0)
    expect(tab.get_by_role("heading", level=1)).not_to_have_text("…")


if __name__ == "__main__":
    main()
