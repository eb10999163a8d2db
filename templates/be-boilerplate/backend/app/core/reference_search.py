"""Searches (`q`) that also find rows by the labels of the rows that they refer to: a payment by the name of its pupil.

Each word must be in the row's own text or in one of these labels. The referenced rows are looked up first, with the index
of their own search: where few match, their keys become a condition that an index on the reference answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.expansion import Expandable
from app.core.filtering import Condition
from app.core.search import Search

if TYPE_CHECKING:
    from app.core.reachable import Reachable

_FEW = 1000  # referenced rows whose keys are listed in a condition
_FEW_IN_AN_ARRAY = 10_000
_MOST_WORDS = 5  # that may each be in another label


@dataclass(frozen=True, kw_only=True, slots=True)
class _Searched:
    """A reference whose rows are searched for words in the text of `label`."""

    reference: Expandable
    target: Reachable
    label: Search

    def rows(self, words: Sequence[str]) -> list[Condition]:
        """Return the conditions of the referenced rows whose label has all of these words.

        The search of their table comes first, as it has an index.
        """
        model = self.reference.target
        found = self.target.filters.search.matches(model, words)
        visible = self.target.access.visible(model)
        return [found, self.label.contains(model, words), *visible]

    def lookup(self, words: Sequence[str]) -> _Lookup:
        """Look the referenced rows up."""
        columns = [element.column for element in self.reference.constraint.elements]
        conditions = self.rows(words)
        is_array = self._has_arrays(columns)
        few = _FEW_IN_AN_ARRAY if is_array else _FEW
        statement = sa.select(*columns).where(*conditions).limit(few + 1)
        keys = self.target.session.execute(statement).all()
        if not keys:
            return _Lookup(condition=None)
        if len(keys) > few:
            return _Lookup(condition=self.reference.probes(conditions), is_many=True)
        values: list[Any] = [key[0] if len(columns) == 1 else tuple(key) for key in keys]
        own = self.reference.columns
        if is_array:
            array = sa.literal(values, postgresql.ARRAY(columns[0].type))
            return _Lookup(condition=own == sa.any_(array))
        return _Lookup(condition=own.in_(values))

    def _has_arrays(self, columns: Sequence[sa.ColumnElement[Any]]) -> bool:
        """Return whether keys can be sent as one parameter."""
        is_postgresql = self.target.session.get_bind().dialect.name == "postgresql"
        is_plain = isinstance(columns[0].type, (sa.Integer, sa.String, sa.Uuid))
        return is_postgresql and len(columns) == 1 and is_plain


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lookup:
    """The condition that a row refers to one of those found; None if there are none, `is_many` if they are not few."""

    condition: Condition | None
    is_many: bool = False


def search_conditions(reachable: Reachable, q: str) -> list[Condition]:
    """Return the condition that each word is in the text of a row, or in the label of one that it refers to.

    There is none if there are no words. Raises ValueError.
    """
    model, search = reachable.resource.model, reachable.filters.search
    words = search.words(q)
    if not words:
        return []
    searched = list(_searched(reachable))
    own = search.matches(model, words)
    if not searched:
        return [own]
    if len(words) > _MOST_WORDS:
        return [sa.or_(own, *_together(searched, words))]
    lookups = [[one.lookup([word]) for one in searched] for word in words]
    if not any(found.condition is not None for found_ones in lookups for found in found_ones):
        return [own]
    parts = [
        _Word(own=search.matches(model, [word], is_part=len(words) > 1), lookups=found)
        for word, found in zip(words, lookups, strict=True)
    ]
    if len(words) == 1 or not all(part.is_common for part in parts):
        return [sa.and_(*(part.anywhere() for part in parts))]
    return [sa.or_(*_together(searched, words), *_with_one_listed(parts))]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Word:
    """Where a word can be: in the row's own text, or in the label of a referenced row."""

    own: Condition
    lookups: Sequence[_Lookup]

    @property
    def is_common(self) -> bool:
        """Whether no index answers the condition of the word."""
        return any(found.is_many for found in self.lookups)

    def anywhere(self) -> Condition:
        """Return the condition that the word is in one of these places."""
        return sa.or_(self.own, *self._conditions(self.lookups))

    def listed(self) -> Condition:
        """Return the same condition without the references to many rows, which an index answers."""
        return sa.or_(self.own, *self._conditions(one for one in self.lookups if not one.is_many))

    def _conditions(self, lookups: Iterable[_Lookup]) -> list[Condition]:
        return [found.condition for found in lookups if found.condition is not None]


def _together(searched: Sequence[_Searched], words: Sequence[str]) -> Iterator[Condition]:
    """Yield the conditions that all words are in one label."""
    for one in searched:
        found = one.lookup(words).condition
        if found is not None:
            yield found


def _with_one_listed(parts: Sequence[_Word]) -> Iterator[Condition]:
    """Yield the conditions that all words are found and an index finds one of them.

    With `_together`, they are complete for words that are each common in one reference.
    """
    for part in parts:
        others = [other.anywhere() for other in parts if other is not part]
        yield sa.and_(part.listed(), *others)


def _searched(reachable: Reachable) -> Iterator[_Searched]:
    """Yield the references whose rows the actor may search, with the texts of their labels that it may read."""
    names = reachable.resource.searched_references
    known = reachable.references() if names else {}
    for path, chosen in names.items():
        target = reachable.of_target(known[path]) if path in known else None
        if target is None:
            continue
        search, resource = target.filters.search, target.resource
        label = [*resource.named_by, *resource.qualified_by]
        mapper = sa.inspect(resource.model)
        columns = [
            name
            for name in search.columns
            if (mapper.attrs[name].columns[0].name in chosen if chosen else name in label)
        ]
        if columns:
            phones = [name for name in columns if name in search.phones]
            yield _Searched(reference=known[path], target=target, label=Search(columns, phones))
