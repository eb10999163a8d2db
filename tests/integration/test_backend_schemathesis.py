"""schemathesis against the running school: valid and invalid requests from the API's own description.

Stateful: data from responses (keys of created rows) is used in later requests. Every response must match the
description, and none may be a 500. The tables are filled first, so that requests meet rows with values in every field.
The seed is fixed; the server itself counts the requests.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import plain_environment, run, serving

if TYPE_CHECKING:
    from pathlib import Path

LEAST_REQUESTS = 2000
ROUND_S = 40  # duration of a round of requests, each with its own seed
MOST_ROUNDS = 15
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}  # each must have succeeded
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_no_answer_is_outside_the_description(tmp_path: Path) -> None:
    folder = write_backend(backend_files(read_schema()), tmp_path)
    url = f"sqlite:///{tmp_path / 'school.db'}"
    with serving(folder, url) as server:
        seeded = run(folder, "-m", "app.seed", DATABASE_URL=url)
        assert seeded.returncode == 0, seeded.stderr[-2000:]
        for seed in range(1, MOST_ROUNDS + 1):
            _send_requests(f"{server.url}/openapi.json", seed, tmp_path)
            requests = server.requests()
            succeeded = {request["method"] for request in requests if request["status"] < 300}
            if len(requests) >= LEAST_REQUESTS and succeeded >= METHODS:
                break
    assert len(requests) >= LEAST_REQUESTS
    assert succeeded >= METHODS
    assert not [request for request in requests if request["status"] >= 500]


def _send_requests(description: str, seed: int, folder: Path) -> None:
    """Have schemathesis send requests for `ROUND_S` seconds; a finding is a failure of the test."""
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", description),
        *(f"--seed={seed}", f"--max-time={ROUND_S}", "--phases=examples,stateful", f"--checks={','.join(CHECKS)}"),
        *("--generation-database=none", "--no-shrink", "--continue-on-failure", "--no-color"),
    ]
    result = subprocess.run(
        command,
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=ROUND_S * 5,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
