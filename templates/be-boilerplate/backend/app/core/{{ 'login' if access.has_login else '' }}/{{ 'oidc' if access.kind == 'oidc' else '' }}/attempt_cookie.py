"""The cookie of an attempt to log in: signed, for ten minutes, and sent by the browser that began it only."""

from __future__ import annotations

import hashlib
import secrets
import time

from fastapi import Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.core.login.cookies import read_token, remove_token, write_token
from app.core.login.oidc.provider import Attempt

_NAME = "oidc"
_SECONDS = 600
_ALGORITHM = "HS256"
_REGISTRY = jwt.JWTClaimsRegistry(exp={"essential": True})


def begin_attempt(request: Request, response: Response, return_to: str, secret: str) -> Attempt:
    """Return a new attempt, and keep it in the browser, with the page to return to."""
    attempt = Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
    )
    claims = {
        "state": attempt.state,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "return_to": return_to,
        "exp": int(time.time()) + _SECONDS,
    }
    token = jwt.encode({"alg": _ALGORITHM}, claims, _key(secret))
    write_token(request, response, token, _SECONDS, name=_NAME)
    return attempt


def read_attempt(request: Request, secret: str) -> tuple[Attempt, str] | None:
    """Return the attempt of this browser and the page to return to; None without one that is valid."""
    token = read_token(request, name=_NAME)
    if token is None:
        return None
    try:
        claims = jwt.decode(token, _key(secret), algorithms=[_ALGORITHM]).claims
        _REGISTRY.validate(claims)
    except (JoseError, ValueError):
        return None
    attempt = Attempt(state=claims["state"], nonce=claims["nonce"], verifier=claims["verifier"])
    return attempt, claims["return_to"]


def end_attempt(request: Request, response: Response) -> None:
    """Remove the cookie."""
    remove_token(request, response, name=_NAME)


def _key(secret: str) -> OctKey:
    """Return the key of signatures, which is known to every process of the application and to nobody else."""
    return OctKey.import_key(hashlib.sha256(f"attempt to log in:{secret}".encode()).digest())
