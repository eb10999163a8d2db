"""Applications of real schemas in a browser: a login, and the work that people do in them.

Neither schema has a table of accounts, so the application brings its own. The schemas are not part of the project:
without the corpus the tests are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from runner.generation.model.application import Application
from runner.generation.react.page_view import PageView
from tests.corpus import CORPUS, needs_corpus
from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.backend import PASSWORD, add_account
from tests.integration.frontend_pages import TablePages, lower_first
from tests.integration.frontend_server import Application as RunningApplication
from tests.integration.frontend_server import served
from tests.integration.test_backend_corpus import corpus_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.frontend_server import Row

pytest_plugins = ["tests.integration.frontend_browser"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """The tables of a schema that stand for a kind of work, each with the field by which people know a row.

    `found` are rows that are searched by the name of a row that they refer to. `parent` has rows that are linked with
    `others` by `links`. `owner` has `children`. `imported` are the rows of a file.
    """

    found: str
    found_by: tuple[str, str]
    parent: str
    links: str
    others: tuple[str, str]
    owner: str
    children: tuple[str, str]
    imported: tuple[str, str]


WORKS: Mapping[str, Work] = {
    "pagila": Work(
        found="city",
        found_by=("country", "country"),
        parent="film",
        links="film_actor",
        others=("actor", "last_name"),
        owner="country",
        children=("city", "city"),
        imported=("category", "name"),
    ),
    "chinook_pg": Work(
        found="album",
        found_by=("artist", "name"),
        parent="playlist",
        links="playlist_track",
        others=("track", "name"),
        owner="artist",
        children=("album", "title"),
        imported=("genre", "name"),
    ),
}


def prepare(backend: Path, environment: Mapping[str, str]) -> None:
    """Add an account to the table of the application's own."""
    add_account(backend, "sari", "admin", **environment)


