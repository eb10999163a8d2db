"""Routes of the session: log in, who is logged in and with which rights, log out."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations.

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy.orm import Session

from app.core.access.actor import Actor
from app.core.access.rights import TableRights
from app.core.database import Base, get_session
from app.core.fields import Body
from app.core.lazy_routers import resource_of
from app.core.login.accounts import find_account, set_hash
from app.core.login.attempts import count_attempt, forget_attempt
from app.core.login.authentication import access_for, current_actor
from app.core.login.cookies import check_origin, read_token, remove_token, write_token
from app.core.login.passwords import MAX_LENGTH, hash_password, is_outdated, matches
from app.core.login.sessions import begin_session, end_session
from app.core.problems import ProblemError, problem_responses

router = APIRouter(prefix="/session", tags=["session"])


class Credentials(Body):
    """What a person logs in with."""

    login: str = Field(min_length=1, max_length=255)
    password: SecretStr = Field(min_length=1, max_length=MAX_LENGTH)


class Allowed(BaseModel):
    """What may be done with a table; lists name the only fields for which it may be done."""

    read: bool | list[str]
    create: bool | list[str]
    update: bool | list[str]
    delete: bool
    export: bool


class Who(BaseModel):
    """Who is logged in; `rights` are by the path of a table."""

    login: str
    role: str
    rights: dict[str, Allowed]


@router.post("", operation_id="log_in", responses=problem_responses(401, 403, 429))
def log_in(
    request: Request,
    response: Response,
    credentials: Credentials,
    session: Annotated[Session, Depends(get_session)],
) -> Who:
    """Begin a session, in place of the one that the browser has."""
    check_origin(request)
    login, password = credentials.login, credentials.password.get_secret_value()
    address = request.client.host if request.client else ""
    count_attempt(session, login, address)
    account = find_account(session, login)
    session.rollback()  # releases the connection while the hash is computed
    is_known = matches(password, account.hash if account else None)
    if account is None or not is_known or not account.is_active:
        raise ProblemError(401, "The login or the password is wrong.")
    if is_outdated(account.hash):
        set_hash(session, login, hash_password(password))
        account = find_account(session, login) or account
    forget_attempt(session, login, address)
    if previous := read_token(request):
        end_session(session, previous)
    seconds = request.app.state.settings.session_seconds
    token = begin_session(session, account, seconds)
    session.commit()
    write_token(request, response, token, seconds)
    return _who(account.actor)


@router.get("", operation_id="get_session", responses=problem_responses(401))
def who_is_logged_in(actor: Annotated[Actor, Depends(current_actor)]) -> Who:
    """Return who is logged in, and what they may do."""
    return _who(actor)


@router.delete("", operation_id="log_out", status_code=204, responses=problem_responses(403))
def log_out(
    request: Request, response: Response, session: Annotated[Session, Depends(get_session)]
) -> None:
    """End the session, if there is one."""
    check_origin(request)
    if token := read_token(request):
        end_session(session, token)
        session.commit()
    remove_token(request, response)


def _who(actor: Actor) -> Who:
    access = access_for(actor)
    rights = {
        table.info["path"].lstrip("/"): _allowed(table, access.to(table.info["model"]))
        for table in Base.metadata.tables.values()
        if "path" in table.info
    }
    return Who(login=actor.login, role=actor.role, rights=rights)


def _allowed(table: sa.Table, rights: TableRights) -> Allowed:
    read = rights.read
    if not isinstance(read, bool):
        resource = resource_of(table)
        key = [resource.field_names[name] for name in resource.key]
        read = tuple(dict.fromkeys((*key, *read)))
    return Allowed(
        read=_fields(read),
        create=_fields(rights.create),
        update=_fields(rights.update),
        delete=rights.delete,
        export=rights.export and bool(rights.read),
    )


def _fields(fields: bool | tuple[str, ...]) -> bool | list[str]:
    return fields if isinstance(fields, bool) else list(fields)
