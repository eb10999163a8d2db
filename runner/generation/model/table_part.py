"""What generating one table may read of an application. Equal parts give equal files, whatever else changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.schema_names import CommonNames
from runner.records.digest_text import digest_text
from runner.records.json_values import values_of


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
        return hashlib.sha256(_text_of(values_of(self)).encode()).hexdigest()


def _names(names: CommonNames) -> list[Any]:
    return [*((str(name), class_name) for name, class_name in names.enums.items()), names.home, names.others]


_text_of = digest_text({CommonNames: _names})
