"""The baseline of the generated backend: what a developer would write by hand for `students` of the school.

FastAPI, SQLAlchemy and Pydantic as their own guides show them: one session for each request, plain `def` endpoints,
a response model. Serve it with `uvicorn tests.bench.by_hand:app`, DATABASE_URL set.
"""

# Annotations are not postponed here: SQLAlchemy, Pydantic and FastAPI read them.

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

Gender = Literal["L", "P"]
Religion = Literal["islam", "kristen", "katolik", "hindu", "buddha", "konghucu"]
Status = Literal["prospective", "active", "on_leave", "transferred", "graduated", "dropped_out"]


class Base(DeclarativeBase):
    """Base of the models."""


class Student(Base):
    """A student."""

    __tablename__ = "students"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    school_id: Mapped[int]
    nisn: Mapped[str]
    nis: Mapped[str]
    nik: Mapped[str | None]
    full_name: Mapped[str]
    nickname: Mapped[str | None]
    gender: Mapped[str] = mapped_column(ENUM(*get_args(Gender), name="gender"))
    birth_place: Mapped[str]
    birth_date: Mapped[dt.date]
    religion: Mapped[str] = mapped_column(ENUM(*get_args(Religion), name="religion"))
    blood_type: Mapped[str | None]
    address: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    primary_parent_id: Mapped[int | None]
    distance_km: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))
    hobbies: Mapped[list[str]] = mapped_column(ARRAY(sa.String))
    allergies: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    admitted_on: Mapped[dt.date]
    graduated_on: Mapped[dt.date | None]
    status: Mapped[str] = mapped_column(ENUM(*get_args(Status), name="student_status"))
    extra: Mapped[Any] = mapped_column("metadata", JSONB)
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))


class StudentRead(BaseModel):
    """A student in an answer."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    school_id: int
    nisn: str
    nis: str
    nik: str | None
    full_name: str
    nickname: str | None
    gender: Gender
    birth_place: str
    birth_date: dt.date
    religion: Religion
    blood_type: Literal["A", "B", "AB", "O"] | None
    address: str
    phone: str | None
    email: str | None
    primary_parent_id: int | None
    distance_km: Decimal | None
    hobbies: list[str]
    allergies: list[str]
    admitted_on: dt.date
    graduated_on: dt.date | None
    status: Status
    extra: Any
    created_at: dt.datetime
    updated_at: dt.datetime


class StudentPage(BaseModel):
    """A part of the students."""

    items: list[StudentRead]
    total: int


engine = sa.create_engine(
    sa.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"), pool_pre_ping=True
)
new_session = sessionmaker(engine)


def get_session() -> Iterator[Session]:
    """Give a request its session."""
    with new_session() as session:
        yield session


Db = Annotated[Session, Depends(get_session)]
app = FastAPI()


@app.get("/readyz")
def ready() -> None:
    """Report that the process is running."""


@app.get("/api/students", response_model=StudentPage)
def list_students(
    db: Db, limit: Annotated[int, Query(ge=1, le=500)] = 50, offset: Annotated[int, Query(ge=0)] = 0
) -> Any:
    """Return a page of students."""
    rows = db.scalars(sa.select(Student).order_by(Student.id).limit(limit).offset(offset)).all()
    total = db.scalar(sa.select(sa.func.count()).select_from(Student))
    return {"items": rows, "total": total}


@app.get("/api/students/{student_id}", response_model=StudentRead)
def get_student(student_id: int, db: Db) -> Any:
    """Return a student."""
    student = db.get(Student, student_id)
    if student is None:
        raise HTTPException(404, "Student not found")
    return student
