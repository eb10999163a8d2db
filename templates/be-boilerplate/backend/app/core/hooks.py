"""Where the application's own code comes in: `app.own.hooks` says what happens before a row is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import DeclarativeBase, Session

Row = TypeVar("Row", bound=DeclarativeBase)
Hook = Callable[[Session, Any], None]


class Moment:
    """A moment in the life of rows; hooks of a model are called in the order in which they were added."""

    def __init__(self) -> None:
        self._hooks: dict[type[DeclarativeBase], list[Hook]] = {}

    def of(
        self, model: type[Row]
    ) -> Callable[[Callable[[Session, Row], None]], Callable[[Session, Row], None]]:
        """Return the decorator of a function that is called for rows of this model."""

        def add(hook: Callable[[Session, Row], None]) -> Callable[[Session, Row], None]:
            self._hooks.setdefault(model, []).append(hook)
            return hook

        return add

    def __call__(self, session: Session, row: DeclarativeBase) -> None:
        """Call the hooks of a row's model. One that raises a `ProblemError` refuses the request."""
        for hook in self._hooks.get(type(row), ()):
            hook(session, row)


before_create = Moment()
before_update = Moment()
before_delete = Moment()
