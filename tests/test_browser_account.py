"""The account that a generated application's own tests in a browser log in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.access_options import access_options
from runner.generation.model.application import Application
from runner.generation.model.browser_account import BrowserAccount, browser_account
from runner.generation.registry import load_agent
from tests.generated_backend import read_schema

if TYPE_CHECKING:
    from runner.ddl.model import Schema

PLAIN = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres")
USERS = read_ddl_text(
    "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL"
    ", kind text CHECK (kind IN ('reader', 'owner')));",
    "postgres",
)
E2E = "frontend/e2e/"


def account(**differing: Any) -> BrowserAccount:
    known: dict[str, Any] = {"login": "e2e", "role": "admin", "is_filled": False, "has_password": True}
    return BrowserAccount(**(known | differing))


@pytest.mark.parametrize(
    ("schema", "given", "expected"),
    [
        (PLAIN, {}, None),
        (PLAIN, {"auth": "oidc"}, account(has_password=False)),
        (PLAIN, {"auth": "session"}, account()),
        (USERS, {"auth": "session"}, account(login="e2e@example.com", role="", is_filled=True)),
        (
            USERS,
            {"auth": {"table": "users", "role": "kind"}},
            account(login="e2e@example.com", role="owner", is_filled=True),
        ),
        (read_schema(), {"auth": "session"}, account(is_filled=True)),
    ],
)
def test_it_is_an_administrator_of_the_accounts_table(
    schema: Schema, given: dict[str, Any], expected: BrowserAccount | None
) -> None:
    assert browser_account(access_options(Application(schema), given)) == expected


@pytest.mark.parametrize(
    ("options", "logging_in"),
    [
        ({}, set()),
        ({"auth": "session"}, set()),
        ({"e2e": True}, set()),
        ({"e2e": True, "auth": "session"}, {"account.ts", "login.setup.ts"}),
        ({"e2e": True, "auth": "oidc"}, {"account.ts", "login.setup.ts", "provider.ts"}),
    ],
)
def test_only_tests_with_a_login_know_an_account(options: dict[str, Any], logging_in: set[str]) -> None:
    files = {
        file.path: file.text
        for file in load_agent("fe-boilerplate").generate(AgentContext(schema=PLAIN, options=options))
    }
    found = {f"{E2E}{name}" for name in ("account.ts", "login.setup.ts", "provider.ts")} & files.keys()
    assert found == {f"{E2E}{name}" for name in logging_in}
    assert ("app.core.login add" in files.get(f"{E2E}playwright.config.ts", "")) == bool(logging_in)
    has_password = options.get("auth") == "session"
    assert ("password" in files.get(f"{E2E}account.ts", "")) == (has_password and bool(logging_in))
