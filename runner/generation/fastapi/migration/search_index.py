"""The index of a table's searches, over one text that its columns make up.

It holds trigrams (PostgreSQL's extension pg_trgm), or on servers without them the words of the text (`to_tsvector`).
The generated module `app/core/search.py` writes the same expressions: only then does PostgreSQL use the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.migration.snapshot import IndexSnapshot
from runner.generation.fastapi.sql_names import qualified
from runner.generation.model.searched_text import searched_text
from runner.generation.model.suggested_indexes import free_name, relation_names, suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application
    from runner.generation.model.chosen_columns import ChosenColumns
    from runner.generation.model.searched_text import SearchedText

EXTENSION = "pg_trgm"
_BETWEEN = " || ' ' || "
_OPERATORS = "gin_trgm_ops"
# As in app/core/search_words.py: what people write into a phone number, the calling codes of countries (ITU-T E.164),
# marks that PostgreSQL's parser takes for parts of numbers, paths, tags and the like, and how many characters of a text
# are read, so that its words fit into one tsvector (1 MB).
_SEPARATORS = " -().,/"
_INTERNATIONAL = (
    "^([+]|00)([17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    "|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679])[0-9])"
)
_MARKS = "+-./~<&"
_LENGTH = 100_000


def search_indexes(application: Application, chosen: ChosenColumns) -> Mapping[QName, IndexSnapshot]:
    """Return the index of each table that can be searched; the rows of a partition are found in its whole table."""
    schema, taken = application.schema, relation_names(application)
    for name, indexes in application.derived(suggested_indexes).items():
        taken[name.schema].update(index.name for index in indexes)
    operators = qualified(dict(schema.extension_schemas).get(EXTENSION), _OPERATORS)
    needs = "" if EXTENSION in schema.extensions else _OPERATORS
    found = {}
    for table in application.tables:
        text = searched_text(table, chosen)
        name = table.ddl.name
        if text.fields and table.ddl.partition_of is None and not table.is_view:
            own = free_name(name.name, "search", taken[name.schema])
            found[name] = IndexSnapshot(
                name=own,
                columns=(),
                sql=f" USING gin (({_text_sql(text)}) {operators})",
                needs=needs,
                otherwise=f" USING gin ({_words_sql(text)})" if needs else "",
            )
    return found


def _text_sql(text: SearchedText, *more: str) -> str:
    parts = [_value(field.column.name) for field in text.fields]
    parts += [_number(field.column.name) for field in text.phones]
    return f'({_BETWEEN.join((*parts, *more))}) COLLATE "default"'


def _words_sql(text: SearchedText) -> str:
    """Return the words of the text, and those of international numbers as they are dialled in their country."""
    local = (
        f"regexp_replace({_number(field.column.name)} COLLATE \"default\", {text_sql(_INTERNATIONAL)}, '0')"
        for field in text.phones
    )
    marks = f"{text_sql(_MARKS)}, {text_sql(' ' * len(_MARKS))}"
    return f"to_tsvector('simple', left(translate({_text_sql(text, *local)}, {marks}), {_LENGTH}))"


def _number(column: str) -> str:
    return f"translate({_value(column)}, {text_sql(_SEPARATORS)}, '')"


def _value(column: str) -> str:
    return f"coalesce(CAST({quote(column)} AS text), '')"
