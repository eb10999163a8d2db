"""Sessions: a browser holds a random token in a cookie, the database its hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.access.actor import Actor
from app.core.login.accounts import Account, find_account
from app.core.login.tables import SESSIONS


def begin_session(session: Session, account: Account, seconds: int) -> str:
    """Add a session that ends after this time, and return its token; sessions that have ended are removed."""
    token, now = secrets.token_urlsafe(32), int(time.time())
    session.execute(sa.delete(SESSIONS).where(SESSIONS.c.expires_at <= now))
    session.execute(
        sa.insert(SESSIONS).values(
            token_hash=_hashed(token),
            account_id=str(account.actor.id),
            login=account.actor.login,
            credential=account.credential,
            expires_at=now + seconds,
        )
    )
    return token


def end_session(session: Session, token: str) -> None:
    """Remove a session."""
    session.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_hash == _hashed(token)))


def actor_of_token(session: Session, token: str) -> Actor | None:
    """Return whose session has this token; None where it has ended or the account may no longer log in."""
    found = sa.select(SESSIONS).where(
        SESSIONS.c.token_hash == _hashed(token), SESSIONS.c.expires_at > int(time.time())
    )
    row = session.execute(found).one_or_none()
    account = find_account(session, row.login) if row is not None else None
    if row is None or account is None or not account.is_active:
        return None
    is_same = str(account.actor.id) == row.account_id
    return (
        account.actor
        if is_same and hmac.compare_digest(account.credential, row.credential)
        else None
    )


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
