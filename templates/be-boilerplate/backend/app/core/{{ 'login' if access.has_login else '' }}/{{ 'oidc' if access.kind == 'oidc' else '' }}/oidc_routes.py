"""Routes that a browser opens to log in with the identity provider, and to return from it."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations.

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.core.database import get_session
from app.core.login.cookies import read_token, write_token
from app.core.login.oidc.attempt_cookie import begin_attempt, end_attempt, read_attempt
from app.core.login.oidc.failure_page import failure_page
from app.core.login.oidc.oidc_accounts import account_of
from app.core.login.oidc.oidc_settings import OidcSettings, OidcSettingsError, oidc_settings
from app.core.login.oidc.provider import provider_of
from app.core.login.sessions import begin_session, end_session
from app.core.problems import ProblemError, problem_responses, respond
from app.own.settings import Settings

router = APIRouter(prefix="/session/oidc", tags=["session"])

# A path of this application: browsers take "//" and "/\\" for the beginning of another host.
_PATH = r"^/([^/\\?\x00-\x20\x7f][^\\?\x00-\x20\x7f]*)?(\?[^\x00-\x20\x7f]*)?$"


class Answer(BaseModel):
    """What the identity provider sends back with the browser (RFC 6749, RFC 9207)."""

    state: str = Field("", max_length=200)
    code: str = Field("", max_length=4000)
    error: str = Field("", max_length=200)
    iss: str | None = Field(None, max_length=2000)


@router.get(
    "",
    operation_id="begin_oidc_login",
    status_code=303,
    response_class=RedirectResponse,
    responses=problem_responses(503),
)
def begin(
    request: Request,
    return_to: Annotated[str, Query(pattern=_PATH, max_length=2000)] = "/",
) -> Response:
    """Send the browser to the identity provider; `return_to` is the page of this application that follows."""
    response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
    try:
        own = _own(request)
        attempt = begin_attempt(request, response, return_to, own.client_secret)
        url = provider_of(own).login_url(attempt, _redirect_uri(request))
    except ProblemError as problem:
        return _failure(request, problem)
    response.headers["location"] = url
    return response


@router.get(
    "/callback",
    operation_id="end_oidc_login",
    status_code=303,
    response_class=RedirectResponse,
    responses=problem_responses(400, 401, 403, 503),
)
def end(
    request: Request,
    session: Annotated[Session, Depends(get_session)],
    answer: Annotated[Answer, Query()],
) -> Response:
    """Begin a session for the person whom the identity provider names, and return to the page they came from."""
    try:
        token, return_to = _begin_session(request, session, answer)
    except ProblemError as problem:
        response = _failure(request, problem)
    else:
        response = RedirectResponse(return_to, 303, {"Cache-Control": "no-store"})
        write_token(request, response, token, _settings(request).session_seconds)
    end_attempt(request, response)
    return response


def _begin_session(request: Request, session: Session, answer: Answer) -> tuple[str, str]:
    """Return the token of a new session, and the page to return to."""
    own, settings = _own(request), _settings(request)
    found = read_attempt(request, own.client_secret)
    if found is None or not hmac.compare_digest(found[0].state.encode(), answer.state.encode()):
        raise ProblemError(
            400, "This login was not begun in this browser, or took too long. Log in again."
        )
    attempt, return_to = found
    if answer.error or not answer.code:
        reason = answer.error or "it sent no code"
        raise ProblemError(401, f"The identity provider refused the login: {reason}.")
    provider = provider_of(own)
    identity = provider.identity(attempt, answer.code, answer.iss, _redirect_uri(request))
    account = account_of(session, identity, settings.oidc_default_role)
    if previous := read_token(request):
        end_session(session, previous)
    token = begin_session(session, account, settings.session_seconds)
    session.commit()
    return token, return_to


def logout_url(request: Request) -> str | None:
    """Return the address that ends the session at the identity provider, which then returns to this application."""
    address = urlsplit(_redirect_uri(request))
    return provider_of(_own(request)).logout_url(f"{address.scheme}://{address.netloc}/")


def _redirect_uri(request: Request) -> str:
    """Return the address to which the provider sends the browser back."""
    return _settings(request).oidc_redirect_url or str(request.url_for("end"))


def _own(request: Request) -> OidcSettings:
    try:
        return oidc_settings(_settings(request))
    except OidcSettingsError as error:
        raise ProblemError(503, str(error)) from error


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _failure(request: Request, problem: ProblemError) -> Response:
    """Return a page for a browser, which shows the response to a person, and a problem document for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return respond(request, problem.status, problem.detail)
    return failure_page(request.headers, problem)
