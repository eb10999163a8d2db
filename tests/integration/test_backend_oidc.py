"""Logging in to a generated backend with an identity provider, by HTTP on SQLite: what is accepted, and what is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, free_port, own_tests, run, serving
from tests.integration.oidc_provider import CLIENT, SECRET, Provider, running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DDL = """
CREATE TABLE staff (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL,
    role text NOT NULL, is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE notes (id int PRIMARY KEY, text text NOT NULL);
"""
CALLBACK = "/api/session/oidc/callback"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("oidc")
    ddl = workspace / "oidc.sql"
    ddl.write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(ddl), options={"auth": "oidc"}), workspace)


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.reset()
    return running


def settings(issuer: str, **others: str) -> dict[str, str]:
    """Return the environment of a backend that trusts a provider."""
    return {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET, **others}


@pytest.fixture(scope="module")
def database(folder: Path) -> str:
    return f"sqlite:///{folder / 'x.db'}"


@pytest.fixture(scope="module")
def backend(folder: Path, running: Provider, database: str) -> Iterator[Server]:
    with serving(folder, database, **settings(running.url)) as server:
        for login, active in (("ann@school.example", "true"), ("subject-9", "true"), ("off@school.example", "false")):
            options = ("--role", "admin", "--set", f"is_active={active}")
            added = run(folder, "-m", "app.core.login", "add", login, *options, DATABASE_URL=database)
            assert added.returncode == 0, added.stderr
        yield server


@pytest.fixture
def browser(backend: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=backend.url, timeout=30) as client:
        yield client


def begin(browser: httpx.Client, return_to: str = "/notes?q=a%20b") -> str:
    """Begin to log in; return the address to which the provider sends the browser back."""
    begun = browser.get("/api/session/oidc", params={"return_to": return_to})
    assert begun.status_code == 303, begun.text
    sent_back = httpx.get(begun.headers["location"])
    assert sent_back.status_code == 302
    return sent_back.headers["location"]


def test_a_person_logs_in_and_out(browser: httpx.Client, provider: Provider) -> None:
    asked = browser.get("/api/session")
    assert asked.status_code == 401
    assert asked.json()["detail"].startswith("Log in with 127.0.0.1 first: send the browser to the path of the session")
    response = browser.get(begin(browser))
    assert (response.status_code, response.headers["location"]) == (303, "/notes?q=a%20b")
    cookies = response.headers.get_list("set-cookie")
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    assert set(browser.cookies) == {"session"}
    who = browser.get("/api/session").json()
    assert (who["login"], who["role"]) == ("ann@school.example", "admin")
    assert browser.post("/api/notes", json={"id": 1, "text": "a"}).status_code == 201
    history = browser.get("/api/notes/1/history").json()
    assert "ann@school.example" in str(history)
    forged = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.delete("/api/session", headers=forged).status_code == 403
    left = browser.delete("/api/session")
    end = urlsplit(left.json()["continue_at"])
    assert f"{end.scheme}://{end.netloc}{end.path}" == f"{provider.url}/logout"
    assert parse_qs(end.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{browser.base_url}/"]}
    assert browser.get("/api/session").status_code == 401


def test_a_password_is_not_accepted(browser: httpx.Client) -> None:
    assert browser.post("/api/session", json={"login": "ann@school.example", "password": "x"}).status_code == 405


@pytest.mark.parametrize(
    ("claims", "login"),
    [
        ({"sub": "subject-9", "email": None}, "subject-9"),
        ({"email": "Ann@School.example"}, "ann@school.example"),
        ({"aud": [CLIENT, "other"], "azp": CLIENT}, "ann@school.example"),
    ],
)
def test_the_account_is_that_of_the_subject_or_the_address(
    browser: httpx.Client, provider: Provider, claims: dict[str, Any], login: str
) -> None:
    provider.reset(**claims)
    assert browser.get(begin(browser)).status_code == 303
    assert browser.get("/api/session").json()["login"] == login


def test_clocks_may_differ_by_a_minute(browser: httpx.Client, provider: Provider) -> None:
    provider.reset(exp=int(time.time()) - 5)
    assert browser.get(begin(browser)).status_code == 303


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"nonce": "another"}, 401, "nonce"),
        ({"nonce": None}, 401, "nonce"),
        ({"aud": "another"}, 401, "aud"),
        ({"aud": [CLIENT, "another"]}, 401, "azp"),
        ({"iss": "https://evil.example"}, 401, "iss"),
        ({"exp": int(time.time()) - 3600}, 401, "expired"),
        ({"email": "eve@school.example"}, 403, "There is no account eve@school.example."),
        ({"email_verified": False}, 403, "There is no account subject-1."),
        ({"email_verified": "true"}, 403, "There is no account subject-1."),
        ({"email": "off@school.example"}, 403, "The account off@school.example is disabled."),
    ],
)
def test_what_does_not_suit_is_refused(
    browser: httpx.Client, provider: Provider, claims: dict[str, Any], status: int, message: str
) -> None:
    provider.reset(**claims)
    response = browser.get(begin(browser))
    assert (response.status_code, message in response.json()["detail"]) == (status, True), response.text
    assert browser.get("/api/session").status_code == 401
    assert not browser.cookies


def test_a_token_that_another_key_signed_is_refused(browser: httpx.Client, provider: Provider) -> None:
    for kid in ("first", "second"):  # a known name, and an unknown one, for which the keys are read again
        provider.signed_by = RSAKey.generate_key(2048, {"kid": kid})
        assert browser.get(begin(browser)).status_code == 401
    provider.reset()
    provider.key = RSAKey.generate_key(2048, {"kid": "third", "use": "sig"})
    assert browser.get(begin(browser)).status_code == 303  # the provider has a new key


def test_an_answer_belongs_to_the_browser_that_asked(browser: httpx.Client, provider: Provider) -> None:
    address = begin(browser)
    with httpx.Client(timeout=30) as other:
        assert other.get(address).status_code == 400
    begin(browser)  # a later attempt takes the place of the first
    response = browser.get(address, headers={"Accept": "text/html"})
    assert response.status_code == 400
    assert "This login was not begun in this browser" in response.text
    assert response.headers["content-type"].startswith("text/html")
    assert '<html lang="en"' in response.text
    spoken = {"Accept": "text/html", "Accept-Language": "fr;q=0.9, id-ID, en;q=0.5"}
    response = browser.get(address, headers=spoken)
    assert '<html lang="id"' in response.text
    assert "Silakan masuk lagi." in response.text
    refused = urlsplit(begin(browser))
    state = parse_qs(refused.query)["state"][0]
    query = {"state": state, "error": "<script>"}
    response = browser.get(CALLBACK, params=query, headers={"Accept": "text/html"})
    assert (response.status_code, "&lt;script&gt;" in response.text) == (401, True)


def test_a_code_is_redeemed_once(browser: httpx.Client, provider: Provider) -> None:
    address = begin(browser)
    attempt = dict(browser.cookies)
    assert browser.get(address).status_code == 303
    assert browser.get(address).status_code == 400  # the attempt has ended
    with httpx.Client(cookies=attempt, timeout=30) as other:
        response = other.get(address)
    assert (response.status_code, "invalid_grant" in response.text) == (401, True)


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil", "evil"])
def test_no_other_host_is_returned_to(browser: httpx.Client, path: str) -> None:
    response = browser.get("/api/session/oidc", params={"return_to": path})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "return_to")


def test_an_account_is_added_where_there_is_a_default_role(
    folder: Path, database: str, backend: Server, provider: Provider
) -> None:
    provider.reset(sub="subject-2", email="New@School.example")
    others = {"OIDC_DEFAULT_ROLE": "reader", "OIDC_NAME": "School"}
    with (
        serving(folder, database, **settings(f"{provider.url}/", **others)) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        assert client.get("/api/session").json()["detail"].startswith("Log in with School first")
        assert client.get(begin(client)).status_code == 303
        who = client.get("/api/session").json()
        assert (who["login"], who["role"]) == ("new@school.example", "reader")


def test_a_provider_that_does_not_respond_is_reported(folder: Path, database: str, backend: Server) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    with serving(folder, database, **settings(issuer)) as server, httpx.Client(base_url=server.url) as client:
        for accept in ("application/json", "text/html"):
            response = client.get("/api/session/oidc", headers={"Accept": accept})
            assert response.status_code == 503
            assert "The identity provider is not available. Try again later." in response.text
        assert client.delete("/api/session").json() == {"continue_at": None}
        log = server.log.read_text(encoding="utf-8")
        assert issuer in log
        assert "Traceback" not in log


def test_missing_settings_are_reported_at_the_start(folder: Path, database: str) -> None:
    started = run(folder, "-m", "app.serve", DATABASE_URL=database, OIDC_ISSUER="http://login.example")
    assert started.returncode == 1
    assert "Traceback" not in started.stderr
    assert started.stderr.splitlines() == [
        "Invalid settings:",
        "  OIDC_CLIENT_ID: is not set; give the id with which the provider knows this application",
        "  OIDC_CLIENT_SECRET: is not set; give the secret that the provider gave this application",
        "  OIDC_ISSUER: must begin with https://, except on this machine",
    ]


def test_the_backend_passes_its_own_tests(folder: Path) -> None:
    assert own_tests(folder) > 50
