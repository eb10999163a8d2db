"""Logging in to a generated application with an identity provider, in a browser: one button, and back to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.axe import grave_findings, grave_findings_in_both_modes
from tests.integration.backend import free_port, run, serving
from tests.integration.frontend import frontend_files, node_tool, write_files
from tests.integration.frontend_server import serving_frontend
from tests.integration.oidc_provider import running_provider
from tests.integration.test_backend_oidc import DDL, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.integration.frontend_browser"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = tmp_path_factory.mktemp("oidc")
    ddl = workspace / "oidc.sql"
    ddl.write_text(DDL, encoding="utf-8")
    schema, options = read_schema(ddl), {"title": "Academy", "auth": "oidc"}
    folder = write_backend(backend_files(schema, options=options), workspace)
    frontend = write_files(frontend_files(schema, options=options), workspace)
    built = node_tool(frontend, "vite", "build")
    assert built.returncode == 0, built.stderr[-2000:]
    url = f"sqlite:///{workspace / 'x.db'}"
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running_provider() as provider:
        known = settings(provider.url, OIDC_NAME="School ID", OIDC_REDIRECT_URL=f"{address}/api/session/oidc/callback")
        with serving(folder, url, **known) as server:
            added = run(
                folder, "-m", "app.core.login", "add", "ann@school.example", "--role", "admin", DATABASE_URL=url
            )
            assert added.returncode == 0, added.stderr
            with serving_frontend(frontend, server.url, port) as shown:
                assert shown == address
                yield shown


def test_one_button_logs_in_and_returns_to_the_page(tab: Page, site: str) -> None:
    tab.goto(f"{site}/notes?q=first+note")
    button = tab.get_by_role("link", name="Log in with School ID")
    expect(button).to_be_visible()
    expect(tab.get_by_label("Password")).to_have_count(0)
    found = grave_findings_in_both_modes(tab)
    button.click()
    expect(tab.get_by_text("ann@school.example")).to_be_visible()
    expect(tab).to_have_url(f"{site}/notes?q=first+note")
    tab.get_by_role("button", name="Log out").click()
    expect(button).to_be_visible()  # the provider has sent the browser back
    expect(tab).to_have_url(f"{site}/")
    assert found == [], "\n".join(found)


def test_an_ended_session_is_resumed_in_another_tab(tab: Page, site: str) -> None:
    tab.goto(f"{site}/notes/new")
    tab.get_by_role("link", name="Log in with School ID").click()
    tab.get_by_label("Text").fill("kept")
    tab.get_by_label("ID").first.fill("7")
    tab.context.clear_cookies()
    tab.get_by_role("button", name="Save").first.click()
    dialog = tab.get_by_role("dialog", name="Your session has ended")
    with tab.context.expect_page() as opened:
        dialog.get_by_role("link", name="Log in with School ID").click()
    expect(opened.value.get_by_text("ann@school.example")).to_be_visible()
    opened.value.close()
    tab.evaluate("window.dispatchEvent(new Event('focus'))")  # tabs of the tests never lose it
    expect(dialog).to_have_count(0)
    expect(tab.get_by_label("Text")).to_have_value("kept")


@pytest.mark.parametrize("tab", [{}, {"locale": "id-ID"}], indirect=True, ids=["en", "id"])
def test_a_login_that_failed_is_reported_in_the_browser_s_language(tab: Page, site: str) -> None:
    tab.goto(f"{site}/api/session/oidc/callback?state=forged&code=x")
    expect(tab.get_by_role("alert")).to_contain_text("This login was not begun in this browser")
    language = tab.evaluate("document.documentElement.lang")
    assert tab.evaluate("navigator.language").startswith(language)
    heading = {"en": "You are not logged in", "id": "Anda belum masuk"}[language]
    expect(tab.get_by_role("heading", level=1)).to_have_text(heading)
    found = grave_findings(tab)
    tab.emulate_media(color_scheme="dark")
    assert found + grave_findings(tab) == []
