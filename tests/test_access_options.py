"""The options `auth` and `audit`: which table has the accounts, and what an application with a login adds."""

from __future__ import annotations

from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.fastapi.migration.revisions import FOLDER
from runner.generation.model.access_options import access_options
from runner.generation.model.application import Application
from runner.generation.registry import load_agent
from runner.records.errors import AgentError
from tests.generated_backend import backend_files, first_revision, read_schema

PLAIN = "CREATE TABLE t (id int PRIMARY KEY, name text);"
USERS = """
CREATE TABLE users (
    id uuid PRIMARY KEY, email text NOT NULL UNIQUE, encrypted_password varchar(255), deleted_at timestamptz,
    kind text CHECK (kind IN ('reader', 'owner'))
);
"""


def options(ddl: str, **given: Any) -> Any:
    return access_options(Application(read_ddl_text(ddl, "postgres")), given)


def test_the_school_has_its_accounts() -> None:
    found = access_options(Application(read_schema()), {"auth": "session"})
    account = found.account
    assert account is not None
    assert account.hash is not None
    assert (account.table.title, account.login.name, account.hash.name) == (
        "user_accounts", "username", "password_hash",
    )  # fmt: skip
    assert account.active is not None
    assert (account.active.name, account.active_means) == ("status", "active")
    assert account.roles[0] == "admin"
    assert "teacher_id" in account.links
    assert found.audit


@pytest.mark.parametrize(
    ("columns", "login", "active", "means"),
    [
        ("username text NOT NULL UNIQUE, password text, is_active boolean", "username", "is_active", "true"),
        ("email varchar(99) NOT NULL UNIQUE, passwd varchar(95), disabled_at date", "email", "disabled_at", "null"),
        ("login text NOT NULL UNIQUE, password_digest text, name text", "login", None, "true"),
    ],
)
def test_accounts_are_recognised_by_their_columns(columns: str, login: str, active: str | None, means: str) -> None:
    account = options(f"CREATE TABLE people (id int PRIMARY KEY, {columns});", auth="session").account
    assert account is not None
    assert account.login.name == login
    assert (account.active.name if account.active else None, account.active_means) == (active, means)


@pytest.mark.parametrize(
    "columns",
    [
        "username text UNIQUE, password_hash text",  # may be NULL
        "username text NOT NULL, password_hash text",  # not unique
        "username text NOT NULL UNIQUE, password_hash bytea",
        "username text NOT NULL UNIQUE, password_hash varchar(60)",  # too short for an argon2 hash
        "id2 int, username text NOT NULL UNIQUE, password_hash text, PRIMARY KEY (id, id2)",
    ],
)
def test_other_tables_are_no_accounts(columns: str) -> None:
    key = "" if "PRIMARY KEY" in columns else " PRIMARY KEY"
    assert options(f"CREATE TABLE users (id int{key}, {columns});", auth="session").account is None


def test_a_table_that_is_named_for_accounts_is_preferred() -> None:
    columns = "id int PRIMARY KEY, login text NOT NULL UNIQUE, password_hash text"
    ddl = f"CREATE TABLE routers ({columns}); CREATE TABLE staff ({columns});"
    assert options(ddl, auth="session").account.table.title == "staff"
    with pytest.raises(AgentError, match="may be in routers, servers; name the table"):
        options(ddl.replace("staff", "servers"), auth="session")


@pytest.mark.parametrize(
    ("table", "columns", "found"),
    [
        ("users", "email text NOT NULL UNIQUE, role text", True),
        ("customers", "email text NOT NULL UNIQUE", False),  # people who do not log in
        ("users", "email text UNIQUE", False),
    ],
)
def test_accounts_without_passwords_are_recognised_by_name_and_login(table: str, columns: str, found: bool) -> None:
    ddl = f"CREATE TABLE {table} (id int PRIMARY KEY, {columns});"
    assert options(ddl, auth="session").account is None
    account = options(ddl, auth="oidc").account
    assert (account is not None) == found
    assert not found or account.hash is None


def test_a_table_with_hashes_is_preferred_also_without_passwords() -> None:
    columns = "id int PRIMARY KEY, email text NOT NULL UNIQUE"
    ddl = f"CREATE TABLE members ({columns}); CREATE TABLE people ({columns}, password_hash text);"
    assert options(ddl, auth="oidc").account.table.title == "people"
    chosen = {"kind": "oidc", "table": "members"}
    assert options(ddl, auth=chosen).account.hash is None
    with pytest.raises(AgentError, match="no column of members is recognised as its hash"):
        options(ddl, auth={"table": "members"})


