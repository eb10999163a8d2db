"""Runs the server: `python -m app.serve`, or `make dev`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from app.core.settings import get_settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the application until the process is interrupted or terminated, or check that it can be served."""
    parser = argparse.ArgumentParser(prog="python -m app.serve", description="Run the server.")
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port (default: %(default)s)")
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    parser.add_argument("--check", action="store_true", help="import everything, then exit")
    options = parser.parse_args(arguments)
    if options.check:
        importlib.import_module("app.main").app.load_routers()
        return
    logs_json = get_settings().log_format == "json"  # which the application configures
    uvicorn.run(
        "app.main:app",
        host=options.host,
        port=options.port,
        reload=options.reload,
        reload_dirs=["app"] if options.reload else None,
        reload_delay=1,  # seconds between looks at the files, each of which takes some milliseconds
        http="app.core.http_protocol:Protocol",
        log_config=None if logs_json else LOGGING_CONFIG,
        access_log=not logs_json,
    )


if __name__ == "__main__":
    main()
