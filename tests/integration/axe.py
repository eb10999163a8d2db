"""Accessibility of a page in a browser, as axe judges it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.frontend_packages import packages

GRAVE = {"serious", "critical"}
RUN_AXE = "rules => axe.run(document, {resultTypes: ['violations'], ...(rules && {runOnly: rules})})"
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # axe's rules of the tag cat.color: all that a mode can affect
COME_TO_REST = """async () => {
  const ending = (animation) => Number.isFinite(animation.effect.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ending).map((animation) => animation.finished));
}"""


def grave_findings(tab: Page, rules: list[str] | None = None) -> list[str]:
    """Return the serious and critical accessibility violations that axe finds on the current page."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate((packages() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    tab.evaluate(COME_TO_REST)
    found: dict[str, Any] = tab.evaluate(RUN_AXE, rules)
    grave = [violation for violation in found["violations"] if violation["impact"] in GRAVE]
    return [f"{tab.url} {wrong['id']}: {node['html'][:200]}" for wrong in grave for node in wrong["nodes"]]


def grave_findings_in_both_modes(tab: Page) -> list[str]:
    """Check the page in light and dark mode; it is left in light mode."""
    found = grave_findings(tab)
    for other in ("dark", "light"):
        # Not through the button: a click would close open overlays.
        tab.emulate_media(color_scheme=other)
        expect(tab.locator("html")).to_have_attribute("data-mantine-color-scheme", other)
        found += grave_findings(tab, OF_COLOURS) if other == "dark" else []
    return found
