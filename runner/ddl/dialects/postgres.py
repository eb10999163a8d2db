"""PostgreSQL, version 18 and older."""

from __future__ import annotations

from runner.ddl.syntax.dialect import Dialect

DIALECT = Dialect(other_names=("postgresql", "pg", "psql"), postgresql_compatible=True)
