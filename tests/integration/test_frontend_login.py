"""Logging in to a generated application in a browser: the form, what a role is shown, the history, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.axe import grave_findings_in_both_modes
from tests.integration.backend import serving
from tests.integration.frontend import frontend_files, node_tool, write_files
from tests.integration.frontend_server import serving_frontend
from tests.integration.test_backend_access import DDL, PASSWORD, PERMISSIONS, ROLES, ROWS
from tests.integration.test_backend_access import Application as Backend

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.integration.frontend_browser"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = tmp_path_factory.mktemp("login")
    ddl = workspace / "login.sql"
    ddl.write_text(DDL, encoding="utf-8")
    schema, options = read_schema(ddl), {"title": "Academy", "auth": "session"}
    folder = write_backend(backend_files(schema, options=options), workspace)
    (folder / "app" / "own" / "permissions.py").write_text(PERMISSIONS, encoding="utf-8")
    frontend = write_files(frontend_files(schema, options=options), workspace)
    built = node_tool(frontend, "vite", "build")
    assert built.returncode == 0, built.stderr[-2000:]
    url = f"sqlite:///{workspace / 'x.db'}"
    with serving(folder, url) as server, Backend(server.url, folder, url) as backend:
        assert backend.command("add", "root", "--role", "admin").returncode == 0
        root = backend.client("root")
        for table, rows in ROWS.items():
            assert root.post(f"/{table}/bulk", json=rows).status_code == 201
        assert backend.command("add", "ann", "--role", ROLES["ann"], "--set", "teacher_id=1").returncode == 0
        with serving_frontend(frontend, server.url) as address:
            yield address


def log_in(tab: Page, login: str, password: str = PASSWORD) -> None:
    tab.get_by_label("Login").fill(login)
    tab.get_by_label("Password", exact=True).fill(password)
    tab.get_by_role("button", name="Log in").click()


def test_a_teacher_logs_in_and_sees_what_the_role_allows(tab: Page, site: str) -> None:
    tab.goto(f"{site}/students/1")
    expect(tab.get_by_role("heading", name="Academy")).to_be_visible()
    found = grave_findings_in_both_modes(tab)
    log_in(tab, "ann", "wrong")
    expect(tab.get_by_role("alert")).to_have_text("The login or the password is wrong.")
    found += grave_findings_in_both_modes(tab)
    log_in(tab, "ann")
    expect(tab.get_by_role("heading", name="Ada")).to_be_visible()  # the page that was asked for
    navigation = tab.get_by_role("navigation", name="Tables")
    expect(navigation.get_by_role("link", name="Marks")).to_be_visible()
    expect(navigation.get_by_role("link", name="Payments")).to_have_count(0)
    expect(tab.get_by_text("Diagnosis")).to_have_count(0)
    expect(tab.get_by_role("button", name="Delete")).to_have_count(0)
    tab.get_by_role("link", name="Edit").click()
    tab.get_by_label("Full name").fill("Ada L.")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("heading", name="Ada L.")).to_be_visible()
    tab.get_by_role("tab", name="History").click()
    expect(tab.get_by_text("Changed by ann")).to_be_visible()
    expect(tab.get_by_role("cell", name="Ada L.")).to_be_visible()
    found += grave_findings_in_both_modes(tab)
    tab.goto(f"{site}/students/2")
    expect(tab.get_by_role("heading", name="Student not found")).to_be_visible()
    expect(tab.get_by_text("ann", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_role("button", name="Log in")).to_be_visible()
    assert found == [], "\n".join(found)


def test_an_ended_session_keeps_what_was_entered(tab: Page, site: str) -> None:
    tab.goto(f"{site}/students/new")
    log_in(tab, "root")
    tab.get_by_label("Full name").fill("Gus")
    tab.context.clear_cookies()
    tab.get_by_label("ID").first.fill("90")
    tab.get_by_role("combobox", name="Class").click()
    expect(tab.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    assert grave_findings_in_both_modes(tab) == []
    tab.get_by_role("dialog").get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("dialog").get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.get_by_label("Full name")).to_have_value("Gus")
