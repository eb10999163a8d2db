"""SQLite, version 3."""

from __future__ import annotations

from runner.ddl.syntax.dialect import Dialect

DIALECT = Dialect(other_names=("sqlite3",))
