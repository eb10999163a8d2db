"""What the options for the operation of a backend cost: requests a second of processor time, with each and with none.

python -m tests.bench.operation_options
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "rate_limit": {"rate_limit": "999999999/day"},
    "metrics": {"metrics": True},
    "tracing": {"tracing": "otel"},
}
TURNS = 5
REQUESTS = 500  # of each turn, one after the other
PATHS = ("/api/schools?limit=20", "/healthz")
# Nothing listens there: spans are made and packed, and the attempts to send them fail in a thread of their own.
RECEIVER = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "otlp"}


def rate(client: httpx.Client, server: psutil.Process, path: str) -> float:
    """Return how many requests a server answers in a second of its processor time, which other work does not change."""
    before = sum(server.cpu_times()[:2])
    for _ in range(REQUESTS):
        client.get(path).raise_for_status()
    return REQUESTS / (sum(server.cpu_times()[:2]) - before)


def main() -> None:
    """Print a line of each option: its median rate, and the median of its ratios to none in the same turn."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = {}
        for name, options in OPTIONS.items():
            backend = write_backend(backend_files(read_schema(), options=options), Path(folder) / name)
            server = stack.enter_context(serving(backend, f"sqlite:///{folder}/{name}.db", **RECEIVER))
            client = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
            servers[name] = (client, psutil.Process(server.process.pid))
        for path in PATHS:
            turns = [{name: rate(*server, path) for name, server in servers.items()} for _ in range(TURNS)]
            for name in OPTIONS:
                rates = [turn[name] for turn in turns]
                ratio = statistics.median(turn[name] / turn["none"] for turn in turns)
                print(f"| {path} | {name} | {statistics.median(rates):,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
