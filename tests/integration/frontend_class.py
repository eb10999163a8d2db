"""A class of the school and its page in a browser, for tasks with many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.clicks import Clicks

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.integration.frontend_pages import TablePages
    from tests.integration.frontend_server import Row

# Pastes a text where the focus is
PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
}"""


class OneClass:
    """A class in a school of its own, with pupils and teachers, on its page in a browser."""

    def __init__(self, pages: Callable[[str], TablePages]) -> None:
        self.classes = pages("classes")
        self.tab, self.app = self.classes.tab, self.classes.app
        self.school = self.app.make("schools")["id"]
        self.row = self.app.make("classes", school_id=self.school, capacity=60, current_students=0)

    def pupils(self, number: int, name: str) -> list[Row]:
        """Make pupils of a name that no other test has: a search in the application that they share finds all."""
        names = [f"{name} {at:02}" for at in range(number)]
        return [self.app.make("students", school_id=self.school, full_name=full_name) for full_name in names]

    def enrol(self, pupils: list[Row]) -> None:
        bodies = [self.app.body("enrollments", **self.joined(pupil)) for pupil in pupils]
        self.app.api.post("/api/enrollments/bulk", json=bodies).raise_for_status()

    def joined(self, pupil: Row) -> Row:
        return {"student_id": pupil["id"], "class_id": self.row["id"], "status": "active", "roll_number": None}

    def open(self, tab: str) -> Clicks:
        """Open the page of the class and one of its tabs; all clicks from then on are counted, that on the tab too."""
        clicks = Clicks.of(self.tab)
        self.tab.goto(f"{self.classes.url}/{self.row['id']}")
        self.tab.get_by_role("tab", name=tab).click()
        return clicks

    def choices_in_place(self) -> Locator:
        """Return the check list that an opened tab without rows shows in place of them."""
        return self.tab.get_by_role("form", name="Add several")

    def add_several(self) -> Locator:
        self.tab.get_by_role("button", name="Add several").click()
        return self.tab.get_by_role("dialog")

    def edit_as_grid(self) -> Locator:
        self.tab.get_by_role("button", name="Edit as grid").click()
        return self.tab.get_by_role("table", name="Grid of")

    def children(self, table: str) -> list[Row]:
        path = self.app.cases[table]["path"]
        found: list[Row] = self.app.api.get(path, params={"class_id__eq": self.row["id"], "limit": 500}).json()["items"]
        return found
