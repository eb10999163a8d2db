"""SQL files in, a frozen `Schema` out."""

from __future__ import annotations

from runner.ddl.reader.schema_reader import read_ddl, read_ddl_text

__all__ = ["read_ddl", "read_ddl_text"]
