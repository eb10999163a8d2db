"""Health checks: whether the process is alive, and whether it is ready to serve requests."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.database import get_session
from app.core.problems import problem_responses

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The status of the process."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="health")
async def health() -> Health:  # not in the thread pool, which may be busy
    """Respond while the process is alive."""
    return Health()


@router.get("/readyz", operation_id="ready", responses=problem_responses(503))
def ready(session: Annotated[Session, Depends(get_session)]) -> Health:
    """Respond while the database is reachable."""
    session.execute(sa.text("SELECT 1"))
    return Health()
