"""Errors as clients see them: problem details (RFC 9457) that name the fields at fault."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError, StatementError, TimeoutError
from starlette.exceptions import HTTPException

logger = logging.getLogger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    code: str
    message: str
    constraint: str | None = None


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []


class ProblemError(Exception):
    """Raised anywhere in a request to answer with a problem."""

    def __init__(self, status: int, detail: str, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)

    def within(self, place: str) -> ProblemError:
        """Return the same problem of a part of the request: `place` goes in front of every field."""
        errors = [
            error.model_copy(update={"field": f"{place}.{error.field}".rstrip(".")})
            for error in self.errors
        ]
        return ProblemError(self.status, self.detail, errors)


def invalid(errors: Sequence[FieldError]) -> ProblemError:
    """Return the problem of a request whose values cannot be accepted."""
    return ProblemError(422, _summary(errors), errors)


def conflict(detail: str, errors: Iterable[FieldError] = ()) -> ProblemError:
    """Return the problem of a request that collides with what is stored."""
    return ProblemError(409, detail, errors)


def stale(detail: str) -> ProblemError:
    """Return the problem of a change to a version of a row that is no longer the present one."""
    return ProblemError(412, detail)


def not_found(detail: str) -> ProblemError:
    """Return the problem of a row that does not exist."""
    return ProblemError(404, detail)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of these problems, for a route's `responses`."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "model": Problem, "content": content}
        for status in statuses
    }


MISSING = problem_responses(404)
REFUSED = problem_responses(404, 409)  # a row, because of others
CHANGED = problem_responses(404, 409, 412)  # a change, because of others or of another version


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(ProblemError)
    def _(request: Request, error: ProblemError) -> JSONResponse:
        return _answer(request, error.status, error.detail, error.errors)

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_field_error(item) for item in error.errors()]
        return _answer(request, 422, _summary(errors), errors)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> JSONResponse:
        # It is no text, nested too deep, or holds too long a number.
        if isinstance(error.__cause__, (ValueError, RecursionError)):
            body = FieldError(field="body", code="json_invalid", message="is not sound JSON")
            return _answer(request, 422, _summary([body]), [body])
        return _answer(request, error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(DataError)
    def _(request: Request, error: DataError) -> JSONResponse:
        return _answer(request, 422, f"The database cannot take a value: {first_line(error)}.")

    @app.exception_handler(StatementError)
    def _(request: Request, error: StatementError) -> JSONResponse:
        if isinstance(error.orig, (OverflowError, ValueError)):  # the driver cannot write it
            return _answer(request, 422, f"The database cannot take a value: {first_line(error)}.")
        raise error

    @app.exception_handler(OperationalError)
    @app.exception_handler(TimeoutError)
    def _(request: Request, error: Exception) -> JSONResponse:
        logger.error("database unavailable", exc_info=error)
        return _answer(request, 503, "The database is not available.", headers={"Retry-After": "5"})

    @app.exception_handler(Exception)
    def _(request: Request, error: Exception) -> JSONResponse:
        logger.error("unexpected error", exc_info=error)
        return _answer(request, 500, "The server made a mistake.")


def _answer(
    request: Request,
    status: int,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Any = None,
) -> JSONResponse:
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=list(errors),
    )
    return JSONResponse(
        problem.model_dump(mode="json"), status, headers, media_type="application/problem+json"
    )


def _field_error(item: Any) -> FieldError:
    place = [str(part) for part in item["loc"]]
    if len(place) > 1:
        place = place[1:]  # without "body", "query" or "path"
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "model_attributes_type":
        message = "must be a JSON object, sent as application/json"
    return FieldError(field=".".join(place), code=item["type"], message=message)


def _summary(errors: Sequence[FieldError]) -> str:
    fields: dict[str, list[str]] = {}
    for error in errors:
        fields.setdefault(error.message, []).append(error.field)
    said = [f"{', '.join(dict.fromkeys(names))}: {message}" for message, names in fields.items()]
    return "; ".join(said) or "The request is not valid."


def first_line(error: StatementError) -> str:
    """Return what the database, or its driver, says is wrong."""
    return (str(error.orig).splitlines() or ["invalid value"])[0]
