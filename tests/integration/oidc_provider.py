"""A small OpenID Connect provider on the loopback interface, which logs everybody in at once."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT, SECRET = "backend", "a secret of the tests"


@dataclass(kw_only=True)
class Provider:
    """The provider: `claims` go into each token in place of the right ones, and a test may change them."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}))
    signed_by: RSAKey | None = None  # a key that is not announced
    cookie: str = ""  # that a browser must have, in place of a form to log in
    url: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    logins: int = 0  # how many codes were redeemed

    def reset(self, **claims: Any) -> None:
        """Put these claims into the following tokens, signed with the right key."""
        self.claims, self.signed_by = claims, None

    def discovery(self) -> dict[str, Any]:
        """Return the document of discovery."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent back to, with a code."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Redeem a code, once, for the client that has the verifier and the secret."""
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or authorization != expected
            or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"])
        ):
            return 400, {"error": "invalid_grant"}
        self.logins += 1
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "subject-1", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
            "email": "ann@school.example", "email_verified": True,
        } | self.claims  # fmt: skip
        key = self.signed_by or self.key
        id_token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
        return 200, {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": id_token}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run a provider on a free port."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize" and provider.cookie not in self.headers.get("Cookie", ""):
                self._send(401, {"error": "log in first"})
            elif parts.path == "/authorize":
                self._send(302, location=provider.authorize(dict(parse_qsl(parts.query))))
            elif parts.path == "/keys":
                self._send(200, KeySet([provider.key]).as_dict(private=False))
            elif parts.path == "/logout":
                self._send(302, location=parse_qs(parts.query)["post_logout_redirect_uri"][0])
            else:
                self._send(200, provider.discovery())

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            status, body = provider.token(form, self.headers.get("Authorization", ""))
            self._send(status, body)

        def log_message(self, *_arguments: object) -> None:
            pass

        def _send(self, status: int, body: Any = None, location: str | None = None) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
