"""FastCRUD's router over `students`: `uvicorn tests.bench.peers.fastcrud_app:app`, DATABASE_URL set."""

# Annotations are not postponed here: FastAPI reads them.

import os
from collections.abc import AsyncIterator

import sqlalchemy as sa
from fastapi import FastAPI
from fastcrud import FilterConfig, crud_router
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from tests.bench.by_hand import Student, StudentCreate, StudentRead

engine = create_async_engine(sa.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"))
new_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with new_session() as session:
        yield session


app = FastAPI()
app.include_router(
    crud_router(
        session=get_session,
        model=Student,
        create_schema=StudentCreate,
        update_schema=StudentCreate,
        select_schema=StudentRead,
        filter_config=FilterConfig(status=None, full_name__ilike=None),
        path="/students",
    )
)


@app.get("/readyz")
def ready() -> None:
    """Report that the process is running."""
