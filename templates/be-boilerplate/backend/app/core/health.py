"""Whether the process lives, and whether it can do its work."""

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
    """A sign of life."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="health")
def health() -> Health:
    """Say that the process is alive."""
    return Health()


@router.get("/readyz", operation_id="ready", responses=problem_responses(503))
def ready(session: Annotated[Session, Depends(get_session)]) -> Health:
    """Say that the database answers."""
    session.execute(sa.text("SELECT 1"))
    return Health()
