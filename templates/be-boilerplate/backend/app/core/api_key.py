"""API key authentication, where the settings define a key."""

from __future__ import annotations

import hmac
import ipaddress
import os
import sys
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


def bind_host() -> str:
    """Return the address on which the server listens.

    Servers do not pass it to the application, so it is read from the command line (`--host` of `app.serve` and of
    uvicorn) or from uvicorn's environment variable.
    """
    for option, value in zip(sys.argv, [*sys.argv[1:], ""], strict=True):
        if option == "--host":
            return value
        if option.startswith("--host="):
            return option.removeprefix("--host=")
    return os.environ.get("UVICORN_HOST", "127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only clients on the same machine can connect to an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
