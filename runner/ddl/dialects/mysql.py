"""MySQL, version 8 and 9."""

from __future__ import annotations

from runner.ddl.syntax.dialect import Dialect

DIALECT = Dialect(other_names=("mariadb",))
