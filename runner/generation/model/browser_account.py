"""The account that an application's own tests in a browser log in with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.model.naming import snake

if TYPE_CHECKING:
    from runner.generation.model.access_options import AccessOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserAccount:
    """An account of an administrator.

    `is_filled` is whether its table may require further fields, and `has_password` whether it logs in with a password
    of its own or with an identity provider.
    """

    login: str
    role: str
    is_filled: bool
    has_password: bool


def browser_account(access: AccessOptions) -> BrowserAccount | None:
    """Return the account to add before the tests; None where nobody logs in."""
    if not access.has_login:
        return None
    own = access.account
    is_address = own is not None and "mail" in snake(own.login.column.name)
    return BrowserAccount(
        login="e2e@example.com" if is_address else "e2e",
        role=access.roles[0],
        is_filled=own is not None,
        has_password=access.has_passwords,
    )
