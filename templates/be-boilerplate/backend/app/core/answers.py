"""Rows as answers, written as JSON once, and their versions: a tag that differs whenever the JSON does (RFC 9110)."""

from __future__ import annotations

import hashlib

from fastapi import Response
from pydantic import BaseModel

JSON = "application/json"


def as_json(read: BaseModel) -> bytes:
    """Return what clients get of a row or a page; what was not set is left out."""
    return read.model_dump_json(by_alias=True, exclude_unset=True).encode()


def answer(read: BaseModel) -> Response:
    """Return the answer that shows a page. It was made of rows: nothing has to be checked again."""
    return Response(as_json(read), media_type=JSON)


def versioned(read: BaseModel, status: int = 200) -> Response:
    """Return the answer that shows a row, with its version as `ETag`."""
    content = as_json(read)
    return Response(content, status, {"ETag": entity_tag(content)}, media_type=JSON)


def entity_tag(content: bytes) -> str:
    """Return the tag of a row as clients see it."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def is_expected(tag: str, if_match: str) -> bool:
    """Whether a tag is among those of an `If-Match` header; `*` is any."""
    return if_match.strip() == "*" or tag in [part.strip() for part in if_match.split(",")]
