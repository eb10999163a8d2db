"""The identity provider: its endpoints by discovery, its keys, and the identity that it vouches for."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.core.login.oidc.oidc_settings import DISCOVERY, OidcSettings
from app.core.problems import ProblemError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10.0  # for each request to the provider
_FRESH_S = 3600.0  # after which its endpoints and keys are read again
_LEEWAY_S = 60  # by which its clock and ours may differ
# Signatures that only the provider can make: a token without one, or with a shared secret, is refused.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]  # fmt: skip
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What belongs to one attempt to log in, and must come back with the provider's answer."""

    state: str
    nonce: str
    verifier: str  # of PKCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A person as the provider knows them; `email` is None unless the provider has verified it."""

    subject: str
    email: str | None


class Provider:
    """The identity provider of these settings. What it announces is kept for an hour."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._read: dict[str, tuple[float, dict[str, Any]]] = {}

    def login_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address at the provider to which a browser is sent; raises a problem 503."""
        endpoint = self._metadata()["authorization_endpoint"]
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return str(url)

    def logout_url(self, return_to: str) -> str | None:
        """Return the address that ends the provider's own session; None where it announces none or does not respond."""
        try:
            endpoint = self._metadata().get("end_session_endpoint")
        except ProblemError:
            return None
        if not isinstance(endpoint, str):
            return None
        parameters = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": return_to,
        }
        return str(httpx2.URL(endpoint).copy_merge_params(parameters))

    def identity(
        self, attempt: Attempt, code: str, issuer: str | None, redirect_uri: str
    ) -> Identity:
        """Redeem the code of an attempt; raises a problem 401 for one that is not valid, and 503 without a provider.

        `issuer` is the one that the answer names, if it does (RFC 9207).
        """
        metadata = self._metadata()
        if issuer is not None and issuer != metadata["issuer"]:
            raise _refused("the answer is from another provider")
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                )
                claims = self._verified(token, attempt.nonce)
                if "email" not in claims and "userinfo_endpoint" in metadata:
                    response = client.get(metadata["userinfo_endpoint"])
                    response.raise_for_status()
                    details = response.json()
                    if details.get("sub") == claims["sub"]:
                        claims = {**details, **claims}
        except OAuthError as error:
            raise _refused(f"the code was not accepted ({error.error})") from error
        except JoseError as error:
            raise _refused(f"the token is not valid ({error})") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unavailable(error) from error
        email = claims.get("email")
        is_verified = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(subject=str(claims["sub"]), email=email if is_verified else None)

    def _verified(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return the claims of an id_token: signature, issuer, audience, expiry and nonce are those expected."""
        text = token.get("id_token")
        if not isinstance(text, str):
            raise _refused("the provider sent no id_token")
        uri = self._metadata()["jwks_uri"]
        try:
            decoded = jwt.decode(text, _keys(self._document(uri)), algorithms=_ALGORITHMS)
        except InvalidKeyIdError:  # the provider may have new keys
            keys = _keys(self._document(uri, is_new=True))
            decoded = jwt.decode(text, keys, algorithms=_ALGORITHMS)
        client = self._settings.client_id
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self._metadata()["issuer"]},
                "aud": {"essential": True, "value": client},
            },
            params={
                "nonce": nonce,
                "client_id": client,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=_LEEWAY_S)
        return dict(claims)

    def _metadata(self) -> dict[str, Any]:
        """Return what the provider announces about itself; raises a problem 503."""
        found = self._document(f"{self._settings.issuer}{DISCOVERY}")
        missing = [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]
        issuer = found.get("issuer")
        if missing or not isinstance(issuer, str) or issuer.rstrip("/") != self._settings.issuer:
            raise self._unavailable(
                f"its discovery document lacks {', '.join(missing)}"
                if missing
                else f"it announces the issuer {issuer!r}, which is not OIDC_ISSUER"
            )
        return found

    def _document(self, url: str, *, is_new: bool = False) -> dict[str, Any]:
        """Return a JSON document of the provider, at most an hour old; raises a problem 503."""
        now = time.monotonic()
        read_at, document = self._read.get(url, (0.0, {}))
        if document and now - read_at < _FRESH_S and not is_new:
            return document
        try:
            response = httpx2.get(url, timeout=_TIMEOUT_S)
            response.raise_for_status()
            document = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unavailable(error) from error
        if not isinstance(document, dict):
            raise self._unavailable(f"{url} has no JSON object")
        self._read[url] = (now, document)
        return document

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            self._settings.client_id,
            self._settings.client_secret,
            scope=self._settings.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
        )

    def _unavailable(self, reason: object) -> ProblemError:
        logger.error("identity provider %s: %s", self._settings.issuer, reason)
        return ProblemError(503, "The identity provider is not available. Try again later.")


@lru_cache(maxsize=4)
def provider_of(settings: OidcSettings) -> Provider:
    """Return the provider of these settings, one for the process."""
    return Provider(settings)


def _keys(document: dict[str, Any]) -> KeySet:
    return KeySet.import_key_set({"keys": document.get("keys") or []})


def _refused(reason: str) -> ProblemError:
    logger.warning("a login with the identity provider was refused: %s", reason)
    return ProblemError(401, f"The login was refused: {reason}. Log in again.")