@dataclass(frozen=True)
class Site:
    """A served application of a real schema and the work that is done in it."""

    app: RunningApplication
    work: Work
    views: Mapping[str, PageView]

    def make(self, table: str, **chosen: object) -> Row:
        return self.app.make(table, **chosen)

    def key(self, table: str, row: Row) -> str:
        return ",".join(str(row[part]) for part in self.app.cases[table]["key"])

    def reference(self, table: str, target: str) -> tuple[str, str]:
        """Return the field by which a table refers to another, and the field to which it refers."""
        found = next(one for one in self.app.cases[table]["references"] if one["module"] == target)
        return found["fields"][0], found["targets"][0]

    def referring(self, table: str, target: str, row: Row) -> dict[str, object]:
        field, key = self.reference(table, target)
        return {field: row[key]}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=needs_corpus) for name in WORKS])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    schema = corpus_schema(CORPUS / "expected" / "postgres" / f"{request.param}.json")
    views = {table.module: PageView(table=table) for table in Application(schema).tables}
    options = {"auth": "session", "title": request.param}
    with served(tmp_path_factory.mktemp(request.param), schema, chosen=options, prepare=prepare) as app:
        answer = app.api.post("/api/session", json={"login": "sari", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield Site(app, WORKS[request.param], views)


@pytest.fixture
def pages(tab: Page, site: Site) -> Callable[[str], TablePages]:
    """Provide the pages of a table, to somebody who has logged in on the first page."""
    tab.goto(site.app.url)
    tab.get_by_label("Login").fill("sari")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    found = grave_findings_in_both_modes(tab)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Log out")).to_be_visible()
    assert found == []
    return lambda name: TablePages(tab, site.app, site.views[name])


def test_rows_are_found_by_the_name_of_what_they_refer_to(site: Site, pages: Callable[[str], TablePages]) -> None:
    target, label = site.work.found_by
    wanted, other = (site.make(target, **{label: f"Zulaikha Number{at}"}) for at in range(2))
    rows = [site.make(site.work.found, **site.referring(site.work.found, target, row)) for row in (wanted, other)]
    table = pages(site.work.found)
    table.open_list()
    table.search_box.fill("number0 zulaikha")
    expect(table.tab.get_by_role("main").get_by_role("status").first).to_have_text("1 row")
    expect(table.row_link(site.key(site.work.found, rows[0]))).to_be_visible()
    assert grave_findings_in_both_modes(table.tab) == []
    with table.tab.expect_download() as saved:
        table.tab.get_by_role("button", name="Export").click()
        table.tab.get_by_role("menuitem", name="Shown columns as CSV").click()
    text = saved.value.path().read_text("utf-8-sig")
    assert "Zulaikha Number0" in text
    assert "Zulaikha Number1" not in text


def test_several_are_linked_at_once(site: Site, pages: Callable[[str], TablePages]) -> None:
    work = site.work
    parent = site.make(work.parent)
    others, label = work.others
    linked = [site.make(others, **{label: f"Bakung {at}"}) for at in range(3)]
    shown = pages(work.parent)
    tab = shown.tab
    tab.goto(f"{shown.url}/{site.key(work.parent, parent)}")
    tab.get_by_role("tab", name=site.views[work.links].table.label, exact=True).click()
    form = tab.get_by_role("form", name="Add several")
    form.get_by_role("searchbox").fill("Bakung")
    for at in range(3):
        form.get_by_role("checkbox", name=f"Bakung {at}").click()
    assert grave_findings_in_both_modes(tab) == []
    form.get_by_role("button", name="Add 3").click()
    expect(tab.get_by_text("3 rows")).to_be_visible()
    path, (field, key) = site.app.cases[work.links]["path"], site.reference(work.links, others)
    chosen = site.referring(work.links, work.parent, parent)
    stored = site.app.api.get(path, params={f"{name}__eq": str(value) for name, value in chosen.items()}).json()
    assert {row[field] for row in stored["items"]} == {row[key] for row in linked}


def test_children_are_edited_in_a_grid(site: Site, pages: Callable[[str], TablePages]) -> None:
    work = site.work
    children, label = work.children
    owner = site.make(work.owner)
    child = site.make(children, **{label: "Melati"}, **site.referring(children, work.owner, owner))
    shown = pages(work.owner)
    tab, view = shown.tab, site.views[children]
    tab.goto(f"{shown.url}/{site.key(work.owner, owner)}")
    tab.get_by_role("tab", name=view.table.label, exact=True).click()
    tab.get_by_role("button", name="Edit as grid").click()
    grid = tab.get_by_role("table", name="Grid of")
    named = view.fields[label]["label"]
    grid.get_by_label(f"{named}, row 1", exact=True).fill("Cempaka")
    new = site.app.body(children, **{label: "Teratai"}, **site.referring(children, work.owner, owner))
    for field in site.app.cases[children]["key"]:
        if field in new:
            grid.get_by_label(f"{view.fields[field]['label']}, row 2", exact=True).fill(str(new[field]))
    grid.get_by_label(f"{named}, row 2", exact=True).fill("Teratai")
    assert grave_findings_in_both_modes(tab) == []
    tab.get_by_role("button", name="Save 2").click()
    expect(grid).to_be_hidden()
    path = site.app.cases[children]["path"]
    assert site.app.api.get(f"{path}/{site.key(children, child)}").json()[label] == "Cempaka"
    assert site.app.find(children, {label: "Teratai"})


def test_a_file_is_imported_and_a_deletion_is_undone(site: Site, pages: Callable[[str], TablePages]) -> None:
    table, label = site.work.imported
    rows = [site.app.body(table, **{label: f"Impor {at}"}) for at in range(3)]
    columns = [name for name in rows[0] if isinstance(rows[0][name], str | int)]
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in rows)]
    shown = pages(table)
    tab = shown.tab
    site.make(table)
    shown.open_list()
    tab.get_by_role("button", name="Import from a file").click()
    dialog = tab.get_by_role("dialog")
    with tab.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="CSV or XLSX file").click()
    content = "\n".join(lines).encode()
    chooser.value.set_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": content})
    expect(dialog.get_by_text("3 rows checked: nothing is wrong")).to_be_visible()
    assert grave_findings_in_both_modes(tab) == []
    dialog.get_by_role("button", name="Import 3").click()
    expect(tab.get_by_text(f"3 {lower_first(shown.table.label)} imported")).to_be_visible()
    stored = site.app.find(table, {label: "Impor 1"})

    tab.goto(f"{shown.url}/{site.key(table, stored)}")
    tab.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("button", name="Undo")).to_be_hidden()
    assert site.app.find(table, {label: "Impor 1"}) == stored


def test_a_deletion_that_the_database_refuses_is_not_offered(site: Site, pages: Callable[[str], TablePages]) -> None:
    target, label = site.work.found_by
    row = site.make(target, **{label: "Kenanga"})
    site.make(site.work.found, **site.referring(site.work.found, target, row))
    shown = pages(target)
    shown.tab.goto(f"{shown.url}/{site.key(target, row)}")
    shown.tab.get_by_role("button", name="Delete", exact=True).click()
    question = shown.tab.get_by_role("dialog")
    expect(question.get_by_role("listitem").first).to_contain_text(
        f"1 {lower_first(site.views[site.work.found].table.names.label)}"
    )
    expect(question.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    assert grave_findings_in_both_modes(shown.tab) == []


def test_a_change_is_in_the_history_of_its_row(site: Site, pages: Callable[[str], TablePages]) -> None:
    table, label = site.work.imported
    row = site.make(table, **{label: "Riwayat"})
    shown = pages(table)
    shown.tab.goto(f"{shown.url}/{site.key(table, row)}/edit")
    shown.input(shown.label(label)).fill("Riwayat baru")
    shown.save()
    shown.tab.get_by_role("tab", name="History").click()
    expect(shown.tab.get_by_text("Changed by sari")).to_be_visible()
    expect(shown.tab.get_by_role("cell", name="Riwayat baru")).to_be_visible()
    assert grave_findings_in_both_modes(shown.tab) == []
