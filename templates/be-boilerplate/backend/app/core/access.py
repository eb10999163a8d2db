"""The key in front of the tables, where the settings name one."""

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
    """Return the dependency that lets requests with this key through, and no others."""
    wanted = key.get_secret_value().encode()

    async def check(given: Annotated[str | None, Security(_header)]) -> None:
        if not hmac.compare_digest((given or "").encode(), wanted):
            raise ProblemError(401, "The header X-API-Key is missing or wrong.")

    return check
