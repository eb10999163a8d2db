"""How a person works a page: with a mouse, by touch, or by the keyboard alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

MOST_STEPS = 250  # presses of Tab from one control to the next
IS_FOCUSED = "control => control === document.activeElement"


@dataclass(frozen=True)
class Hands:
    """A person at a page. By the keyboard, a control is reached with Tab and pressed with a key, never clicked."""

    tab: Page
    by: Literal["pointer", "keyboard"]

    def press(self, control: Locator) -> None:
        """Press a button or link, or choose a tab."""
        if self.by == "pointer":
            control.click()
        elif control.get_attribute("role") == "tab":
            self._choose_tab(control)
        else:
            self._reach(control)
            self.tab.keyboard.press("Enter")

    def tick(self, box: Locator) -> None:
        """Tick a check box."""
        if self.by == "pointer":
            box.click()
        else:
            self._reach(box)
            self.tab.keyboard.press("Space")
        expect(box).to_be_checked()

    def focus(self, control: Locator) -> None:
        """Move to an input; a pointer does nothing where the page has done so."""
        if self.by == "keyboard":
            self._reach(control)
        elif not control.evaluate(IS_FOCUSED):
            control.click()

    def enter(self, control: Locator, text: str) -> None:
        """Type a text into an input in place of what it has."""
        self.focus(control)
        self.tab.keyboard.press("ControlOrMeta+a")
        self.tab.keyboard.type(text)

    def skip_to_content(self, link: str) -> None:
        """Go past the navigation of a page that was just loaded, by a link; a pointer needs no way past it."""
        if self.by == "keyboard":
            self.press(self.tab.get_by_role("link", name=link))

    def _reach(self, control: Locator) -> None:
        expect(control).to_be_visible()
        for _ in range(MOST_STEPS):
            if control.evaluate(IS_FOCUSED):
                return
            self.tab.keyboard.press("Tab")
        raise AssertionError(f"{control} is not reached with Tab")

    def _choose_tab(self, control: Locator) -> None:
        """Choose a tab of several, of which Tab reaches the chosen one and the arrow keys the others."""
        tabs = control.locator("xpath=ancestor::*[@role='tablist']").get_by_role("tab")
        self._reach(tabs.and_(self.tab.locator("[aria-selected=true]")))
        for _ in range(tabs.count()):
            if control.evaluate(IS_FOCUSED):
                self.tab.keyboard.press("Enter")
                return
            self.tab.keyboard.press("ArrowRight")
        raise AssertionError(f"{control} is not reached with the arrow keys")
