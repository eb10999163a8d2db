"""The option `rate_limit` of a generated backend, served for real: who is counted, and when they may send again."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import PASSWORD, add_account, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DDL = "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL);"
LOGINS = ("ani", "budi")
WAIT_S = 30.0


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Path, str]]:
    """Return what generates a backend, and returns its folder and the URL of its database."""
    (tmp_path / "notes.sql").write_text(DDL, encoding="utf-8")

    def make(**options: str) -> tuple[Path, str]:
        files = backend_files(read_schema(tmp_path / "notes.sql"), options=options)
        return write_backend(files, tmp_path / "app"), f"sqlite:///{tmp_path}/notes.db"

    return make


def test_a_client_that_sends_too_much_is_told_when_to_send_again(make: Callable[..., tuple[Path, str]]) -> None:
    with serving(*make(rate_limit="20/second"), RATE_LIMIT="3/second") as server, httpx.Client() as client:
        address = f"{server.url}/api/notes"
        answers = [client.get(address) for _ in range(5)]
        assert [answer.status_code for answer in answers[:3]] == [200] * 3
        refused = answers[4]
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["x-request-id"]
        assert client.post(address, content=b"x" * 100_000).status_code == 429  # its body is not read
        assert client.get(f"{server.url}/readyz").status_code == 200
        time.sleep(int(refused.headers["retry-after"]))
        assert client.get(address).status_code == 200


def test_behind_a_proxy_each_client_is_counted_by_its_own_address(make: Callable[..., tuple[Path, str]]) -> None:
    with serving(*make(rate_limit="1/day"), TRUSTED_PROXIES="1") as server:

        def status(forwarded: str) -> int:
            return httpx.get(f"{server.url}/api/notes", headers={"X-Forwarded-For": forwarded}).status_code

        assert [status("192.0.2.1"), status("192.0.2.1"), status("192.0.2.2")] == [200, 429, 200]
        assert status("198.51.100.7, 192.0.2.2") == 429  # the first address is what the client says
    with serving(*make(rate_limit="1/day"), FORWARDED_ALLOW_IPS="") as server:
        assert [status("192.0.2.1"), status("192.0.2.2")] == [200, 429]


def test_each_account_is_counted_by_itself_and_made_up_sessions_by_address(
    make: Callable[..., tuple[Path, str]],
) -> None:
    folder, url = make(rate_limit="8/day", auth="session")
    with serving(folder, url) as server, ExitStack() as stack:
        clients = []
        for login in LOGINS:
            add_account(folder, login, "admin", DATABASE_URL=url)
            client = stack.enter_context(httpx.Client(base_url=server.url, timeout=WAIT_S))
            assert client.post("/api/session", json={"login": login, "password": PASSWORD}).status_code == 200
            clients.append(client)
        ani, budi = clients
        assert [ani.get("/api/notes").status_code for _ in range(9)] == [200] * 8 + [429]
        assert ani.get("/api/session").status_code == 429
        assert budi.get("/api/notes").status_code == 200
        made_up = [httpx.get(f"{server.url}/api/notes", headers={"Cookie": f"session={n}"}) for n in range(10)]
        assert [answer.status_code for answer in made_up] == [401] * 8 + [429] * 2
        assert httpx.get(f"{server.url}/api/notes").status_code == 401  # six requests without a session are left
