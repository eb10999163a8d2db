"""Which fields hold secrets: passwords, tokens, keys. Clients write them, and no response contains them.

A name counts by whole words: `pin_code`, `token_count` and `hashtag` are no secrets. The task's option `secret` names
the columns of a table instead, such as `{users: [recovery_answer], pages: []}`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.generation.model.checks import Bounds
from runner.generation.model.chosen_columns import no_such_column
from runner.generation.model.naming import snake, word_set
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.chosen_columns import ChosenColumns
    from runner.generation.model.field_types import Kind
    from runner.generation.model.fields import Field

_KINDS: frozenset[Kind] = frozenset({"text", "bytes", "json", "uuid"})
_NOUNS = word_set(
    """password passwords passwd passphrase passcode pwd secret secrets salt token tokens apikey otp cvv cvc"""
)
_FORMS = word_set("hash hashed digest crypt encrypted iv")  # after a noun: `token_digest`
_PHRASES = word_set(
    """api_key private_key secret_key encryption_key signing_key access_key auth_pass priv_pass user_pass db_pass
    pass_hash pass_crypt pass_digest"""
)
_COMMENT = re.compile(
    r"\b(?<!not )(secret|bcrypt|argon2\w*|scrypt|pbkdf2|password hash|hash of (the |a )?password"
    r"|(hashed|encrypted) password|api key|private key)\b",
    re.IGNORECASE,
)
_PASSWORDS, _HASHES = word_set("password passwd passphrase passcode pwd"), word_set("hash hashed digest")
_HASH_LENGTH = 97  # characters of an argon2id hash
_PASSWORD = Bounds(min_length=1, max_length=1024)  # what is typed where the hash is stored
# A `pin` beside these is a postal code or a place on a map, a `hash` is a secret only beside those.
_PLACES = word_set("address city state street district province country postal latitude longitude lat lng")
_ACCOUNTS = word_set("email login username password salt")


def with_secrets(table: ApplicationTable, referred: Collection[str], chosen: ChosenColumns) -> ApplicationTable:
    """Return a table whose secret fields are marked: the chosen ones, or those that their names or comments tell.

    The columns of the key, of references and those that other tables refer to, `referred`, are no secrets: clients need
    them to name rows.

    Raises:
        AgentError: a column is chosen that the table lacks, or that cannot be a secret.

    """
    shown = {*table.ddl.key_columns, *(name for one in table.references for name in one.key.columns), *referred}
    names = dict(chosen).get(table.title)
    for name in names or ():
        _check_column(table, name, shown)
    if names is None:
        words = {name: snake(name).split("_") for name in table.fields}
        around = {word for parts in words.values() for word in parts}
        names = tuple(
            name
            for name, field in table.fields.items()
            if name not in shown
            and field.writable
            and not field.bounds.choices
            and _is_secret(field, words[name], around)
        )
    marked = {name: _marked(table, field) for name, field in table.fields.items() if name in names}
    has_others = len(marked) < len(table.fields)  # a row that shows nothing could not be told from others
    return replace(table, fields={**table.fields, **marked}) if marked and has_others else table


def with_secret_origins(view: ApplicationTable, names: Collection[str]) -> ApplicationTable:
    """Return a view in which the columns are secrets, too, whose values come from secrets of other tables."""
    if not names:
        return view
    fields = {name: replace(field, is_secret=field.is_secret or name in names) for name, field in view.fields.items()}
    found = replace(view, fields=fields)
    if view.ddl.primary_key is None or not any(fields[name].is_secret for name in view.ddl.key_columns):
        return found
    constraints = replace(view.constraints, primary_key=None)
    return replace(found, ddl=replace(view.ddl, primary_key=None), constraints=constraints)


def with_password_hash(table: ApplicationTable, name: str) -> ApplicationTable:
    """Return a table in which this column is a secret that holds the hashes of passwords, where it can be one.

    The option that names the column reports what does not suit.
    """
    field = table.fields.get(name)
    if field is None or field.is_hashed or not field.writable or len(table.fields) == 1:
        return table
    return replace(table, fields={**table.fields, name: _marked(table, field, is_password=True)})


def _marked(table: ApplicationTable, field: Field, *, is_password: bool = False) -> Field:
    """Return a secret; the hash of a password has the bounds of the password that is typed."""
    words = set(snake(field.column.name).split("_"))
    is_password = is_password or bool(words & _PASSWORDS and words & _HASHES)
    ruled = {name for rule in (*table.rules, *table.tried) for name in rule.columns}
    ruled.update(name for columns in table.opaque.values() for name in columns)
    bounds = field.bounds
    fits = bounds.choices is None and bounds.pattern is None and field.column.name not in ruled
    fits = fits and (bounds.min_length or 0) <= _HASH_LENGTH <= (bounds.max_length or _HASH_LENGTH)
    is_text = field.type.kind == "text" and not field.type.is_padded
    if is_text and fits and is_password:
        return replace(field, is_secret=True, is_hashed=True, bounds=_PASSWORD)
    return replace(field, is_secret=True)


def _is_secret(field: Field, words: list[str], around: Collection[str]) -> bool:
    """Whether a field's name or comment tells that it holds a secret; `around` are the words of all names beside it."""
    if words[-1] == "pin" and field.type.kind in ("integer", "text"):
        return _PLACES.isdisjoint(around)
    if field.type.kind not in _KINDS:
        return False
    if words in (["hash"], ["digest"]):
        return not _ACCOUNTS.isdisjoint(around)
    plain = list(words)
    while len(plain) > 1 and plain[-1] in _FORMS:
        plain.pop()
    is_named = plain[-1] in _NOUNS or any("_".join(parts[-2:]) in _PHRASES for parts in (plain, words))
    return is_named or _COMMENT.search(field.comment) is not None


def _check_column(table: ApplicationTable, name: str, shown: Collection[str]) -> None:
    label, field = table.title, table.fields.get(name)
    if field is None:
        raise no_such_column("secret", label, name, table.fields)
    if name in shown:
        raise AgentError(
            f"option secret: {label}.{name} cannot be a secret: it is part of the primary key or of a reference"
        )
    if not field.writable:
        raise AgentError(f"option secret: {label}.{name} cannot be a secret: the database fills it in")
