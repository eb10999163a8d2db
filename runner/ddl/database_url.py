"""The address of a database as a URL: `postgresql://user@host:5432/school`. It holds no password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

_INDIRECT = {"service", "servicefile"}  # options of libpq that name a host somewhere else


class DatabaseUrlError(ValueError):
    """A text is not the address of a database. The message says what is wrong, `expected` what to write."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseUrl:
    """The parts of a URL, percent-decoded. Empty text and None stand for what it leaves out."""

    scheme: str  # in lower case, without the driver of SQLAlchemy's `postgresql+psycopg`
    user: str
    host: str
    port: int | None
    database: str
    options: Mapping[str, str] = field(hash=False)
    text: str  # the whole URL with this scheme, for programs and messages

    @classmethod
    def parse(cls, text: str, *, credential_variable: str) -> Self:
        """Return the parts of `text`; `credential_variable` names where its tools look for a password.

        Raises `DatabaseUrlError`, which never quotes a password.
        """
        try:
            parts = urlsplit(text)
            port, options = parts.port, dict(parse_qsl(parts.query))
        except ValueError as error:
            raise DatabaseUrlError(f"is not a URL: {error}", "Write scheme://user@host:port/database.") from None
        if parts.password is not None or any("password" in name.lower() for name in options):
            raise DatabaseUrlError(
                "contains a password", f"Remove it here and set {credential_variable} in the environment."
            )
        database = unquote(parts.path.strip("/"))
        if not database:
            raise DatabaseUrlError("names no database", "Write scheme://user@host:port/database.")
        scheme = scheme_of(text)
        return cls(
            scheme=scheme,
            user=unquote(parts.username or ""),
            host=unquote(parts.hostname or ""),
            port=port,
            database=database,
            options=options,
            text=f"{scheme}://{text.partition('://')[2]}",
        )

    @property
    def is_local(self) -> bool:
        """Whether only this machine is asked: over a socket, or at a loopback address (RFC 6761, 6.3 for names)."""
        named = [self.host, self.options.get("host", ""), self.options.get("hostaddr", "")]
        hosts = [host for names in named for host in names.split(",")]
        return not self.options.keys() & _INDIRECT and all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    if not host or host.startswith(("/", "@")):  # the program's default, or a socket's folder or abstract name
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def scheme_of(text: str) -> str:
    """Return the scheme of a URL in lower case without SQLAlchemy's driver; "" where the text has no `scheme://`."""
    scheme, separator, _ = text.partition("://")
    return scheme.partition("+")[0].lower() if separator and scheme.replace("+", "").isalnum() else ""
