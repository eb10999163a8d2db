"""Takes the pictures of the board and of the report in `docs/`, during and after a real run of the school plan.

    python -m tests.integration.progress_screens docs

The run is stopped at a moment that shows all columns: the workers' processes are suspended while pictures are taken.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import chromium
from tests.integration.command import ROOT, environment
from tests.integration.test_web_board import board

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 812}, "color_scheme": "light"},
}
HALF_WAY = re.compile("^[2-6][0-9] of 7[0-9] sub-tasks")
SEVERAL = re.compile("^[3-9]$")
LIMIT = 120  # seconds


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with (
        tempfile.TemporaryDirectory(prefix="screens-") as place,
        sync_playwright() as playwright,
        contextlib.closing(playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])) as browser,
    ):
        project = Path(place, "school")
        shutil.copytree(ROOT / "plans", project / "plans")
        with board(project) as served:
            tabs = {name: tab(browser, name, served.address) for name in SCREENS}
            run = subprocess.Popen(
                [sys.executable, "-m", "runner", "plans/school.yaml", "-q", "--report", "report.html"],
                cwd=project, env=environment(),
            )  # fmt: skip
            for each in tabs.values():
                expect(each.locator("h1")).to_have_text("school", timeout=LIMIT * 1000)
            expect(tabs["light"].locator("#summary")).to_have_text(HALF_WAY, timeout=LIMIT * 1000)
            expect(tabs["light"].locator("#head-running span")).to_have_text(SEVERAL)
            with suspended(run.pid):
                for name, each in tabs.items():
                    expect(each.locator("#head-running span")).to_have_text(SEVERAL)
                    each.screenshot(path=folder / f"board-{name}.png")
            assert run.wait(LIMIT) == 0
        for name in SCREENS:
            tab(browser, name, (project / "report.html").as_uri()).screenshot(path=folder / f"report-{name}.png")


def tab(browser: Browser, name: str, address: str) -> Page:
    """Open an address as one of the screens shows it."""
    opened = browser.new_context(**SCREENS[name], locale="en-GB").new_page()
    opened.goto(address)
    return opened


@contextlib.contextmanager
def suspended(pid: int) -> Iterator[None]:
    """Suspend the processes that a process has started, and what they started."""
    processes = psutil.Process(pid).children(recursive=True)
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
