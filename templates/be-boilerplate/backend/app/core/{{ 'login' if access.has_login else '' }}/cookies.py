"""The cookie of a session, and the check that a request with it comes from the application's own pages.

The cookie is not sent with requests that other sites make (`SameSite=Lax`). The check of `Sec-Fetch-Site`, which scripts
cannot set, and of `Origin` in browsers without it, covers what that leaves out (OWASP, CSRF prevention).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from app.core.api_key import is_loopback
from app.core.problems import ProblemError
from app.own.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SESSION = "session"


def read_token(request: Request, name: str = _SESSION) -> str | None:
    """Return the token in a cookie of a request."""
    return request.cookies.get(_full_name(name, is_secure=_is_secure(request)))


def write_token(
    request: Request, response: Response, token: str, seconds: int, name: str = _SESSION
) -> None:
    """Set a cookie; browsers keep it for this time."""
    is_secure = _is_secure(request)
    response.set_cookie(
        _full_name(name, is_secure=is_secure),
        token,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def remove_token(request: Request, response: Response, name: str = _SESSION) -> None:
    """Remove a cookie."""
    write_token(request, response, "", 0, name)


def check_origin(request: Request) -> None:
    """Raise a problem 403 for a request that would change something and comes from another site."""
    if request.method in _SAFE:
        return
    origin, settings = request.headers.get("origin"), _settings(request)
    if origin is not None and origin in settings.cors_origins:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:  # programs other than browsers send neither header, and no cookie that a site could use
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_own:
        raise ProblemError(403, "The request comes from another site. CORS_ORIGINS allows sites.")


def _is_secure(request: Request) -> bool:
    """Whether the cookie is sent over HTTPS only: always, except on this machine or where the settings allow it."""
    return not (is_loopback(request.url.hostname or "") or _settings(request).session_over_http)


def _full_name(name: str, *, is_secure: bool) -> str:
    return f"__Host-{name}" if is_secure else name  # which subdomains cannot set


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings
