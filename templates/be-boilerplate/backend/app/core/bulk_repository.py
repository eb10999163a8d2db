"""Adding and changing many rows of one table in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import Field
from sqlalchemy.exc import DBAPIError

from app.core.bulk import find_dangling, find_rejected, within
from app.core.fields import Body
from app.core.hooks import HookPoint, after_create, after_update
from app.core.integrity import explain
from app.core.problems import ProblemError
from app.core.repository import AnyChange, Repository
from app.core.resource import Model, Read

MAX_BULK_ROWS = 1000

New = TypeVar("New", bound=Body)
Changed = TypeVar("Changed", bound=AnyChange)


class Edits(Body, Generic[New, Changed]):
    """New rows and changes of existing ones."""

    create: list[New] = Field(default=[], max_length=MAX_BULK_ROWS)
    update: list[Changed] = Field(default=[], max_length=MAX_BULK_ROWS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One of the parts of edits, by its name in the request; `bodies` are the fields of its items."""

    name: str
    items: Sequence[Any]
    bodies: Sequence[Body]
    write_all: Callable[[Sequence[Any], int], Sequence[Any]]
    write_one: Callable[[Any], object]
    after: HookPoint


class BulkRepository(Repository[Model, Read]):
    """The rows of one table, many of which are written at once."""

    def insert_many(self, bodies: Sequence[Body]) -> None:
        """Add all rows as `create_many` does, and commit nothing."""
        self._written(self._add_all(bodies, 0), after_create)

    def save_many(
        self, added: Sequence[Body], changes: Sequence[AnyChange]
    ) -> tuple[list[Read], list[Read]]:
        """Add and change all rows, or none; return the added and the changed ones.

        If one is rejected, the problem's fields are prefixed with `create` or `update` and its index there.
        """
        if changes:
            self.access.require("update", self.resource)
        bodies = [change.changes for change in changes]
        parts = (
            _Part(
                name="update",
                items=changes,
                bodies=bodies,
                write_all=self._change_all,
                write_one=self._change_one,
                after=after_update,
            ),
            _Part(
                name="create",
                items=added,
                bodies=added,
                write_all=self._add_all,
                write_one=self._add_one,
                after=after_create,
            ),
        )
        try:
            changed, created = (self._save(part) for part in parts)
            self.session.commit()
        except ProblemError:
            self.session.rollback()
            raise
        except DBAPIError as error:
            self.session.rollback()
            problem = self._find_rejected(parts)
            problem = problem or explain(error, self.session, self.resource.model, {})
            raise problem or error from error
        return created, changed

    def _save(self, part: _Part) -> list[Read]:
        if not part.items:
            return []
        with within(part.name):
            return self._written(part.write_all(part.items, 0), part.after)

    def _find_rejected(self, parts: Sequence[_Part]) -> ProblemError | None:
        """Return the problem of the first row that the database rejects, after the parts before its own."""
        for part in parts:
            try:
                with self.session.begin_nested():
                    part.write_all(part.items, 0)
                    self.session.expunge_all()  # a new row may have the key of a changed one
            except DBAPIError:
                problem = find_rejected(self.session, part.items, part.write_all, part.write_one)
                return problem.within(part.name) if problem else None
        self.session.rollback()
        for part in parts:
            if problem := find_dangling(self.session, self.resource.model, part.bodies):
                return problem.within(part.name)
        return None
