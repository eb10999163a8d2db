"""The OpenAPI document of many tables: other requests are answered while it is made, and nothing is in it twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = 60  # 300 take five times as long: minutes on a busy machine
TABLE = """CREATE TABLE t{number} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(80) NOT NULL,
    amount numeric(12, 2), at timestamptz NOT NULL DEFAULT now(), "größe" int);
"""
CHECKS = 5  # answered while the document is made; a blocked event loop would answer one at most
# Requests the document, and health checks until it is there, in one event loop.
REQUESTS = """
import asyncio
import json
import httpx
from app.main import app


async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=None) as client:
        making = asyncio.create_task(client.get("/openapi.json"))
        checks = 0
        while not making.done():
            assert (await client.get("/healthz")).status_code == 200
            checks += 1
            await asyncio.sleep(0.02)  # leaves the processor to the thread
        document = making.result().text
        kept = (await client.get("/openapi.json")).text
    print(json.dumps({"checks": checks, "document": document, "is_kept": kept == document}))


asyncio.run(main())
"""


def test_health_checks_are_answered_while_the_document_of_many_tables_is_made(tmp_path: Path) -> None:
    schema = read_ddl_text("".join(TABLE.format(number=number) for number in range(TABLES)), "postgres")
    folder = write_backend(backend_files(schema), tmp_path)
    result = run(folder, "-c", REQUESTS, DATABASE_URL="sqlite://")
    assert result.returncode == 0, result.stderr[-2000:]
    found = json.loads(result.stdout)
    assert found["checks"] >= CHECKS
    assert found["is_kept"]
    document = json.loads(found["document"])
    assert len(document["paths"]) > TABLES
    shared = document["components"]["parameters"]
    texts = [json.dumps(parameter, sort_keys=True) for parameter in (*inline(document), *shared.values())]
    assert [text for text, count in Counter(text for text in texts if "$ref" not in text).items() if count > 1] == []
    names = {parameter["$ref"].rpartition("/")[2] for parameter in inline(document) if "$ref" in parameter}
    assert names == set(shared)
    listed = document["paths"]["/api/t7"]["get"]["parameters"]
    found = [shared[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in listed]
    assert {"limit", "q", "name__ilike", "amount__gte", "grosse"} <= {parameter["name"] for parameter in found}


def inline(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of all operations, references among them."""
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())