def test_parts_can_be_chosen() -> None:
    chosen = {"table": "users", "role": "kind", "active": "deleted_at"}
    account = options(USERS, auth=chosen).account
    assert (account.role.name, account.roles, account.active_means) == ("kind", ("owner", "reader"), "null")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"auth": "password"}, "'password' is unknown; give none, session or oidc"),
        ({"auth": True}, "give a text, not True"),
        ({"auth": {"tables": "users"}}, "'tables' is unknown; the keys are kind, table, login"),
        ({"auth": {"table": "user"}}, "there is no table 'user'; did you mean 'users'"),
        ({"auth": {"table": "users", "role": "knd"}}, "users has no column 'knd'; did you mean 'kind'"),
        (
            {"auth": {"table": "users", "login": "kind"}},
            "users.kind cannot be the login, which is a text that is NOT NU",
        ),
        ({"auth": {"table": "t"}}, "no column of t is recognised as its login; name it"),
        ({"auth": {"kind": "session", "role": "kind"}}, "role needs the key table as well"),
        ({"audit": "yes"}, "option audit: give true, false or the days to keep entries, {days: 365}, not 'yes'"),
        ({"audit": {"days": 0}}, "option audit: give true, false or the days"),
        ({"audit": {"day": 1}}, "option audit: give true, false or the days"),
    ],
)
def test_what_does_not_suit_is_reported(given: dict[str, Any], message: str) -> None:
    with pytest.raises(AgentError, match=message):
        options(USERS + PLAIN, **given)


def test_the_column_with_the_hashes_is_a_secret_whatever_its_name() -> None:
    ddl = "CREATE TABLE people (id int PRIMARY KEY, login text NOT NULL UNIQUE, kode text NOT NULL, note text);"
    schema = read_ddl_text(ddl, "postgres")
    files = backend_files(schema, options={"auth": {"table": "people", "hash": "kode"}})
    schemas, router = (files[f"backend/app/people/{name}.py"].text for name in ("schemas", "router"))
    written, _, read = schemas.partition("class PersonRead")
    assert ("kode:" in written, "kode" in read) == (True, False)
    assert '"kode"' in router
    assert '@validates("kode")' in files["backend/app/people/model.py"].text


def test_a_table_of_the_schema_keeps_its_name() -> None:
    with pytest.raises(AgentError, match="the schema has a table app_audit_log"):
        options("CREATE TABLE app_audit_log (id int);", audit=True)


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ({}, ()),
        ({"auth": "session"}, ("app_sessions", "app_login_failures", "app_accounts", "app_audit_log")),
        ({"auth": "session", "audit": False}, ("app_sessions", "app_login_failures", "app_accounts")),
        ({"auth": "oidc"}, ("app_sessions", "app_accounts", "app_audit_log")),
        ({"audit": True}, ("app_audit_log",)),
        ({"audit": {"days": 365}}, ("app_audit_log",)),
        ({"auth": "none"}, ()),
    ],
)
def test_tables_and_modules_are_added_only_where_they_are_needed(given: dict[str, Any], added: tuple[str, ...]) -> None:
    files = backend_files(read_ddl_text(PLAIN, "postgres"), options=given)
    for database in ("postgresql", "sqlite"):
        statements = "\n".join(first_revision(files, database))
        names = ("app_sessions", "app_login_failures", "app_accounts", "app_audit_log")
        assert tuple(name for name in names if f"CREATE TABLE {name}" in statements) == added
    paths = " ".join(files)
    assert ("app/core/login/" in paths) is ("app_sessions" in added)
    assert ("app/core/audit.py" in paths) is ("app_audit_log" in added)


def test_a_login_that_is_added_later_is_a_revision() -> None:
    schema, agent = read_ddl_text(PLAIN, "postgres"), load_agent("be-boilerplate")
    first = AgentContext(schema=schema)
    present = {
        file.path.removeprefix(f"{FOLDER}/"): file.text
        for file in agent.generate(first)
        if file.path.startswith(FOLDER)
    }

    def folder(path: str) -> dict[str, str]:
        within = path.removeprefix(FOLDER).lstrip("/")
        prefix = f"{within}/" if within else ""
        found = {name.removeprefix(prefix): text for name, text in present.items() if name.startswith(prefix)}
        return {name: text for name, text in found.items() if "/" not in name}

    later = AgentContext(schema=schema, options={"auth": "session"}, memory=agent.remember(first), present=folder)
    files = {file.path: file.text for file in agent.generate(later)}
    (added,) = [text for path, text in files.items() if path.endswith("0002_schema.py")]
    for name in ("app_sessions", "app_login_failures", "app_accounts", "app_audit_log"):
        assert added.count(f"CREATE TABLE {name}") == 2  # on both databases
    assert "CREATE TABLE t" not in added
