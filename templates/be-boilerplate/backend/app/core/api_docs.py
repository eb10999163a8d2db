"""The OpenAPI document and its user interface."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9._-]")  # of an object in `components`


class OpenApiDocument:
    """The OpenAPI document as JSON. It is made in a thread for the first request, then kept.

    Making it takes seconds for hundreds of tables, in which other requests are answered.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = asyncio.Lock()
        self._content = b""

    async def read(self) -> bytes:
        """Return the document."""
        async with self._making:
            if not self._content:
                self._content = await asyncio.to_thread(self._make)
        return self._content

    def _make(self) -> bytes:
        document = self._app.openapi()
        self._app.openapi_schema = None  # the objects take many times the memory of their JSON
        share_parameters(document)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def share_parameters(document: dict[str, Any]) -> None:
    """Move parameters that several operations of a document have to its components, so that each is there once."""
    operations = list(_operations(document))
    written = [
        [json.dumps(parameter, sort_keys=True) for parameter in operation["parameters"]]
        for operation in operations
    ]
    counts = Counter(text for texts in written for text in texts)
    keys: dict[str, str] = {}
    shared: dict[str, Any] = {}
    for operation, texts in zip(operations, written, strict=True):
        for index, text in enumerate(texts):
            if counts[text] == 1:
                continue
            if text not in keys:
                parameter = operation["parameters"][index]
                keys[text] = _free_key(parameter["name"], shared)
                shared[keys[text]] = parameter
            operation["parameters"][index] = {"$ref": f"#/components/parameters/{keys[text]}"}
    if shared:
        document.setdefault("components", {})["parameters"] = shared


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for operation in path.values() if "parameters" in operation)


def _free_key(name: str, taken: dict[str, Any]) -> str:
    plain = _NOT_IN_A_KEY.sub("_", name)
    key, number = plain, 1
    while key in taken:
        number += 1
        key = f"{plain}.{number}"
    return key


def add_docs(app: FastAPI, dependencies: Sequence[Any]) -> None:
    """Serve `/openapi.json` and `/docs`, subject to the given dependencies."""
    document = OpenApiDocument(app)

    @app.get("/openapi.json", include_in_schema=False, dependencies=dependencies)
    async def openapi() -> Response:
        return Response(await document.read(), media_type="application/json")

    @app.get("/docs", include_in_schema=False, dependencies=dependencies)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url="openapi.json", title=app.title)
