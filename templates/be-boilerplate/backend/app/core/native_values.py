"""Values of types that only PostgreSQL has, parsed here so that SQLite accepts and stores the same ones.

Each is returned in the form in which PostgreSQL shows it.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from app.core.fields import Native

_PREFIX = re.compile(r"(?P<address>[\da-fA-F.:]+)(?:/(?P<bits>\d{1,3}))?", re.ASCII)
_OCTETS, _MAC_BYTES = 4, 6
_MAC = re.compile(
    r"(?P<plain>[\da-f]{6}[:-]?[\da-f]{6})|(?P<quads>[\da-f]{4}([.-])[\da-f]{4}\3[\da-f]{4})"
    r"|[\da-f]{1,2}([:-])([\da-f]{1,2}\4){4}[\da-f]{1,2}",
    re.ASCII | re.IGNORECASE,
)
_MAC8 = re.compile(
    r"[\da-f]{2}([:-])([\da-f]{2}\1){6}[\da-f]{2}|[\da-f]{4}([.:-])([\da-f]{4}\3){2}[\da-f]{4}"
    r"|[\da-f]{6}[:-]?[\da-f]{10}|[\da-f]{8}[:-]?[\da-f]{8}",
    re.ASCII | re.IGNORECASE,
)
_CLASSES = ((240, 32), (224, 8), (192, 24), (128, 16), (0, 8))  # first octet, bits of the network


def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """Parse an address with an optional number of bits; an IPv4 network may lack its last octets."""
    match = _PREFIX.fullmatch(text)
    if match is None:
        raise ValueError("must be an IP address, such as 192.0.2.1 or 192.0.2.0/24")
    address, size = match["address"], match["bits"]
    if ":" not in address:
        octets = [str(int(octet)) for octet in address.rstrip(".").split(".") if octet.isdigit()]
        missing = _OCTETS - len(octets) if size else 0
        address = ".".join([*octets, *["0"] * missing])
    return ipaddress.ip_interface(f"{address}/{int(size)}" if size else address)


def _inet(text: str) -> str:
    found = _interface(text)
    mapped = found.ip.ipv4_mapped if isinstance(found, ipaddress.IPv6Interface) else None
    return f"{f'::ffff:{mapped}' if mapped else found.ip}/{found.network.prefixlen}"


def _inet_item(text: str) -> str:
    """Return an address without its number of bits if that is all, as PostgreSQL does in an array."""
    address, _, size = _inet(text).partition("/")
    return address if int(size) == _interface(text).max_prefixlen else f"{address}/{size}"


def _cidr(text: str) -> str:
    if re.fullmatch(
        r"\d{1,3}(\.\d{1,3}){0,2}\.?", text, re.ASCII
    ):  # the bits follow from the octets
        octets = text.rstrip(".").split(".")
        of_class = next(bits for first, bits in _CLASSES if int(octets[0]) >= first)
        text = f"{text}/{max(of_class, 8 * len(octets))}"
    found = _interface(text)
    if found.ip != found.network.network_address:
        raise ValueError("must be a network, without bits to the right of its mask")
    return _inet(text)


def _mac(text: str) -> str:
    if not _MAC.fullmatch(text.strip()):
        raise ValueError("must be a MAC address, such as 08:00:2b:01:02:03")
    parts = re.split("[:-]", text.strip())
    return _colons("".join(part.zfill(2) for part in parts) if len(parts) == _MAC_BYTES else text)


def _mac8(text: str) -> str:
    if _MAC.fullmatch(text.strip()):
        plain = _mac(text)
        return f"{plain[:9]}ff:fe:{plain[9:]}"
    if not _MAC8.fullmatch(text.strip()):
        raise ValueError("must be a MAC address of 8 bytes, such as 08:00:2b:01:02:03:04:05")
    return _colons(text)


def _colons(text: str) -> str:
    return ":".join(re.findall("..", re.sub(r"[.:\s-]", "", text).lower()))


def bits(length: int | None, *, varying: bool = False) -> AfterValidator:
    """Return the validator of a bit string with this number of bits, the most it has if `varying`."""

    def parse(text: str) -> str:
        digits = text[1:] if text[:1] in ("b", "B") else text
        if re.fullmatch("[xX][0-9a-fA-F]+", text):
            digits = f"{int(text[1:], 16):0{4 * len(text[1:])}b}"
        fits = length is None or len(digits) == length or (varying and len(digits) < length)
        if not (fits and re.fullmatch("[01]*", digits)):
            size = "" if length is None else f" of {'at most ' if varying else ''}{length} bits"
            raise ValueError(f"must be a string{size} of 0 and 1")
        return digits

    return AfterValidator(parse)


Inet = Annotated[Native, AfterValidator(_inet)]
InetItem = Annotated[Native, AfterValidator(_inet_item)]  # of an array
Cidr = Annotated[Native, AfterValidator(_cidr)]
MacAddr = Annotated[Native, AfterValidator(_mac)]
MacAddr8 = Annotated[Native, AfterValidator(_mac8)]
