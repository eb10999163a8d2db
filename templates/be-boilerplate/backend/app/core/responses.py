"""JSON responses, and the entity tags (RFC 9110, section 8.8.3) by which clients tell versions of a row apart."""

from __future__ import annotations

import hashlib

from fastapi import Response
from pydantic import BaseModel

JSON = "application/json"


def to_json(read: BaseModel) -> bytes:
    """Return the JSON that clients receive for a row or a page; unset fields are left out."""
    return read.model_dump_json(by_alias=True, exclude_unset=True).encode()


def page_response(page: BaseModel) -> Response:
    """Return a response with a page. It is built from validated rows, so it is not validated again."""
    return Response(to_json(page), media_type=JSON)


def row_response(row: BaseModel, status: int = 200) -> Response:
    """Return a response with a row and its version in the header `ETag`."""
    content = to_json(row)
    return Response(content, status, {"ETag": entity_tag(content)}, media_type=JSON)


def entity_tag(content: bytes) -> str:
    """Return a strong entity tag for the JSON of a row: it differs whenever the JSON differs."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def matches_etag(etag: str, if_match: str) -> bool:
    """Whether an entity tag is in the list of an `If-Match` header; `*` matches every tag."""
    return if_match.strip() == "*" or etag in [part.strip() for part in if_match.split(",")]
