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


@pytest.mark.parametrize(
    ("schema", "given", "account"),
    [
        (PLAIN, {}, None),
        (PLAIN, {"auth": "oidc"}, None),
        (PLAIN, {"auth": "session"}, BrowserAccount(login="e2e", role="admin", is_filled=False)),
        (USERS, {"auth": "session"}, BrowserAccount(login="e2e@example.com", role="", is_filled=True)),
        (
            USERS,
            {"auth": {"table": "users", "role": "kind"}},
            BrowserAccount(login="e2e@example.com", role="owner", is_filled=True),
        ),
        (read_schema(), {"auth": "session"}, BrowserAccount(login="e2e", role="admin", is_filled=True)),
    ],
)
def test_it_is_an_administrator_of_the_accounts_table(
    schema: Schema, given: dict[str, Any], account: BrowserAccount | None
) -> None:
    assert browser_account(access_options(Application(schema), given)) == account


@pytest.mark.parametrize(
    ("options", "has_login"),
    [({}, False), ({"auth": "session"}, False), ({"e2e": True}, False), ({"e2e": True, "auth": "session"}, True)],
)
def test_only_tests_with_a_login_know_an_account(options: dict[str, Any], has_login: bool) -> None:
    files = {
        file.path: file.text
        for file in load_agent("fe-boilerplate").generate(AgentContext(schema=PLAIN, options=options))
    }
    assert {f"{E2E}account.ts", f"{E2E}login.setup.ts"} & files.keys() == (
        {f"{E2E}account.ts", f"{E2E}login.setup.ts"} if has_login else set()
    )
    assert ("app.core.login add" in files.get(f"{E2E}playwright.config.ts", "")) == has_login
