"""Who makes a request, and what they may do: the dependency of every route of a table."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from inspect import signature
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Request
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import Access, set_access
from app.core.access.actor import Actor
from app.core.access.rights import Action, Rights, check_rights
from app.core.database import get_session
from app.core.filtering import Condition
from app.core.login.cookies import check_origin, read_token
from app.core.login.sessions import actor_of_token
from app.core.problems import ProblemError
from app.own import permissions

logger = logging.getLogger(__name__)
# These are missing from a file that was generated before the application had a login.
_RIGHTS: Rights | None = getattr(permissions, "RIGHTS", None)
_own_scope: Any = getattr(permissions, "scope", None)
_TAKES_ACTION = _own_scope is not None and len(signature(_own_scope).parameters) > 2


def current_actor(request: Request, session: Annotated[Session, Depends(get_session)]) -> Actor:
    """Return who is logged in; raises a problem 401 where nobody is, and 403 for a request from another site."""
    token = read_token(request)
    actor = actor_of_token(session, token) if token else None
    session.close()  # releases the connection until the request needs it
    if actor is None:
        raise ProblemError(
            401, "Log in first: POST a login and a password to the path of the session."
        )
    check_origin(request)
    return actor


def authenticate(
    request: Request,
    session: Annotated[Session, Depends(get_session)],
    actor: Annotated[Actor, Depends(current_actor)],
) -> None:
    """Limit the session of a request to what its actor may do; `request.state.actor` is who it is."""
    set_access(session, access_for(actor))
    request.state.actor = actor


def access_for(actor: Actor) -> Access:
    """Return what an actor may do, as `app.own.permissions` says."""
    rights = None if _RIGHTS is None else _RIGHTS.get(actor.role, {})
    return Access(actor, rights, None if _own_scope is None else _scope)


def _scope(actor: Actor, model: type[DeclarativeBase], action: Action) -> Iterable[Condition]:
    """Call the application's `scope`, which may be from a time when it was not given the action."""
    found: Iterable[Condition] = (
        _own_scope(actor, model, action) if _TAKES_ACTION else _own_scope(actor, model)
    )
    return found


def check_own_rights(metadata: sa.MetaData) -> None:
    """Raise ValueError if `app.own.permissions` names tables or fields that do not exist."""
    if _RIGHTS is None:
        logger.warning("app/own/permissions.py has no RIGHTS: every account may do everything")
    check_rights(_RIGHTS or {}, metadata)
