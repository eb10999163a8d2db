"""A table's pages in a browser, used as a person does: through labels, buttons and links, not through the code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from runner.generation.react.page_view import PageView
from tests.integration.frontend_server import Application

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Locator

    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field
    from runner.generation.model.given_labels import GivenText
    from runner.generation.model.references import Reference
    from tests.integration.frontend_server import Row

NUMBERS = frozenset({"integer", "number", "decimal"})
NOTHING_IS_CALLED_SO = "qqzzxx"


@dataclass(frozen=True)
class TablePages:
    """The pages of one table in a tab of a browser."""

    tab: Page
    app: Application
    shown: PageView

    @property
    def table(self) -> ApplicationTable:
        return self.shown.table

    @property
    def url(self) -> str:
        return f"{self.app.url}/{self.table.module}"

    @property
    def path(self) -> str:
        return str(self.app.cases[self.table.module]["path"])

    @property
    def rows_label(self) -> str:
        """What the table's rows are called."""
        return in_english(self.shown.nav["label"])

    @property
    def row_label(self) -> str:
        """What one row is called."""
        return in_english(self.shown.nav["labelSingular"])

    def label(self, field: str) -> str:
        return in_english(self.shown.fields[field]["label"])

    def choice(self, field: str, value: str) -> str:
        """Return a choice as people read it: as the plan labels it, or as follows from its name."""
        given = self.shown.fields[field].get("values", {}).get(value, {})
        return in_english(given, derived=choice_label(value))

    def column(self, field: str) -> Field:
        return next(found for found in self.table.fields.values() if found.name == field)

    @cached_property
    def references(self) -> Mapping[str, Reference]:
        return {reference.fields[0]: reference for reference in self.table.references if len(reference.fields) == 1}

    # ------------------------------------------------------------------------------------------------- list

    @property
    def newest(self) -> str:
        """The search of a list that begins with the rows that were added last, however many other tests have added."""
        return f"?size=100&sort=-{self.app.cases[self.table.module]['key'][0]}"

    def open_list(self, search: str = "?size=100") -> None:
        self.tab.goto(self.url + search)
        self.see_list()

    def see_list(self) -> None:
        expect(self.tab.get_by_role("heading", level=1)).to_have_text(self.rows_label)
        expect(self.tab.get_by_role("table")).to_be_visible()

    def row_link(self, key: str) -> Locator:
        return self.tab.get_by_role("table").locator(f'a[href="/{self.table.module}/{key}"]').first

    @property
    def search_box(self) -> Locator:
        return self.tab.get_by_role("searchbox", name=f"Search {lower_first(self.rows_label)}", exact=True)

    def find(self, row: Row, key: str) -> None:
        """Find a row by one of its texts, or by a filter if it has none; no other row is found."""
        text = self.telling_text(row)
        if self.search_box.count():
            self.search_box.fill(NOTHING_IS_CALLED_SO)
            expect(self.tab.get_by_text(re.compile("^No .* match$"))).to_be_visible()
            self.search_box.fill(text)
        if not text:  # it is found by the labels of other rows
            self.filter_by(self.telling_field(row), row)
        expect(self.row_link(key)).to_be_visible()

    def telling_text(self, row: Row) -> str:
        """Return a text of a row that few others have; an empty one if it has no text of its own."""
        texts: list[str] = [row[field.name] for field in self.table.fields.values() if self.is_searched(field, row)]
        return max(texts, key=lambda text: (bool(re.search(r"\d", text)), len(text)), default="")

    def is_searched(self, field: Field, row: Row) -> bool:
        free = field.type.kind == "text" and isinstance(row.get(field.name), str)
        return free and bool(row[field.name]) and "secret" not in self.shown.fields[field.name].values()

    def telling_field(self, row: Row) -> str:
        """Return a field that the list shows and can be filtered by."""
        return next(field for field in self.shown.columns if row[field] is not None)

    def filter_by(self, field: str, row: Row) -> None:
        """Filter the list to rows with a row's value in a field."""
        label, view = self.label(field), self.column(field)
        self.tab.get_by_role("button", name=f"Filter {label}", exact=True).click()
        form = self.tab.get_by_role("dialog")
        if field in self.references:
            self.choose_reference(form.get_by_role("combobox", name=f"{label} is"), self.references[field], row)
        elif view.type.values or view.bounds.choices:
            form.get_by_role("checkbox", name=self.choice(field, row[field]), exact=True).check()
        elif view.type.kind == "text":
            form.get_by_label(f"{label} contains").fill(row[field])
        else:
            for end in ("from", "to"):
                self.type_in(form.get_by_label(f"{label} {end}", exact=True), view, row[field])
        form.get_by_role("button", name="Apply").click()
        expect(form).to_be_hidden()

    # ------------------------------------------------------------------------------------------------- form

    def add(self, row: Row) -> str:
        """Enter a row into the form for new ones, save it, and return its key as it stands in URLs."""
        self.fill_new(row)
        self.save()
        self.arrive(lambda url: url.startswith(f"{self.url}/") and not url.endswith("/new"))
        expect(self.tab.get_by_role("link", name="Edit")).to_be_visible()
        return self.tab.url.removeprefix(f"{self.url}/").partition("?")[0]

    def fill_new(self, row: Row) -> None:
        """Open the form for new rows from the list, and enter a row."""
        self.tab.get_by_role("link", name=f"New {lower_first(self.row_label)}", exact=True).click()
        self.tab.wait_for_url(f"{self.url}/new")
        for field in row:
            self.enter(field, row)

    def input(self, label: str) -> Locator:
        return self.tab.get_by_role("main").get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))

    def arrive(self, at: str | Callable[[str], bool]) -> None:
        """Wait until the form has led to another page; if it does not, fail with its error text."""
        try:
            self.tab.wait_for_url(at)
        except PlaywrightTimeout:
            raise AssertionError(f"{self.tab.url} stays: {self.hindrances()}") from None

    def hindrances(self) -> list[str]:
        """Return why a form stays: its alerts, what is wrong at its fields, and whether it is still being saved."""
        main = self.tab.get_by_role("main")
        alerts = self.tab.get_by_role("alert").all_inner_texts()
        wrong = main.locator("[aria-invalid=true]").evaluate_all("them => them.map(it => `${it.name}: ${it.value}`)")
        saving = main.locator("button[data-loading]").all_inner_texts()
        return [*alerts, *(f"invalid {field}" for field in wrong), *(f"{text} is at work" for text in saving)]

    def save(self) -> None:
        self.tab.get_by_role("button", name="Save", exact=True).click()

    def enter(self, field: str, row: Row) -> None:
        """Enter a value in the way that its type requires."""
        view, box = self.column(field), self.input(self.label(field))
        category, value = view.type.kind, row[field]
        if field in self.references:
            self.choose_reference(box, self.references[field], row)
        elif category == "boolean" and not view.nullable:
            self.switch(box, on=value)
        elif category == "boolean":
            self.choose(box, "Yes" if value else "No")
        elif category == "array" and view.type.item and view.type.item.values:
            for item in value:
                self.choose(box, self.choice(field, item))
            box.press("Escape")
        elif category == "array":
            for item in value:
                box.fill(str(item))
                box.press("Enter")
        elif view.type.values or view.bounds.choices:
            self.choose(box, self.choice(field, value))
        elif category == "json":
            box.fill(json.dumps(value))
        else:
            self.type_in(box, view, value)

    def type_in(self, box: Locator, view: Field, value: Any) -> None:
        """Type a value and move to the next control, which closes a calendar."""
        box.fill(typed(view, value))
        box.press("Tab")

    def switch(self, box: Locator, *, on: bool) -> None:
        """Turn a switch on or off with the keyboard: a closing calendar may still cover it."""
        if box.is_checked() != on:
            box.press("Space")
        expect(box).to_be_checked(checked=on)

    def choose(self, box: Locator, label: str) -> None:
        box.press("ArrowDown")  # opens the choices
        self.tab.get_by_role("option", name=label, exact=True).click()

    def choose_reference(self, box: Locator, reference: Reference, row: Row) -> None:
        """Search for the referenced row by its name, and select it."""
        name = self.name_of(reference, row)
        box.click()
        box.fill(name.split(" · ")[0])
        self.tab.get_by_role("option", name=name).first.click()
        expect(box).to_have_value(re.compile(re.escape(name)))

    def name_of(self, reference: Reference, row: Row) -> str:
        """Return the name of the referenced row: the heading of its own page, opened in another tab."""
        pairs = zip(reference.target_fields, reference.fields, strict=True)
        referred = self.app.find(reference.module, {target: row[field] for target, field in pairs})
        key = ",".join(str(referred[name]) for name in self.app.cases[reference.module]["key"])
        beside = self.tab.context.new_page()
        try:
            beside.goto(f"{self.app.url}/{reference.module}/{key}")
            expect(beside.get_by_role("button", name="Delete")).to_be_visible()
            heading = beside.get_by_role("heading", level=1)
            expect(heading).not_to_have_text("…")
            return heading.inner_text()
        finally:
            beside.close()

    # ----------------------------------------------------------------------------------------------- detail

    def value_of(self, field: str) -> Locator:
        term = self.tab.get_by_role("term").filter(has_text=re.compile(rf"^{re.escape(self.label(field))}$"))
        return term.locator("xpath=following-sibling::dd")

    def shown_as(self, field: str, value: Any) -> str:
        """Return how the page shows a text or a choice."""
        view = self.column(field)
        return self.choice(field, value) if view.type.values or view.bounds.choices else str(value)

    def delete(self) -> None:
        self.tab.get_by_role("button", name="Delete", exact=True).click()
        self.tab.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        self.arrive(lambda url: url.partition("?")[0] == self.url)
        self.see_list()


def typed(view: Field, value: Any) -> str:
    """Return what a British person types for a value of this type."""
    text = str(value)
    day = "/".join(reversed(text[:10].split("-")))
    if view.type.kind == "date":
        return day
    if view.type.kind in ("timestamp", "local_timestamp"):
        return f"{day} {text[11:].removesuffix('Z')}"
    return text


def in_english(given: GivenText, *, derived: str = "") -> str:
    """Return a text of the plan in English, or the derived one if it has none."""
    return given if isinstance(given, str) else given.get("en", derived)


def choice_label(value: str) -> str:
    """Return the label that follows from the name of a choice."""
    if re.search("[A-Z]", value) and "_" not in value:
        return value
    said = value.replace("_", " ").strip()
    return said[:1].upper() + said[1:]


def lower_first(text: str) -> str:
    """Return a label as it stands inside a sentence."""
    first = text.partition(" ")[0]
    return text if first.isupper() and len(first) > 1 else text[:1].lower() + text[1:]
