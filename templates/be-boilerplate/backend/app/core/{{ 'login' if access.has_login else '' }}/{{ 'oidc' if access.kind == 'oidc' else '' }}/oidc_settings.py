"""The settings of the identity provider, checked at the start."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.api_key import is_loopback
from app.own.settings import Settings

DISCOVERY = "/.well-known/openid-configuration"
_NEEDED = {
    "OIDC_ISSUER": "the address of the identity provider, such as https://login.example.com",
    "OIDC_CLIENT_ID": "the id with which the provider knows this application",
    "OIDC_CLIENT_SECRET": "the secret that the provider gave this application",
}


class OidcSettingsError(Exception):
    """The settings of the identity provider are incomplete or invalid; the text names each variable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OidcSettings:
    """What logging in with the identity provider needs; `issuer` has no slash at its end."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: str


def oidc_settings(settings: Settings) -> OidcSettings:
    """Return the settings of the identity provider; raises OidcSettingsError."""
    secret = settings.oidc_client_secret
    given = {
        "OIDC_ISSUER": settings.oidc_issuer.strip().removesuffix(DISCOVERY).rstrip("/"),
        "OIDC_CLIENT_ID": settings.oidc_client_id.strip(),
        "OIDC_CLIENT_SECRET": secret.get_secret_value().strip() if secret else "",
    }
    lines = [
        f"  {name}: is not set; give {meaning}"
        for name, meaning in _NEEDED.items()
        if not given[name]
    ]
    if given["OIDC_ISSUER"] and not _is_protected(given["OIDC_ISSUER"]):
        lines.append("  OIDC_ISSUER: must begin with https://, except on this machine")
    if "openid" not in settings.oidc_scopes.split():
        lines.append("  OIDC_SCOPES: must contain openid")
    if lines:
        raise OidcSettingsError("\n".join(["Invalid settings:", *lines]))
    return OidcSettings(
        issuer=given["OIDC_ISSUER"],
        client_id=given["OIDC_CLIENT_ID"],
        client_secret=given["OIDC_CLIENT_SECRET"],
        scopes=settings.oidc_scopes,
    )


def provider_name(settings: Settings) -> str:
    """Return how people know the identity provider: `OIDC_NAME`, or the host of its address."""
    return settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or "the identity provider"


def _is_protected(url: str) -> bool:
    """Whether nobody on the way can read or change what is sent to an address."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
