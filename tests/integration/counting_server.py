"""A server that accepts events from the runner and only counts them, for loads that are too slow for `convex-test`.

It enforces the rule of `progress:ingest` (no gaps, no duplicates) and stores nothing else.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class CountingServer:
    """Counts calls, events by type and sub-tasks. Serves on the loopback in a thread of this process."""

    def __init__(self) -> None:
        counting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                answer = json.dumps(counting.take(json.loads(self.rfile.read(size)), size)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self.calls = 0
        self.largest = 0  # bytes
        self.events: Counter[str] = Counter()
        self.seqs: set[tuple[str, int]] = set()
        self.subtasks: set[str] = set()
        self._cursors: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def take(self, call: dict[str, Any], size: int) -> dict[str, Any]:
        """Return the answer to a call."""
        args = call["args"]
        with self._lock:
            self.calls += 1
            self.largest = max(self.largest, size)
            if call["path"] == "progress:announce":
                self.subtasks |= {each["id"] for each in args["subtasks"]}
                return {"status": "success", "value": {"added": float(len(args["subtasks"]))}}
            return self._ingest(args)

    def _ingest(self, args: dict[str, Any]) -> dict[str, Any]:
        cursor = self._cursors.get(args["producer"], 0)
        if args["firstSeq"] > cursor + 1:
            data = {"code": "gap", "message": "missing", "cursor": float(cursor)}
            return {"status": "error", "errorMessage": "gap", "errorData": data}
        fresh = [event for event in args["events"] if event["seq"] > cursor]
        for event in fresh:
            self.events[event["type"]] += 1
            self.seqs.add((args["producer"], int(event["seq"])))
            self.subtasks |= {each["id"] for each in event.get("subtasks", ())}
        self._cursors[args["producer"]] = max(cursor, int(args["lastSeq"]))
        return {"status": "success", "value": {"cursor": float(args["lastSeq"]), "applied": float(len(fresh))}}
