"""Error responses: problem details (RFC 9457) that name the fields at fault."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, SerializeAsAny
from sqlalchemy.exc import DataError, OperationalError, StatementError, TimeoutError
from starlette.exceptions import HTTPException

from app.core.paths import shown

logger = logging.getLogger(__name__)

_CANCELED = "57014"
_ENDED = {  # by SQLSTATE
    _CANCELED: "The request was ended because a statement took too long.",
    "55P03": "Another transaction held a lock for too long.",
}


class FieldError(BaseModel):
    """An error of one field; `constraint` names the violated database constraint."""

    field: str
    code: str
    message: str
    constraint: str | None = None


class Problem(BaseModel):
    """The body of every error response."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[SerializeAsAny[FieldError]] = []


class ProblemError(Exception):
    """Ends a request with a problem response. Can be raised anywhere while a request is handled."""

    def __init__(self, status: int, detail: str, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)

    def within(self, part: str) -> ProblemError:
        """Return the same problem for a part of the request: every field is prefixed with `part`."""
        errors = [
            error.model_copy(update={"field": f"{part}.{error.field}".rstrip(".")})
            for error in self.errors
        ]
        return ProblemError(self.status, self.detail, errors)


def invalid(errors: Sequence[FieldError]) -> ProblemError:
    """Return a problem 422: the request contains invalid values."""
    return ProblemError(422, _summary(errors), errors)


def conflict(detail: str, errors: Iterable[FieldError] = ()) -> ProblemError:
    """Return a problem 409: the request conflicts with stored rows."""
    return ProblemError(409, detail, errors)


def precondition_failed(detail: str) -> ProblemError:
    """Return a problem 412: the row is no longer the version that the client expects."""
    return ProblemError(412, detail)


def not_found(detail: str) -> ProblemError:
    """Return a problem 404: the row does not exist."""
    return ProblemError(404, detail)


def too_busy(detail: str) -> HTTPException:
    """Return a problem 503 that asks the client to try again after five seconds."""
    return HTTPException(503, detail, {"Retry-After": "5"})


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these status codes, for a route's `responses`.

    They refer to the schema of `Problem`, which the routes of health checks add to the document by its model: FastAPI
    analyses the model once for each response that names it.
    """
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    content = {"application/problem+json": schema, "application/json": schema}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


GET_PROBLEMS = problem_responses(404)
CREATE_PROBLEMS = problem_responses(404, 409)
CHANGE_PROBLEMS = problem_responses(404, 409, 412)


def add_problem_handlers(app: FastAPI) -> None:
    """Register exception handlers that respond to every error with a problem document."""

    @app.exception_handler(ProblemError)
    def _(request: Request, error: ProblemError) -> JSONResponse:
        return respond(request, error.status, error.detail, error.errors)

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_field_error(item) for item in error.errors()]
        return respond(request, 422, _summary(errors), errors)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> JSONResponse:
        # The body is not UTF-8, is nested too deeply, or contains a number that is too long.
        if isinstance(error.__cause__, (ValueError, RecursionError)):
            body = FieldError(field="body", code="json_invalid", message="is not valid JSON")
            return respond(request, 422, _summary([body]), [body])
        return respond(request, error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(DataError)
    def _(request: Request, error: DataError) -> JSONResponse:
        return respond(request, 422, f"The database rejected a value: {first_line(error)}.")

    @app.exception_handler(StatementError)
    def _(request: Request, error: StatementError) -> JSONResponse:
        if isinstance(error.orig, (OverflowError, ValueError)):  # raised by the driver
            return respond(request, 422, f"The database rejected a value: {first_line(error)}.")
        raise error

    @app.exception_handler(OperationalError)
    @app.exception_handler(TimeoutError)
    def _(request: Request, error: Exception) -> JSONResponse:
        # A statement that was too slow will be again, and would only add to the load.
        headers = None if was_canceled(error) else {"Retry-After": "5"}
        return respond(request, 503, _unavailable(error), headers=headers)

    @app.exception_handler(Exception)
    def _(request: Request, error: Exception) -> JSONResponse:
        logger.error("unexpected error", exc_info=error)
        return respond(request, 500, "An unexpected error occurred.")


def was_canceled(error: Exception) -> bool:
    """Return whether PostgreSQL ended a statement on request or at its time limit."""
    return _sqlstate(error) == _CANCELED


def _sqlstate(error: Exception) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None))


def _unavailable(error: Exception) -> str:
    """Return why the database did not execute a statement."""
    state = _sqlstate(error)
    if state in _ENDED:
        return _ENDED[state]
    logger.error("database unavailable", exc_info=error)
    return "The database is not available."


def respond(
    request: Request,
    status: int,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Any = None,
) -> JSONResponse:
    """Return a response with a problem."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=shown(request.url.path),
        errors=list(errors),
    )
    return JSONResponse(
        problem.model_dump(mode="json"), status, headers, media_type="application/problem+json"
    )


def _field_error(item: Any) -> FieldError:
    path = [str(part) for part in item["loc"]]
    if len(path) > 1:
        path = path[1:]  # drop "body", "query" or "path"
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "model_attributes_type":
        message = "must be a JSON object, sent as application/json"
    return FieldError(field=".".join(path), code=item["type"], message=message)


def _summary(errors: Sequence[FieldError]) -> str:
    fields: dict[str, list[str]] = {}
    for error in errors:
        fields.setdefault(error.message, []).append(error.field)
    parts = [f"{', '.join(dict.fromkeys(names))}: {message}" for message, names in fields.items()]
    return "; ".join(parts) or "The request is not valid."


def first_line(error: StatementError) -> str:
    """Return the first line of the message from the database or its driver."""
    return (str(error.orig).splitlines() or ["invalid value"])[0]
