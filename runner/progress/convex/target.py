"""The deployment that live progress is sent to, and its secret, from the plan and the environment.

Cheap to import: a run without Convex loads nothing else of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

SINK = "convex"  # the sink's name in acknowledgements
URL = "CONVEX_URL"
TOKEN = "RUNNER_CONVEX_TOKEN"  # noqa: S105 - the name of a variable, as are the others
READ_TOKEN = "RUNNER_CONVEX_READ_TOKEN"  # noqa: S105
ALLOWED = "RUNNER_CONVEX_ALLOWED_URLS"  # separated by blanks: addresses in plans that may get the secret
DRAIN = "RUNNER_CONVEX_DRAIN"
DRAIN_SECONDS = 10.0  # at the end of a run, for events that were not sent before


class ConvexSettingsError(RunnerError):
    """Convex is enabled, and something that it needs is not set."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvexTarget:
    """A deployment and its secret, which `repr` hides. `drain`: seconds for unsent events at the end of a run."""

    url: str
    token: str = field(repr=False)
    drain: float = DRAIN_SECONDS


def choose_target(
    url: str | None, *, enabled: bool | Literal["auto"], environ: Mapping[str, str]
) -> tuple[ConvexTarget | None, str | None]:
    """Return the deployment for a run's events, or None, and a warning for the user, or None.

    `url` and `enabled` are the plan's. The secret in the environment is for the deployment in the environment: a URL
    in a plan, which may come from anybody, gets it only where the environment names that URL too, in CONVEX_URL or in
    RUNNER_CONVEX_ALLOWED_URLS. Raises ConvexSettingsError where the plan says `enabled: true` and the URL or the secret
    is missing or not allowed.
    """
    address = url or environ.get(URL, "")
    token = environ.get(TOKEN, "")
    if url and token and enabled is not False and not _is_allowed(url, environ):
        text = (
            f"{shown(url)} is the plan's address and not that of {URL}, so it is not given the secret; "
            f"set {URL} to it, or name it in {ALLOWED}"
        )
        if enabled is True:
            raise ConvexSettingsError(text)
        return None, text
    if enabled is False or (enabled == "auto" and not address):
        return None, None
    if not address or not token:
        missing = TOKEN if address else URL
        if enabled is True:
            raise ConvexSettingsError(f"convex is enabled in the plan, but {missing} is not set; set it, or say `auto`")
        return None, f"{missing} is not set, so nothing is sent to {shown(address)}"
    return _target(address, token, environ), None


def required_target(url: str | None, environ: Mapping[str, str]) -> ConvexTarget:
    """Return the deployment for unsent events. Raises ConvexSettingsError where it is not known."""
    address = url or environ.get(URL, "")
    if not address:
        raise ConvexSettingsError(f"no deployment is known; give --url or set {URL}")
    token = environ.get(TOKEN, "")
    if not token:
        raise ConvexSettingsError(f"{TOKEN} is not set; it is the shared secret of {shown(address)}")
    return _target(address, token, environ)


def reading_target(environ: Mapping[str, str]) -> ConvexTarget | None:
    """Return the deployment to watch runs on, with a secret that may read, or None where Convex is not set up."""
    address = environ.get(URL, "")
    token = environ.get(READ_TOKEN, "") or environ.get(TOKEN, "")
    return _target(address, token, environ) if address and token else None


def required_reading_target(environ: Mapping[str, str]) -> ConvexTarget:
    """Return the deployment to read runs from. Raises ConvexSettingsError where it or its secret is not known."""
    missing = " and ".join(
        name
        for name, value in (
            (URL, environ.get(URL)),
            (f"{READ_TOKEN} (or {TOKEN})", environ.get(READ_TOKEN) or environ.get(TOKEN)),
        )
        if not value
    )
    target = reading_target(environ)
    if target is None:
        raise ConvexSettingsError(f"--convex needs {missing} in the environment; see docs/convex.md")
    return target


def shown(url: str) -> str:
    """Return an address without the parts that may be secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the deployment"
    return f"{parts.scheme}://{parts.hostname or ''}{port}" if parts.scheme else "the deployment"


def _target(address: str, token: str, environ: Mapping[str, str]) -> ConvexTarget:
    parts = urlsplit(address) if "://" in address else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConvexSettingsError(f"{URL} is not the address of a deployment; it begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ConvexSettingsError(f"{URL} holds a user name or password; the secret belongs in {TOKEN}")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConvexSettingsError(f"{shown(address)} would get the secret unencrypted; use https://, or loopback")
    return ConvexTarget(url=address.rstrip("/"), token=token, drain=_drain(environ))


def _is_allowed(url: str, environ: Mapping[str, str]) -> bool:
    named = [environ.get(URL, ""), *environ.get(ALLOWED, "").split()]
    return url.rstrip("/") in {address.rstrip("/") for address in named}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761, 6.3


def _drain(environ: Mapping[str, str]) -> float:
    text = environ.get(DRAIN, "")
    try:
        seconds = float(text or DRAIN_SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:  # noqa: PLR2004 - an hour
        raise ConvexSettingsError(f"{DRAIN} is {text!r}; it is a number of seconds from 0 to 3600")
    return seconds
