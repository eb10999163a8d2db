"""The version of this distribution, as `pyproject.toml` says it."""

from __future__ import annotations

VERSION = "0.1.0"
