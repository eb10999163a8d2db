"""The rows that cells refer to: by the value that a foreign key holds, or by a text that only one row has."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.access.access import access_of
from app.core.filtering import value_adapter
from app.core.importing.import_fields import ImportField
from app.core.lazy_routers import resource_of

_KEPT = 50_000  # texts of a field whose rows are remembered
_AT_ONCE = 500  # parameters of a statement


class ReferredRows:
    """The rows of the table that one field refers to, as far as the actor may see them.

    A text is the value that the foreign key holds, else the value of a unique text column, else the label of a row.
    """

    def __init__(self, session: Session, field: ImportField) -> None:
        if field.reference is None:
            raise TypeError(f"{field.name} refers to no table")
        self._session = session
        self._model = field.reference.referred_table.info["model"]
        access = access_of(session)
        self._conditions = access.visible(self._model)
        resource = resource_of(field.reference.referred_table)
        readable = {*resource.read.model_fields} - access.hidden(resource)
        mapper = sa.inspect(self._model)
        target = mapper.get_property_by_column(field.reference.elements[0].column)
        self._target = getattr(self._model, target.key)
        self._adapter = value_adapter(resource.read.model_fields[target.key])
        self._texts = list(_texts(self._model, resource, readable))
        self._known: dict[str, list[Any]] = {}

    def find(self, texts: Collection[str]) -> Mapping[str, list[Any]]:
        """Return the values of the rows that these texts may mean: none, one, or several."""
        if len(self._known) > _KEPT:
            self._known.clear()
        missing = {text for text in texts if text not in self._known}
        found: dict[str, list[Any]] = {}
        for search in (self._by_value, *(self._by_text(text) for text in self._texts)):
            left = sorted(missing - found.keys())
            for start in range(0, len(left), _AT_ONCE):
                for text, value in search(left[start : start + _AT_ONCE]):
                    values = found.setdefault(text, [])
                    values += [] if value in values else [value]
        self._known |= {text: found.get(text, []) for text in missing}
        return self._known

    def _by_value(self, texts: Collection[str]) -> Iterator[tuple[str, Any]]:
        values: dict[Any, list[str]] = {}
        for text in texts:
            try:
                values.setdefault(self._adapter.validate_strings(text), []).append(text)
            except ValueError:
                continue
        statement = sa.select(self._target).where(self._target.in_(list(values)), *self._conditions)
        for value in self._session.scalars(statement) if values else ():
            yield from ((text, value) for text in values.get(value, ()))

    def _by_text(self, column: sa.ColumnElement[str]) -> Any:
        """Return a function that finds rows by a text of theirs, first as it is, then in any case."""

        def find(texts: Collection[str]) -> Iterator[tuple[str, Any]]:
            left = {*texts}
            for text, value in self._rows(column, left):
                left.discard(text)
                yield text, value
            by_lower: dict[str, list[str]] = {}
            for text in left:
                by_lower.setdefault(text.lower(), []).append(text)
            for text, value in self._rows(sa.func.lower(column), [*by_lower]):
                yield from ((written, value) for written in by_lower.get(text, ()))

        return find

    def _rows(
        self, column: sa.ColumnElement[str], texts: Collection[str]
    ) -> Iterator[tuple[str, Any]]:
        if texts:
            matches = column.in_(sorted(texts))
            statement = sa.select(column, self._target).where(matches, *self._conditions)
            yield from ((text, value) for text, value in self._session.execute(statement).all())


def _texts(model: Any, resource: Any, readable: set[str]) -> Iterator[sa.ColumnElement[str]]:
    """Yield the texts that rows are known by, as far as they are readable: unique columns of text, and the label.

    The label is also yielded with what completes it, such as `7A (2025/2026)`.
    """
    mapper, table = sa.inspect(model), model.__table__
    keys = [key for key in table.constraints if isinstance(key, sa.UniqueConstraint)]
    for key in sorted(keys, key=lambda key: str(key.name)):
        column = next(iter(key.columns))
        attribute = mapper.get_property_by_column(column).key
        if len(key.columns) == 1 and _is_text(column) and attribute in readable:
            yield getattr(model, attribute)
    names = [getattr(model, name) for name in resource.named_by]
    if not names or not readable.issuperset(resource.named_by) or not all(map(_is_text, names)):
        return
    label = _joined(names, " ")
    yield label
    others = [getattr(model, name) for name in resource.qualified_by if name in readable]
    if qualifiers := [column for column in others if _is_text(column)]:
        yield label + " (" + _joined(qualifiers, ", ") + ")"


def _joined(columns: Sequence[Any], separator: str) -> sa.ColumnElement[str]:
    first, *others = (sa.func.coalesce(column, "") for column in columns)
    return functools.reduce(lambda text, part: text + separator + part, others, first)


def _is_text(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
