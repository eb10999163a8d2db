"""The options `metrics` and `tracing` of a generated backend, served for real: Prometheus and OTLP."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from packaging.utils import canonicalize_name
from prometheus_client.parser import text_string_to_metric_families

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import listening, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

DDL = """
CREATE TABLE groups (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, group_id int REFERENCES groups
);
"""
ROWS = 30
NOT_OURS = {"psutil", "setuptools", "sniffio"}  # imported by packages that work without them


# Prints the names of the distributions that the application has imported, one a line.
IMPORTED = """
import sys
from importlib.metadata import packages_distributions
import app.main
owners = packages_distributions()
print(*{name for module in list(sys.modules) for name in owners.get(module.partition(".")[0], [])}, sep="\\n")
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "notes.sql").write_text(DDL, encoding="utf-8")
    options = {"metrics": True, "tracing": "otel"}
    return write_backend(backend_files(read_schema(folder / "notes.sql"), options=options), folder)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/notes.db"


def samples(server_url: str, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a metric, by the values of its labels in the order of their names."""
    families = text_string_to_metric_families(httpx.get(f"{server_url}/metrics").text)
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_a_thousand_paths_are_one_route(backend: Path, database: str) -> None:
    with serving(backend, database) as server, httpx.Client(base_url=server.url) as client:
        created = [client.post("/api/notes", json={"title": str(n)}).json()["id"] for n in range(ROWS)]
        for key in created:
            assert client.get(f"/api/notes/{key}").status_code == 200
            client.get(f"/made-up/{key}")
        client.head("/api/notes")
        counted = samples(server.url, "http_requests_total")
        assert counted["POST", "/api/notes", "201"] == ROWS
        assert counted["GET", "/api/notes/{id}", "200"] == ROWS
        assert counted["GET", "unknown", "404"] == ROWS
        assert counted["HEAD", "/api/notes", "200"] == 1
        assert len({route for _, route, _ in counted}) <= 5
        assert samples(server.url, "http_request_duration_seconds_count")["GET", "/api/notes/{id}"] == ROWS
        assert samples(server.url, "http_requests_in_progress") == {(): 1}  # the request for the metrics
        assert samples(server.url, "database_connections_open")[()] >= 1
        assert samples(server.url, "database_connections_in_use") == {(): 0}
        assert samples(server.url, "process_resident_memory_bytes")[()] > 0


def test_what_it_imports_is_in_its_lock_file(backend: Path, database: str) -> None:
    """A package that our own environment happens to have would be missing where only the lock file is installed."""
    done = run(
        backend, "-c", IMPORTED, DATABASE_URL=database, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9/v1/traces"
    )
    assert done.returncode == 0, done.stderr
    locked = {
        canonicalize_name(line.partition("==")[0])
        for line in (backend / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    imported = {canonicalize_name(name) for name in done.stdout.split()}
    assert {"fastapi", "opentelemetry-sdk", "prometheus-client", "sqlalchemy"} <= imported
    assert imported - locked - NOT_OURS == set()


def test_several_processes_share_their_numbers(backend: Path, database: str, tmp_path: Path) -> None:
    assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=database).returncode == 0
    shared = tmp_path / "shared"
    shared.mkdir()
    arguments = ["-m", "uvicorn", "app.main:app", "--workers", "2"]
    settings = {"DATABASE_URL": database, "PROMETHEUS_MULTIPROC_DIR": str(shared)}
    with listening(arguments, backend, backend / "workers.log", **settings) as server:
        for _ in range(ROWS):  # each by a connection of its own, which either process accepts
            httpx.get(f"{server.url}/api/notes")
        assert samples(server.url, "http_requests_total")["GET", "/api/notes", "200"] == ROWS


# -------------------------------------------------------------------------------------------------------------- traces


class Receiver(ThreadingHTTPServer):
    """A receiver of OTLP over HTTP; `spans` has all spans so far, `services` the names of their services."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverRequest)
        self.spans: list[Span] = []
        self.services: set[str] = set()


class ReceiverRequest(BaseHTTPRequestHandler):
    """One request to a receiver."""

    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            content = gzip.decompress(content)
        request = ExportTraceServiceRequest()
        request.ParseFromString(content)
        for part in request.resource_spans:
            attributes = {one.key: one.value.string_value for one in part.resource.attributes}
            self.server.services.add(attributes["service.name"])
            self.server.spans += [span for scope in part.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_request(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def attributes(span: Span) -> dict[str, str]:
    """Return the texts among the attributes of a span."""
    return {one.key: one.value.string_value for one in span.attributes if one.value.string_value}


def test_a_request_and_its_statements_are_one_trace(backend: Path, database: str) -> None:
    with receiving() as receiver:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
            "OTEL_SERVICE_NAME": "notes",
        }
        with serving(backend, database, **settings) as server, httpx.Client(base_url=server.url) as client:
            assert client.get("/api/notes", params={"q": "confidential"}).status_code == 200
            assert client.get("/api/notes/7").status_code == 404
            client.get("/healthz")
        spans = list(receiver.spans)  # those that are left are sent when the process ends
    assert receiver.services == {"notes"}
    requests = {span.name: span for span in spans if not span.parent_span_id}
    assert {"GET /api/notes", "GET /api/notes/{id}"} <= set(requests)
    assert "GET /healthz" not in requests
    found = requests["GET /api/notes"]
    assert attributes(found)["http.route"] == "/api/notes"
    statements = [
        attributes(span).get("db.statement", "") for span in spans if span.trace_id == found.trace_id and span != found
    ]
    assert any("FROM notes" in statement for statement in statements)
    assert not [span for span in spans if "confidential" in str(span)]


def test_without_a_receiver_nothing_is_traced(backend: Path, database: str) -> None:
    with serving(backend, database) as server:
        assert httpx.get(f"{server.url}/api/notes").status_code == 200
        assert "opentelemetry" not in server.log.read_text(encoding="utf-8")
