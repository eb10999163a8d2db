"""Hashes of passwords: argon2id (RFC 9106), with the parameters that its library recommends."""

from __future__ import annotations

import re
import threading

from argon2 import PasswordHasher

_AT_ONCE = 4  # hashes that are computed at once: each takes 64 MiB
# How hashes begin, in the modular crypt format and the one of the password hashing competition
_HASH = re.compile(r"\$(argon2(id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]*|[156y])\$")

hasher = PasswordHasher()
turns = threading.BoundedSemaphore(_AT_ONCE)  # acquired for each computation


def hash_password(password: str) -> str:
    """Return the hash of a password."""
    with turns:
        return hasher.hash(password)


def hash_entered(value: str | None) -> str | None:
    """Return the hash of an entered password; what is a hash already, and None, are returned as they are."""
    return value if value is None or _HASH.match(value) else hash_password(value)
