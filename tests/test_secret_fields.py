"""Which columns hold secrets, by their names, their comments and the option `secret`."""

from __future__ import annotations

from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.model.labels import label_fields
from runner.generation.model.searched_text import searched_text
from runner.records.errors import AgentError


def secrets(columns: str, *, more: str = "", secret: Any = None) -> list[str]:
    """Return the secret columns of a table `t` with a key and these columns."""
    schema = read_ddl_text(f"CREATE TABLE t (id int PRIMARY KEY, {columns}); {more}", "postgres")
    context = AgentContext(schema=schema, options={} if secret is None else {"secret": secret})
    (table, *_) = context.application.tables
    return [field.column.name for field in table.secrets]


@pytest.mark.parametrize(
    "column",
    [
        "password text",
        "password_hash bytea",
        '"passwordHash" text',
        "hashed_password text",
        "encrypted_password varchar(255)",
        "pwd char(32)",
        "reset_password_token text",
        "token uuid",
        "token_digest text",
        "token_encrypted text",
        "id_tokens jsonb",
        "api_key text",
        '"apiKey" text',
        "private_key text",
        "encrypted_ci_job_token_signing_key_iv bytea",
        "client_secret text",
        "totp_secret text",
        "password_salt text",
        "snmp_v3_auth_pass text",
        "pass_crypt text",
        "pin char(6)",
        "pin int",
        "card_pin int",
    ],
)
def test_names_of_secrets(column: str) -> None:
    assert len(secrets(column)) == 1


@pytest.mark.parametrize(
    "column",
    [
        "hashtag text",
        "pin_code text",
        "pincode text",
        "token_count int",
        "token_type text",
        "token_expires_at timestamp",
        "must_change_password boolean",
        "password_policy text",
        "password_changed_on date",
        "reset_password_sent_at timestamp",
        "secretary text",
        "is_secret boolean",
        "content_hash text",
        "unique_hash text",
        "hash text",
        "api_publishable_key text",
        "public_key text",
        "passport text",
        "boarding_pass text",
        "salted boolean",
        "token text CHECK (token IN ('a', 'b'))",
        "pin text, city text",
    ],
)
def test_names_that_only_look_like_them(column: str) -> None:
    assert secrets(column) == []


@pytest.mark.parametrize(
    ("column", "is_hashed"),
    [
        ("password_hash text", True),
        ("hashed_password varchar(255) CHECK (length(hashed_password) >= 20)", True),
        ("password_hash varchar(64)", False),  # which an argon2 hash does not fit
        ("password_hash char(128)", False),
        ("password_hash text CHECK (password_hash LIKE '$2b$%')", False),
        ("password_hash bytea", False),
        ("password text", False),
        ("token_hash text", False),
    ],
)
def test_the_hash_of_a_password_is_stored_where_the_name_says_so_and_it_fits(column: str, is_hashed: bool) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (id int PRIMARY KEY, {column})", "postgres")
    (table,) = Application(schema).tables
    assert [field.is_hashed for field in table.secrets] == [is_hashed]


def test_a_hash_beside_a_login_is_a_secret() -> None:
    assert secrets("hash text, email text") == ["hash"]


def test_keys_references_and_computed_columns_are_shown() -> None:
    assert secrets("token text GENERATED ALWAYS AS (lower('x')) STORED") == []
    schema = read_ddl_text(
        "CREATE TABLE tokens (token text PRIMARY KEY, secret text UNIQUE);"
        "CREATE TABLE uses (id int PRIMARY KEY, token text REFERENCES tokens, secret text REFERENCES tokens (secret));",
        "postgres",
    )
    assert [table.secrets for table in Application(schema).tables] == [(), ()]


def test_a_comment_tells_it() -> None:
    comment = "COMMENT ON COLUMN t.code IS 'Bcrypt, 12 rounds'; COMMENT ON COLUMN t.note IS 'Not secret';"
    assert secrets("code text, note text", more=comment) == ["code"]


def test_the_option_names_the_columns_of_a_table() -> None:
    assert secrets("password text, answer text", secret={"t": ["answer"]}) == ["answer"]
    assert secrets("password text, answer text", secret={"t": []}) == []
    assert secrets("password text, answer text", secret={"u": ["answer"]}) == ["password"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"t": ["anwser"]}, "option secret: t has no column 'anwser'; did you mean 'answer'?"),
        ({"t": ["id"]}, r"option secret: t\.id cannot be a secret: it is part of the primary key"),
        (["answer"], "option secret: give the columns of each table"),
    ],
)
def test_an_option_that_cannot_be_is_an_error(option: Any, message: str) -> None:
    with pytest.raises(AgentError, match=message):
        secrets("answer text", secret=option)


def test_a_secret_is_neither_searched_nor_a_label() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, secret text NOT NULL UNIQUE, note text);"
    (table,) = Application(read_ddl_text(ddl, "postgres")).tables
    assert [field.name for field in searched_text(table, ()).fields] == ["note"]
    assert label_fields(table) == ("id",)
    with pytest.raises(AgentError, match=r"option search: t\.secret cannot be searched: it is a secret"):
        searched_text(table, (("t", ("secret",)),))
