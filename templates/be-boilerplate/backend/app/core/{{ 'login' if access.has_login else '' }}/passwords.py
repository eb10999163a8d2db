"""Hashes of passwords: argon2id (RFC 9106) with the library's recommended parameters."""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.problems import too_busy

MAX_LENGTH = 1024  # characters of a password
MIN_LENGTH = 8
_AT_ONCE = 4  # hashes that are computed at once: each takes 64 MiB
_WAIT_S = 10.0

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(_AT_ONCE)


def hash_password(password: str) -> str:
    """Return the hash of a password."""
    return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether a hash is that of a password. Without a hash it takes as long, and the answer is no."""
    is_known = password_hash is not None and password_hash.startswith("$argon2")
    if not _turns.acquire(timeout=_WAIT_S):
        raise too_busy("Too many people are logging in.")
    try:
        _hasher.verify(password_hash if is_known and password_hash else _unknown(), password)
    except (InvalidHashError, VerificationError):
        return False
    finally:
        _turns.release()
    return is_known


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was computed with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@lru_cache
def _unknown() -> str:
    """Return the hash of a password that nobody knows."""
    return _hasher.hash(secrets.token_urlsafe())
