"""A backend of 300 tables: it starts without their routers, which the first requests import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import Server, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = 300
TABLE = """CREATE TABLE t{number} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(80) NOT NULL,
    first_id int REFERENCES t0);
"""
IMPORTED = """
import sys
import app.main
print(*(name for name in sys.modules if name.startswith("app.t") and name.endswith((".router", ".schemas"))))
"""
WAIT_S = 60.0


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    schema = read_ddl_text("".join(TABLE.format(number=number) for number in range(TABLES)), "postgres")
    return write_backend(backend_files(schema), tmp_path_factory.mktemp("many"))


@pytest.fixture
def server(backend: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(backend, f"sqlite:///{tmp_path}/many.db") as server:
        yield server


def test_no_router_is_imported_at_the_start(backend: Path) -> None:
    result = run(backend, "-c", IMPORTED, DATABASE_URL="sqlite://")
    assert (result.returncode, result.stdout) == (0, "\n"), result.stderr[-2000:]


def test_tables_are_served(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        assert client.get("/healthz").status_code == 200
        for number in range(0, TABLES, 20):
            answer = client.get(f"/api/t{number}")
            assert (answer.status_code, answer.json().get("items")) == (200, []), answer.text
        assert client.get(f"/api/t{TABLES}").status_code == 404


def test_a_referenced_table_that_no_request_was_for_is_expanded(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        row = client.post("/api/t7", json={"name": "seven"}).json()
        assert client.get("/api/t7?expand=first_id").json()["expanded"] == {"first_id": []}
        assert client.get("/api/t7?expand=name").status_code == 422
        first = client.post("/api/t0", json={"name": "zero"}).json()
        client.patch(f"/api/t7/{row['id']}", json={"first_id": first["id"]}).raise_for_status()
        assert client.get("/api/t7?expand=first_id").json()["expanded"] == {"first_id": [first]}


def test_the_check_fails_where_a_router_cannot_be_imported(backend: Path) -> None:
    assert run(backend, "-m", "app.serve", "--check", DATABASE_URL="sqlite://").returncode == 0
    router = backend / "app" / "t299" / "router.py"
    router.write_text(f"{router.read_text(encoding='utf-8')}\nmissing()\n", encoding="utf-8")
    result = run(backend, "-m", "app.serve", "--check", DATABASE_URL="sqlite://")
    assert result.returncode == 1
    assert "NameError: name 'missing' is not defined" in result.stderr
