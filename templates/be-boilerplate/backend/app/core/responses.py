"""JSON responses, and the entity tags (RFC 9110, section 8.8.3) by which clients tell versions of a row apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from app.core.listing import PLACES, Page

JSON = "application/json"


def to_json(read: BaseModel) -> bytes:
    """Return the JSON that clients receive for a row or a page; unset fields are left out."""
    return read.model_dump_json(by_alias=True, exclude_unset=True).encode()


def page_response(page: Page[Any], parameters: QueryParams) -> Response:
    """Return a response with a page, and a header `Link` (RFC 8288) to its neighbours with the same `parameters`.

    The page is built from validated rows, so it is not validated again.
    """
    kept = [pair for pair in parameters.multi_items() if pair[0] not in PLACES]
    neighbours = (("next", "after", page.next), ("prev", "before", page.previous))
    links = [
        f'<?{urlencode([*kept, (parameter, cursor)])}>; rel="{relation}"'
        for relation, parameter, cursor in neighbours
        if cursor is not None
    ]
    headers = {"Link": ", ".join(links)} if links else None
    return Response(to_json(page), headers=headers, media_type=JSON)


def json_response(body: BaseModel) -> Response:
    """Return a response with a validated body."""
    return Response(to_json(body), media_type=JSON)


def rows_response(rows: Sequence[BaseModel], status: int = 200) -> Response:
    """Return a response with rows."""
    content = b",".join(map(to_json, rows))
    return Response(b"[" + content + b"]", status, media_type=JSON)


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
