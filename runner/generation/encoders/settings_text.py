"""Values in JSON, which YAML, TOML and `.env` files read alike."""

from __future__ import annotations

import json


def json_value(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, on one line or indented."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
