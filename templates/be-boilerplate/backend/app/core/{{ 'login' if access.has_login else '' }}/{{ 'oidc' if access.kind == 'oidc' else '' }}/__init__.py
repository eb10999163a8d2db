"""Logging in with an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636)."""
