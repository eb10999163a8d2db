"""Extension points: what runs before and after rows are written. `app.own.hooks` registers the application's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import DeclarativeBase, Session

Row = TypeVar("Row", bound=DeclarativeBase)
Hook = Callable[[Session, Any], None]


class HookPoint:
    """A point in the life cycle of rows. The hooks of a model are called in the order of their registration."""

    def __init__(self) -> None:
        self._hooks: dict[type[DeclarativeBase], list[Hook]] = {}
        self._of_all: list[Hook] = []

    def of(
        self, model: type[Row]
    ) -> Callable[[Callable[[Session, Row], None]], Callable[[Session, Row], None]]:
        """Return a decorator that registers a function for rows of this model."""

        def register(hook: Callable[[Session, Row], None]) -> Callable[[Session, Row], None]:
            self._hooks.setdefault(model, []).append(hook)
            return hook

        return register

    def of_all(self, hook: Hook) -> Hook:
        """Register a function for rows of every model; it is called before those of the row's own model."""
        self._of_all.append(hook)
        return hook

    def concerns(self, model: type[DeclarativeBase]) -> bool:
        """Return whether the model has hooks."""
        return bool(self._of_all) or model in self._hooks

    def __call__(self, session: Session, row: DeclarativeBase) -> None:
        """Call the hooks of the row's model. A hook rejects the request by raising a `ProblemError`."""
        for hook in (*self._of_all, *self._hooks.get(type(row), ())):
            hook(session, row)


before_create = HookPoint()
before_update = HookPoint()
before_delete = HookPoint()
# These run in the transaction of the change, once the row is as stored; a problem that they raise undoes it.
after_create = HookPoint()
after_update = HookPoint()
after_delete = HookPoint()
