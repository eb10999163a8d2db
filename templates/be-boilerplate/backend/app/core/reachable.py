"""The fields that lists of a table can be filtered and sorted by: its own, and those of the rows that it refers to.

`student__class__name` is a path: the names of at most `MAX_DEPTH` references, then a field. To an actor, what it may not
read does not exist: paths through a hidden field or to a hidden table are unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.orm import Session

from app.core.access.access import access_of
from app.core.expansion import Expandable
from app.core.filtering import Filterable

if TYPE_CHECKING:
    from app.core.resource import Resource

MAX_DEPTH = 3  # references in a path
SEPARATOR = "__"  # of the parts of a path; no field has it in its name

End = TypeVar("End")


@dataclass(frozen=True, kw_only=True, slots=True)
class Path(Generic[End]):
    """The references that a path follows, and what its last part is in the table that they lead to."""

    steps: tuple[Expandable, ...] = ()
    end: End


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterEnd:
    """The end of a filter's path: an operator of a field, or without a field the search of the table `within`."""

    within: Reachable
    field: Filterable | None = None
    operator: str = "eq"


class Reachable:
    """What an actor can reach from the rows of a table by up to `depth` references."""

    def __init__(
        self, resource: Resource[Any, Any], session: Session, depth: int = MAX_DEPTH
    ) -> None:
        self.resource = resource
        self.session = session
        self.access = access_of(session)
        self.filters = self.access.filters(resource)
        self._depth = depth

    def references(self) -> dict[str, Expandable]:
        """Return the references whose fields and target the actor may read, by name."""
        hidden = self.access.hidden(self.resource)
        return {
            name: reference
            for name, reference in self.resource.references.by_path().items()
            if hidden.isdisjoint(reference.attributes)
            if self.access.allows("read", reference.target)
        }

    def of_target(self, reference: Expandable) -> Reachable | None:
        """Return what can be reached from the rows that a reference leads to; None if their table is not served."""
        resource = reference.resource()
        return None if resource is None else Reachable(resource, self.session, self._depth - 1)

    def resolve(self, path: str, find: Callable[[Reachable, str], End | None]) -> Path[End] | None:
        """Return what a path leads to, by `find` for its last part; an own field before one of a referenced row."""
        found = find(self, path)
        if found is not None:
            return Path(end=found)
        for reference, target, rest in self._followed(path):
            if further := target.resolve(rest, find):
                return replace(further, steps=(reference, *further.steps))
        return None

    def field(self, name: str) -> Filterable | None:
        """Return a field of the table itself."""
        return self.filters.fields.get(name)

    def sortable(self, name: str) -> Filterable | None:
        """Return a field of the table itself, if it has an order."""
        field = self.field(name)
        return field if field is not None and field.sortable else None

    def filter(self, parameter: str) -> FilterEnd | None:
        """Return the filter of a parameter without references."""
        if parameter == "q" and self._depth < MAX_DEPTH:
            return FilterEnd(within=self)
        name, _, last = parameter.rpartition(SEPARATOR)
        for field_name, operator in ((parameter, "eq"), (name, last)):
            field = self.field(field_name)
            if field is not None and operator in field.operators:
                return FilterEnd(within=self, field=field, operator=operator)
        return None

    def hint(self, path: str) -> str:
        """Return what is wrong with an unknown path, as the end of a message; empty if nothing is similar."""
        if self.is_too_deep(path):
            return f": a path follows at most {MAX_DEPTH} references"
        similar = self.similar(path)
        return f"; did you mean {similar}?" if similar else ""

    def is_too_deep(self, path: str) -> bool:
        """Return whether a path follows one reference more than it may."""
        if self._depth:
            return any(target.is_too_deep(rest) for _, target, rest in self._followed(path))
        return path.partition(SEPARATOR)[0] in self.references()

    def similar(self, path: str) -> str:
        """Return the path of a field that is spelled like this one; empty if there is none."""
        first, _, rest = path.partition(SEPARATOR)
        references = self.references() if self._depth and rest else {}
        for name in get_close_matches(first, [*references, *self.filters.fields]):
            target = self.of_target(references[name]) if name in references else None
            further = target.similar(rest) if target else ""
            if further or name in self.filters.fields:
                return f"{name}{SEPARATOR}{further}" if further else name
        return ""

    def _followed(self, path: str) -> Iterator[tuple[Expandable, Reachable, str]]:
        """Yield the references that a path may begin with, what they lead to, and the rest of the path."""
        if not self._depth or SEPARATOR not in path:
            return
        for name, reference in self.references().items():
            begin = f"{name}{SEPARATOR}"
            if path.startswith(begin) and (target := self.of_target(reference)):
                yield reference, target, path.removeprefix(begin)
