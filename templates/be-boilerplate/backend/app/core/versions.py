"""Versions of rows: an entity tag that differs whenever what clients see of a row differs (RFC 9110)."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel


def entity_tag(read: BaseModel) -> str:
    """Return the tag of a row as clients see it."""
    content = read.model_dump_json(by_alias=True).encode()
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def is_expected(tag: str, if_match: str) -> bool:
    """Whether a tag is among those of an `If-Match` header; `*` is any."""
    return if_match.strip() == "*" or tag in [part.strip() for part in if_match.split(",")]
