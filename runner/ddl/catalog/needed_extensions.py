"""Extensions of PostgreSQL that a schema needs although its DDL does not create them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.ddl.model import IndexPart, SqlType, Table

_BTREE_GIST = "btree_gist"
# Types that only `btree_gist` has GiST operator classes for (https://www.postgresql.org/docs/18/btree-gist.html).
_SCALARS = re.compile(
    r"(?:small|big)?int(?:eger|[248])?|real|float[48]|double precision|numeric|decimal|money|oid|bool(?:ean)?|uuid"
    r"|(?:var|bp)?char|character(?: varying)?|text|name|bytea|(?:var)?bit|bit varying|date|interval"
    r"|time(?:stamp)?(?:tz|(?: with| without) time zone)?|macaddr8?|inet|cidr"
)
_RANGE_CALL = re.compile(r"\(*\w*range\s*\(", re.IGNORECASE)


# The extensions that well-known types come from.
EXTENSION_OF_TYPE = {
    **dict.fromkeys(("geometry", "geography", "box2d", "box3d"), "postgis"),
    **dict.fromkeys(("ltree", "lquery", "ltxtquery"), "ltree"),
    **dict.fromkeys(("vector", "halfvec", "sparsevec"), "vector"),
    **dict.fromkeys(("isbn", "isbn13", "issn", "issn13", "ismn", "ismn13", "ean13", "upc"), "isn"),
    **{name: name for name in ("citext", "cube", "hstore", "seg")},
    "raster": "postgis_raster",
    "query_int": "intarray",
}


def needed_extensions(tables: Iterable[Table]) -> Mapping[str, str | None]:
    """Return the extensions that tables need, with the schemas that they name; None where any will do.

    They are those of well-known types, and `btree_gist` for scalars in an EXCLUDE or before a range. A dump of single
    schemas has such columns and constraints without their CREATE EXTENSION, and shp2pgsql never writes one.
    """
    found: dict[str, str | None] = {}
    for table in tables:
        for column in table.columns:
            # the base of a type that the DDL defines has the type's schema
            extension = EXTENSION_OF_TYPE.get(column.type.base)
            if extension is not None:
                found.setdefault(extension, column.type.text.partition(".")[0])
        if _needs_btree_gist(table):
            found.setdefault(_BTREE_GIST, None)
    return found


def _needs_btree_gist(table: Table) -> bool:
    keys = [table.primary_key] if table.primary_key else []
    ranged = [name for key in (*keys, *table.unique) if key.without_overlaps for name in key.columns]
    types = [table.columns_by_name[name].type for name in ranged]
    return any(map(_is_scalar, types)) or any(_is_of_btree_gist(table, part) for part in _gist_parts(table))


def _gist_parts(table: Table) -> Iterator[IndexPart]:
    for exclusion in table.exclusions:
        if exclusion.index.method == "gist":
            yield from exclusion.index.parts


def _is_of_btree_gist(table: Table, part: IndexPart) -> bool:
    if part.operator_class is not None:
        return part.operator_class.rpartition(".")[2].startswith("gist_")
    if part.column is None:
        return _RANGE_CALL.match(part.expression or "") is None
    return _is_scalar(table.columns_by_name[part.column].type)


def _is_scalar(type_: SqlType) -> bool:
    while type_.domain is not None and not type_.dimensions:
        type_ = type_.domain.type
    return not type_.dimensions and (type_.enum is not None or _SCALARS.fullmatch(type_.base) is not None)
