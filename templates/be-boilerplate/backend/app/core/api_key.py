"""API key authentication, where the settings define a key."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from pydantic import SecretStr

from app.core.problems import ProblemError

_header = APIKeyHeader(name="X-API-Key", auto_error=False)


def key_check(key: SecretStr) -> Callable[[str | None], Awaitable[None]]:
    """Return a dependency that rejects requests without this key, with a problem 401."""
    expected = key.get_secret_value().encode()

    async def check(sent: Annotated[str | None, Security(_header)]) -> None:
        if not hmac.compare_digest((sent or "").encode(), expected):
            raise ProblemError(401, "The header X-API-Key is missing or wrong.")

    return check
