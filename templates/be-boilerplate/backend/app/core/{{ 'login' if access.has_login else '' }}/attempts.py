"""Limits on failed attempts to log in, by login and by address.

An attempt is counted before the password is checked, so attempts at the same time cannot exceed the limit. The table
holds hashes of logins and addresses, and loses them when their time is over.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import sqlalchemy as sa
from fastapi import HTTPException
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.login.tables import LOGIN_FAILURES

PERIOD_S = 15 * 60  # after which failures are forgotten
OF_LOGIN = 5  # failures of a login in this time
OF_ADDRESS = 100  # failures from an address, behind which many people may be


def count_attempt(session: Session, login: str, address: str) -> None:
    """Count an attempt until it is known to have succeeded, and commit; raises 429 if there were too many."""
    now = int(time.time())
    session.execute(sa.delete(LOGIN_FAILURES).where(LOGIN_FAILURES.c.since <= now - PERIOD_S))
    limits = {_subject("address", address): OF_ADDRESS, _subject("login", login): OF_LOGIN}
    exceeded = [
        subject for subject, most in limits.items() if _increment(session, subject, now) > most
    ]
    if exceeded:
        since = sa.select(sa.func.max(LOGIN_FAILURES.c.since))
        began = session.scalar(since.where(LOGIN_FAILURES.c.subject.in_(exceeded))) or now
        session.rollback()  # an attempt that was not made is not counted
        wait = str(max(1, began + PERIOD_S - now))
        raise HTTPException(
            429, "Too many attempts failed. Try again later.", {"Retry-After": wait}
        )
    session.commit()


def forget_attempt(session: Session, login: str, address: str) -> None:
    """Forget the failures of a login and the last attempt from an address, since it succeeded."""
    failures = LOGIN_FAILURES.c
    session.execute(sa.delete(LOGIN_FAILURES).where(failures.subject == _subject("login", login)))
    change = sa.update(LOGIN_FAILURES).where(failures.subject == _subject("address", address))
    session.execute(change.values(failures=failures.failures - 1))


def _increment(session: Session, subject: str, now: int) -> int:
    """Add one to the failures of a subject, and return how many there are."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert: Any = (postgresql if is_postgresql else sqlite).insert(LOGIN_FAILURES)
    statement = insert.values(subject=subject, failures=1, since=now)
    statement = statement.on_conflict_do_update(
        index_elements=["subject"], set_={"failures": LOGIN_FAILURES.c.failures + 1}
    )
    return int(session.scalar(statement.returning(LOGIN_FAILURES.c.failures)) or 0)


def _subject(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()
