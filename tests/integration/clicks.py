"""Counting the clicks of a task in a browser: presses of the mouse, whatever they hit; the keyboard counts nothing."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

_COUNT = "addEventListener('pointerdown', () => { window.presses = (window.presses ?? 0) + 1 }, true)"


@dataclass(frozen=True, kw_only=True)
class Clicks:
    """The clicks on the current page of a tab; a page that is loaded again starts at 0."""

    tab: Page

    @classmethod
    def of(cls, tab: Page) -> Clicks:
        """Count the clicks of all pages that the tab loads from now on."""
        tab.add_init_script(_COUNT)
        return cls(tab=tab)

    @property
    def count(self) -> int:
        """The number of presses so far."""
        return int(self.tab.evaluate("window.presses ?? 0"))
