"""The generated backend against FastCRUD, SQLAdmin and Django admin, on the tables of `scale`.

Each of them answers with what its users get: FastCRUD with JSON, the two others with the HTML page of the list.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.integration.backend import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.__main__ import Row, Scratch

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = ROOT / "requirements" / "peers.txt"
INSTALL_TIMEOUT_S = 600
PAGE = 50

Login = Callable[[httpx.Client], None]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An application of `tests.bench.peers`: the path of its list and the parameters of what is measured."""

    name: str
    module: str
    path: str
    page: str  # a page by its number, which `{number}` stands for
    enum: str
    search: str  # for the word that `{word}` stands for
    log_in: Login | None = None


def _log_in_to_django(client: httpx.Client) -> None:
    client.get("/admin/login/").raise_for_status()
    form = {"username": "bench", "password": "bench", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    client.post("/admin/login/?next=/readyz", data=form, follow_redirects=True).raise_for_status()


PEERS = (
    Peer(
        name="FastCRUD",
        module="fastcrud_app",
        path="/students",
        page=f"?page={{number}}&itemsPerPage={PAGE}",
        enum=f"?status=graduated&page=1&itemsPerPage={PAGE}",
        search=f"?full_name__ilike=%25{{word}}%25&page=1&itemsPerPage={PAGE}",
    ),
    Peer(
        name="SQLAdmin",
        module="sqladmin_app",
        path="/admin/student/list",
        page="?page={number}",
        enum="?status=graduated",
        search="?search={word}",
    ),
    Peer(
        name="Django admin",
        module="django_admin",
        path="/admin/admin/student/",
        page="?p={number}",
        enum="?status__exact=graduated",
        search="?q={word}",
        log_in=_log_in_to_django,
    ),
)


def rows_of_peers(
    scratch: Scratch,
    database: str,
    rows: int,
    ours: httpx.Client,
    measured: Callable[[str, str, httpx.Client, str], Row],
) -> Iterator[Row]:
    """Measure each peer, one at a time. Raises subprocess.CalledProcessError where the peers cannot be installed."""
    python = peer_environment(scratch.fresh())
    half = rows // 2
    cursor = ours.get("/api/students", params={"offset": half - PAGE}).json()["next"]
    for peer in PEERS:
        arguments = ["-m", "uvicorn", f"tests.bench.peers.{peer.module}:app", "--log-level", "warning"]
        with (
            listening(arguments, ROOT, scratch.fresh(), python=str(python), DATABASE_URL=database) as server,
            httpx.Client(base_url=server.url, timeout=600) as theirs,
        ):
            if peer.log_in is not None:
                peer.log_in(theirs)
            for what, path, query in (
                ("page 1", "", peer.page.format(number=1)),
                (f"page after row {half:,}", f"?after={cursor}", peer.page.format(number=half // PAGE + 1)),
                ("filter by an enum", "?status=graduated", peer.enum),
                ("search for a frequent word", "?q=putri", peer.search.format(word="putri")),
                ("search for a rare word", "?q=zulkarnaen", peer.search.format(word="zulkarnaen")),
            ):
                row = measured(f"students, {what}: {peer.name}", f"/api/students{path}", theirs, f"{peer.path}{query}")
                yield replace(row, bound="≤ 1")


def peer_environment(folder: Path) -> Path:
    """Make an environment with the locked packages of the peers and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    command = [str(python), "-m", "pip", "install", *options, "--requirement", str(REQUIREMENTS)]
    subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT_S)
    return python
