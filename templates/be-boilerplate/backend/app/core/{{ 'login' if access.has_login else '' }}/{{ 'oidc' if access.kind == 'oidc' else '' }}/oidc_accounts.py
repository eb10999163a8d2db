"""The account of a person whom the identity provider knows."""

from __future__ import annotations

import logging

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.login.accounts import Account, find_account
from app.core.login.new_account import NewAccountError, add
from app.core.login.oidc.provider import Identity
from app.core.problems import ProblemError

logger = logging.getLogger(__name__)


def account_of(session: Session, identity: Identity, default_role: str | None) -> Account:
    """Return the account whose login is the subject or the verified e-mail address.

    Where there is none, it is added with the default role. Raises a problem 403 without a default role, and for an
    account that may not log in.
    """
    email = identity.email or ""
    for login in dict.fromkeys((identity.subject, email, email.lower())):
        account = find_account(session, login) if login else None
        if account is not None and login == identity.subject != account.actor.login:
            continue  # the subjects of two people may differ in case only
        if account is not None:
            if not account.is_active:
                raise ProblemError(403, f"The account {login} is disabled.")
            return account
    login = email.lower() or identity.subject
    if default_role is None:
        raise ProblemError(
            403, f"There is no account {login}. Ask an administrator of this application for one."
        )
    return _added(session, login, default_role)


def _added(session: Session, login: str, role: str) -> Account:
    try:
        add(session, login, role, ())
    except IntegrityError:  # another request has added it in the meantime
        session.rollback()
    except NewAccountError as error:
        logger.error("the account %s cannot be added: %s", login, error)  # noqa: TRY400
        raise ProblemError(
            403, f"The account {login} cannot be added. Ask an administrator of this application."
        ) from error
    account = find_account(session, login)
    if account is None or not account.is_active:
        raise ProblemError(403, f"The account {login} is disabled.")
    return account
