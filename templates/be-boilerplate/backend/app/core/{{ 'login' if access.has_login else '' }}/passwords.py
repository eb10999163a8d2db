"""Comparison of passwords with their hashes."""

from __future__ import annotations

import secrets
from functools import lru_cache

from argon2.exceptions import InvalidHashError, VerificationError

from app.core.password_hashes import hasher, turns
from app.core.problems import too_busy

MAX_LENGTH = 1024  # characters of a password
MIN_LENGTH = 8
_WAIT_S = 10.0


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether a hash is that of a password. Without a hash it takes as long, and the answer is no."""
    is_known = password_hash is not None and password_hash.startswith("$argon2")
    if not turns.acquire(timeout=_WAIT_S):
        raise too_busy("Too many people are logging in.")
    try:
        hasher.verify(password_hash if is_known and password_hash else _unknown(), password)
    except (InvalidHashError, VerificationError):
        return False
    finally:
        turns.release()
    return is_known


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was computed with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


@lru_cache
def _unknown() -> str:
    """Return the hash of a password that nobody knows."""
    return hasher.hash(secrets.token_urlsafe())
