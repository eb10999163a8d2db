"""The table of a schema that holds the accounts of people who log in, recognised by its columns or chosen by option."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.fields import Field
from runner.generation.model.naming import snake, word_set
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.generation.model.application import Application

Part = Literal["login", "hash", "role", "active"]

# Names of columns, the most likely first
_LOGINS = ("username", "user_name", "login", "login_name", "email", "email_address", "user_email")
_HASHES = (
    "password_hash", "hashed_password", "password_digest", "encrypted_password", "passwd_hash", "pass_hash",
    "password", "passwd",
)  # fmt: skip
_ROLES = ("role", "user_role", "role_name", "account_role", "user_type", "account_type")
_FLAGS = ("is_active", "active", "is_enabled", "enabled")
_STATES = ("status", "state", "account_status")
_ENDS = ("deactivated_at", "disabled_at", "deleted_at")
_ACTIVE = "active"  # the value of a state
_ADMINISTRATORS = ("admin", "administrator", "superadmin", "super_admin", "superuser", "root", "owner", "manager")
_OF_ACCOUNTS = word_set("user users account accounts login logins staff member members")
_LEAST_HASH = 95  # characters of an argon2 hash with the default parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountTable:
    """A table with accounts: the columns that logging in needs; `hash`, `role` and `active` may be missing.

    `links` are the columns by which an account refers to other tables.
    """

    table: ApplicationTable
    login: Field
    hash: Field | None
    role: Field | None
    active: Field | None

    @property
    def key(self) -> Field:
        """The column of the primary key."""
        return self.table.key[0]

    @property
    def links(self) -> tuple[str, ...]:
        """The columns that refer to other tables, in the order of the DDL."""
        referring = {column for reference in self.table.references for column in reference.key.columns}
        return tuple(name for name in self.table.fields if name in referring)

    @property
    def active_means(self) -> str:
        """What an active account has in its column `active`: `true`, `null`, or the value of a state."""
        if self.active is None or self.active.type.kind == "boolean":
            return "true"
        return _ACTIVE if _choices(self.active) else "null"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that an account can have, those of administrators first; empty where they are not limited."""
        roles = _choices(self.role) if self.role else ()
        return tuple(sorted(roles, key=lambda role: not is_administrator(role)))


def is_administrator(role: str) -> bool:
    """Whether a role is by its name that of people who may do everything."""
    return snake(role) in _ADMINISTRATORS


def account_table(
    application: Application, chosen: Mapping[str, str], *, has_passwords: bool = True
) -> AccountTable | None:
    """Return the table with the accounts; None where the schema has none.

    `chosen` may name the `table` and its columns `login`, `hash`, `role` and `active`. Without passwords the accounts
    need no hash: then a table is recognised by its name and its login as well.

    Raises:
        AgentError: a chosen table or column does not exist or does not suit, or several tables are equally likely.

    """
    if "table" in chosen:
        return _chosen_table(application, chosen, has_passwords=has_passwords)
    if chosen:
        raise AgentError(f"option auth: {', '.join(chosen)} needs the key table as well, the one with the accounts")
    tables = (table for table in application.tables if not table.is_view)
    found = [account for account in map(_recognised, tables) if account is not None]
    named = [account for account in found if _is_named_for_accounts(account.table)]
    hashed, named_and_hashed = ([account for account in some if account.hash] for some in (found, named))
    likely = named_and_hashed or hashed or ([] if has_passwords else named)
    if len(likely) > 1:
        names = ", ".join(account.table.title for account in likely)
        raise AgentError(
            f"option auth: the accounts may be in {names}; name the table, such as {{table: {names.split(',')[0]}}}"
        )
    return likely[0] if likely else None


def _is_named_for_accounts(table: ApplicationTable) -> bool:
    return not _OF_ACCOUNTS.isdisjoint(snake(table.ddl.name.name).split("_"))


def _recognised(table: ApplicationTable) -> AccountTable | None:
    login = _first(table, _LOGINS, lambda field: _is_login(table, field))
    hash_ = _first(table, _HASHES, _is_hash)
    if login is None or len(table.key) != 1:
        return None
    return AccountTable(
        table=table,
        login=login,
        hash=hash_,
        role=_first(table, _ROLES, _is_role),
        active=_first(table, (*_FLAGS, *_STATES, *_ENDS), _is_active),
    )


def _first(table: ApplicationTable, names: Iterable[str], suits: Any) -> Field | None:
    fields = {snake(name): field for name, field in table.fields.items()}
    return next((fields[name] for name in names if name in fields and suits(fields[name])), None)


def _is_login(table: ApplicationTable, field: Field) -> bool:
    return field.type.is_textual and not field.nullable and (field.column.name,) in table.unique_columns


def _is_hash(field: Field) -> bool:
    longest = field.type.max_length
    return field.type.is_textual and field.writable and (longest is None or longest >= _LEAST_HASH)


def _is_role(field: Field) -> bool:
    return field.type.is_textual or field.type.kind == "enum"


def _is_active(field: Field) -> bool:
    is_end = snake(field.column.name) in _ENDS and field.nullable
    return field.type.kind == "boolean" or _ACTIVE in _choices(field) or is_end


def _choices(field: Field) -> tuple[str, ...]:
    return field.type.values or tuple(str(value) for value in field.bounds.choices or ())


# --------------------------------------------------------------------------------------------------------- by option


def _chosen_table(application: Application, chosen: Mapping[str, str], *, has_passwords: bool) -> AccountTable:
    tables = {table.title: table for table in application.tables if not table.is_view}
    table = tables.get(chosen["table"])
    if table is None:
        raise AgentError(f"option auth: there is no table {chosen['table']!r}{_close(chosen['table'], tables)}")
    if len(table.key) != 1:
        raise AgentError(f"option auth: {table.title} needs a primary key of one column to hold accounts")
    fields = dict(_parts(table, chosen))
    return AccountTable(
        table=table,
        login=_needed(table, "login", fields["login"]),
        hash=_needed(table, "hash", fields["hash"]) if has_passwords else fields["hash"],
        role=fields["role"],
        active=fields["active"],
    )


def _needed(table: ApplicationTable, part: Part, field: Field | None) -> Field:
    if field is None:
        raise AgentError(f"option auth: no column of {table.title} is recognised as its {part}; name it: {{{part}: …}}")
    return field


def _parts(table: ApplicationTable, chosen: Mapping[str, str]) -> Iterator[tuple[Part, Field | None]]:
    """Yield each part with its column: the chosen one, or the one that is recognised."""
    kinds: dict[Part, tuple[Iterable[str], Any, str]] = {
        "login": (_LOGINS, lambda field: _is_login(table, field), "a text that is NOT NULL and unique"),
        "hash": (_HASHES, _is_hash, f"a text of at least {_LEAST_HASH} characters"),
        "role": (_ROLES, _is_role, "a text or an enumerated type"),
        "active": ((*_FLAGS, *_STATES, *_ENDS), _is_active, "a boolean, a state with the value 'active' or a moment"),
    }
    for part, (names, suits, wanted) in kinds.items():
        if part not in chosen:
            yield part, _first(table, names, suits)
            continue
        name = chosen[part]
        if name not in table.fields:
            raise AgentError(f"option auth: {table.title} has no column {name!r}{_close(name, table.fields)}")
        if not suits(table.fields[name]):
            raise AgentError(f"option auth: {table.title}.{name} cannot be the {part}, which is {wanted}")
        yield part, table.fields[name]


def _close(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
