"""What one actor may do. Repositories ask this object before they read or write anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.actor import ANONYMOUS, Actor
from app.core.access.rights import ALL, Action, TableRights, forbidden, rights_of
from app.core.constraint_columns import has_key, table_of

if TYPE_CHECKING:
    from app.core.filtering import Condition
    from app.core.listing import Filters
    from app.core.resource import Resource

    AnyResource = Resource[Any, Any]

Scope = Callable[[Actor, type[DeclarativeBase]], "Iterable[Condition]"]

_INFO = "access"  # the key in `Session.info`


class Access:
    """The rights and the scope of an actor.

    `rights` are those of the actor's role by table, None where everything is allowed. `scope` returns the conditions
    that rows of a model must meet for the actor to see them.
    """

    def __init__(
        self,
        actor: Actor = ANONYMOUS,
        rights: Mapping[str, TableRights] | None = None,
        scope: Scope | None = None,
    ) -> None:
        self.actor = actor
        self._rights = rights
        self._scope = scope

    @property
    def has_scope(self) -> bool:
        """Whether the actor may see some rows only."""
        return self._scope is not None

    def to(self, model: type[DeclarativeBase]) -> TableRights:
        """Return the rights over the table of a model."""
        return ALL if self._rights is None else rights_of(self._rights, table_of(model).fullname)

    def allows(self, action: Action, model: type[DeclarativeBase]) -> bool:
        """Return whether an action is allowed for at least some fields."""
        return bool(getattr(self.to(model), action))

    def require(self, action: Action, resource: AnyResource) -> None:
        """Raise a problem 403 if an action is not allowed."""
        if not self.allows(action, resource.model):
            raise forbidden(f"Your role may not {action} rows of this table.")

    def visible(self, model: type[DeclarativeBase]) -> list[Condition]:
        """Return the conditions that a row must meet to be seen; none where all rows are visible."""
        return self._in_scope(model) if self.allows("read", model) else [sa.false()]

    # ----------------------------------------------------------------------------------------------------------- fields

    def hidden(self, resource: AnyResource) -> frozenset[str]:
        """Return the attributes that may not be read."""
        readable = self.to(resource.model).read
        if isinstance(readable, bool):
            return frozenset() if readable else frozenset(resource.read.model_fields)
        return frozenset(
            attribute
            for attribute, name in resource.field_names.items()
            if name not in readable and attribute not in resource.key
        )

    def filters(self, resource: AnyResource) -> Filters:
        """Return the filters of a table over the fields that may be read."""
        hidden = self.hidden(resource)
        return resource.filters.without(hidden) if hidden else resource.filters

    def hide(self, resource: AnyResource, rows: Iterable[BaseModel]) -> None:
        """Remove the fields that may not be read from rows: responses leave out what is not set."""
        if hidden := self.hidden(resource):
            for row in rows:
                row.model_fields_set.difference_update(hidden)

    def require_fields(self, action: Action, resource: AnyResource, sent: Iterable[str]) -> None:
        """Raise a problem 403 that names the fields, by attribute, that may not be written."""
        writable = getattr(self.to(resource.model), action)
        if isinstance(writable, bool):
            return
        names = [resource.field_names.get(attribute, attribute) for attribute in sent]
        if refused := [name for name in names if name not in writable]:
            raise forbidden(f"Your role may not write {', '.join(refused)}.", refused)

    def kept(self, resource: AnyResource) -> frozenset[str]:
        """Return the attributes that a replacement leaves as they are, since the role may not write them."""
        writable = self.to(resource.model).update
        if isinstance(writable, bool):
            return frozenset()
        names = resource.field_names.items()
        return frozenset(attribute for attribute, name in names if name not in writable)

    # ------------------------------------------------------------------------------------------------------------- rows

    def require_visible(self, session: Session, rows: Sequence[DeclarativeBase]) -> None:
        """Raise a problem 403 if a written row is outside of the actor's scope."""
        model = type(rows[0])
        if not (conditions := self._in_scope(model)):
            return
        keys = {sa.inspect(row).identity for row in rows}
        parts = [key for key in keys if key is not None]
        matches = has_key(model, [key[0] if len(key) == 1 else key for key in parts])
        statement = sa.select(sa.func.count()).select_from(model).where(matches, *conditions)
        if session.scalar(statement) != len(keys):
            raise forbidden("The row would be outside of the rows that you may see.")

    def _in_scope(self, model: type[DeclarativeBase]) -> list[Condition]:
        return [] if self._scope is None else list(self._scope(self.actor, model))


EVERYTHING = Access()


def access_of(session: Session) -> Access:
    """Return what the actor of a session may do: everything, unless the session is that of a request with a login."""
    access: Access = session.info.get(_INFO, EVERYTHING)
    return access


def actor_of(session: Session) -> Actor:
    """Return who changes rows in a session, for hooks."""
    return access_of(session).actor


def set_access(session: Session, access: Access) -> None:
    """Limit a session to what an actor may do."""
    session.info[_INFO] = access
