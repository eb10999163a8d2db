"""The options `auth` and `audit`: whether people log in to the application, and whether changes are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runner.generation.model.account_table import AccountTable, account_table, is_administrator
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from runner.generation.model.application import Application

AuthKind = Literal["none", "session", "oidc"]

_KINDS: tuple[AuthKind, ...] = ("none", "session", "oidc")
_KEYS = ("kind", "table", "login", "hash", "role", "active")
# What an application that people log in to adds to the tables of its schema
SESSIONS, LOGIN_FAILURES, ACCOUNTS, AUDIT_LOG = "app_sessions", "app_login_failures", "app_accounts", "app_audit_log"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessOptions:
    """How people log in, and whether changes are recorded, and for how many days, None for ever.

    The kind `oidc` is logging in with an OpenID Connect provider. `account` is the schema's own table with accounts,
    None where the application adds one.
    """

    kind: AuthKind = "none"
    audit: bool = False
    audit_days: int | None = None
    account: AccountTable | None = None

    @property
    def has_login(self) -> bool:
        """Whether people log in."""
        return self.kind != "none"

    @property
    def has_passwords(self) -> bool:
        """Whether the application itself checks the passwords of people who log in."""
        return self.kind == "session"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that accounts can have, at least one of them for administrators, which come first."""
        if self.account is not None and self.account.role is None:
            return ("",)
        names = self.account.roles if self.account else ()
        return names if any(map(is_administrator, names)) else ("admin", *names)

    @property
    def added_tables(self) -> tuple[str, ...]:
        """The names of the tables that the application adds to those of its schema."""
        is_added = {
            SESSIONS: self.has_login,
            LOGIN_FAILURES: self.has_passwords,
            ACCOUNTS: self.has_login and self.account is None,
            AUDIT_LOG: self.audit,
        }
        return tuple(name for name, added in is_added.items() if added)


def access_options(application: Application, options: Mapping[str, Any]) -> AccessOptions:
    """Return a task's options `auth` and `audit` for an application.

    Raises:
        AgentError: an option has an unknown key or value, or names a table or column that does not suit.

    """
    given = options.get("auth", "none")
    chosen = dict(given) if isinstance(given, Mapping) else {"kind": given}
    for key, value in chosen.items():
        if key not in _KEYS:
            raise AgentError(f"option auth: {key!r} is unknown; the keys are {', '.join(_KEYS)}")
        if not isinstance(value, str):
            raise AgentError(f"option auth: {key}: give a text, not {value!r}")
    kind = chosen.pop("kind", "session" if chosen else "none")
    if kind not in _KINDS:
        raise AgentError(f"option auth: {kind!r} is unknown; give {', '.join(_KINDS[:-1])} or {_KINDS[-1]}")
    audit, days = _audit(options.get("audit", kind != "none"))
    account = _account(application, kind, chosen)
    found = AccessOptions(kind=kind, audit=audit, audit_days=days, account=account)
    own = {table.ddl.name.name.lower() for table in application.tables}
    for name in found.added_tables:
        if name in own:
            raise AgentError(f"the schema has a table {name}, which the options auth and audit add; rename it there")
    return found


def _account(application: Application, kind: AuthKind, chosen: Mapping[str, str]) -> AccountTable | None:
    return account_table(application, chosen, has_passwords=kind == "session") if kind != "none" else None


def _audit(given: object) -> tuple[bool, int | None]:
    """Return whether changes are recorded, and for how many days."""
    if isinstance(given, bool):
        return given, None
    days = given.get("days") if isinstance(given, Mapping) and given.keys() == {"days"} else None
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        raise AgentError(f"option audit: give true, false or the days to keep entries, {{days: 365}}, not {given!r}")
    return True, days
