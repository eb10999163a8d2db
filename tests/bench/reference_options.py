"""How long a browser takes to show the options of a reference after the last key press."""

from __future__ import annotations

import statistics
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.bench.__main__ import Row
from tests.chromium import chromium
from tests.generated_backend import read_schema
from tests.integration.frontend import frontend_files, node_tool, write_files
from tests.integration.frontend_server import serving_frontend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Page

# Sets `window.shown` to the milliseconds between the last key press and the first frame in which all options, of which
# there is at least one, contain the word.
OBSERVE = """
word => {
  let pressed = 0;
  window.shown = undefined;
  addEventListener("keydown", () => { pressed = performance.now(); }, true);
  const observer = new MutationObserver(() => {
    const field = document.activeElement;
    const list = document.getElementById(field.getAttribute("aria-controls"));
    const options = [...(list?.querySelectorAll('[role="option"]:not([data-combobox-disabled])') ?? [])];
    const found = options.filter(option => option.textContent.toLowerCase().includes(word));
    if (field.value === word && options.length > 0 && found.length === options.length) {
      observer.disconnect();
      requestAnimationFrame(() => { window.shown = performance.now() - pressed; });
    }
  });
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""
KEY_DELAY_MS = 120  # between key presses, of a fast typist


def rows_of_options(folder: Path, api: str, words: Sequence[str]) -> Iterator[Row]:
    """Measure each word in a new page of the built frontend, which is written to `folder`."""
    frontend = write_files(frontend_files(read_schema(), options={"title": "School"}), folder)
    built = node_tool(frontend, "vite", "build")
    if built.returncode:
        raise RuntimeError(built.stdout[-2000:] + built.stderr[-2000:])
    with serving_frontend(frontend, api) as url, _page() as page:
        for word in words:
            times = [_milliseconds(page, url, word) for _ in range(6)][1:]
            yield Row(
                what=f"in Chromium, from the last letter of {word} to its options",
                measured=f"{statistics.median(times):,.0f} ms ({min(times):,.0f} to {max(times):,.0f})",
                bound="≤ 300 ms",
            )


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def _milliseconds(page: Page, url: str, word: str) -> float:
    page.goto(f"{url}/attendance/new")
    field = page.get_by_role("combobox", name="Student")
    field.click()
    page.get_by_role("option").first.wait_for()
    page.evaluate(OBSERVE, word)
    field.press_sequentially(word, delay=KEY_DELAY_MS)
    shown: float = page.wait_for_function("window.shown").json_value()
    return shown
