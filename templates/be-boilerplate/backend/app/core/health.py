"""Health checks: whether the process is alive, and whether it is ready to serve requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.database import get_session
from app.core.problems import Problem, problem_responses

router = APIRouter(tags=["health"])
# The model adds the schema to the OpenAPI document, to which the problems of all routes refer.
_NOT_READY: dict[int | str, Any] = {503: problem_responses(503)[503] | {"model": Problem}}


class Health(BaseModel):
    """The status of the process."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="health")
async def health() -> Health:  # not in the thread pool, which may be busy
    """Respond while the process is alive."""
    return Health()


@router.get("/readyz", operation_id="ready", responses=_NOT_READY)
def ready(session: Annotated[Session, Depends(get_session)]) -> Health:
    """Respond while the database is reachable."""
    session.execute(sa.text("SELECT 1"))
    return Health()
