"""What generating one table may read of an application. Equal parts give equal files, whatever else changed."""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import dataclass, fields, replace

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.schema_names import CommonNames


@dataclass(frozen=True, kw_only=True, slots=True)
class TablePart:
    """A table with what it needs of the other ones.

    `dialect` is the name of the DDL's; `is_creatable` says whether a row is known that the database accepts, with all
    that it must refer to.
    """

    dialect: str
    names: CommonNames
    table: ApplicationTable
    is_creatable: bool

    def digest(self) -> str:
        """Return a digest of all values, in hexadecimal."""
        own = {one.name: getattr(self.table, one.name) for one in fields(self.table)}  # nothing that it has cached
        own["ddl"] = replace(self.table.ddl)
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream, protocol=5)
        pickler.fast = True  # no references to values that are there already: equal values need not be one object
        pickler.dump((self.dialect, self.names, self.is_creatable, own))
        return hashlib.sha256(stream.getbuffer()).hexdigest()
