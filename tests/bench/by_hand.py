"""The baseline of the generated backend: what an engineer would write by hand for two tables of the school.

FastAPI, SQLAlchemy and Pydantic with what is known to be fast on large tables: pages that begin after a key (keyset
paging), counts that stop at a cap, search through one trigram index, CSV by `COPY`, and one statement for a bulk
request. `scale_rows` makes the index. Serve it with `uvicorn tests.bench.by_hand:app`, DATABASE_URL set.
"""

# Annotations are not postponed here: SQLAlchemy, Pydantic and FastAPI read them.

import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from tests.bench.scale_rows import SEARCHED

Gender = Literal["L", "P"]
Religion = Literal["islam", "kristen", "katolik", "hindu", "buddha", "konghucu"]
Status = Literal["prospective", "active", "on_leave", "transferred", "graduated", "dropped_out"]
Presence = Literal["hadir", "terlambat", "sakit", "izin", "alpa"]
COUNT_CAP = 10_000
WILDCARD = re.compile(r"[\\%_]")  # escaped in a pattern of LIKE


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
    primary_parent_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    distance_km: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))
    hobbies: Mapped[list[str]] = mapped_column(ARRAY(sa.String))
    allergies: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    admitted_on: Mapped[dt.date]
    graduated_on: Mapped[dt.date | None]
    status: Mapped[str] = mapped_column(ENUM(*get_args(Status), name="student_status"))
    extra: Mapped[Any] = mapped_column("metadata", JSONB)
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))


class Attendance(Base):
    """The attendance of a student on a day or in a lesson."""

    __tablename__ = "attendance"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    student_id: Mapped[int] = mapped_column(sa.BigInteger)
    class_id: Mapped[int] = mapped_column(sa.BigInteger)
    schedule_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    attendance_date: Mapped[dt.date]
    status: Mapped[str] = mapped_column(ENUM(*get_args(Presence), name="attendance_status"))
    check_in: Mapped[dt.time | None]
    check_out: Mapped[dt.time | None]
    recorded_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    note: Mapped[str | None]
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


class StudentCreate(BaseModel):
    """A new student. Fields that are left out get the defaults of the database."""

    model_config = ConfigDict(extra="forbid")

    school_id: int
    nisn: str
    nis: str
    nik: str | None = None
    full_name: str
    gender: Gender
    birth_place: str
    birth_date: dt.date
    religion: Religion
    address: str
    phone: str | None = None
    email: str | None = None


class AttendanceRead(BaseModel):
    """Attendance in an answer."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    student_id: int
    class_id: int
    schedule_id: int | None
    attendance_date: dt.date
    status: Presence
    check_in: dt.time | None
    check_out: dt.time | None
    recorded_by_id: int | None
    note: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


students = TypeAdapter(list[StudentRead])


class StudentPage(BaseModel):
    """A part of the students; `total` stops at the cap."""

    items: list[StudentRead]
    total: int | None


class AttendancePage(BaseModel):
    """A part of the attendance; `total` stops at the cap."""

    items: list[AttendanceRead]
    total: int


engine = sa.create_engine(
    sa.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"), pool_pre_ping=True
)
new_session = sessionmaker(engine, expire_on_commit=False)


def get_session() -> Iterator[Session]:
    """Give a request its session."""
    with new_session() as session:
        yield session


Db = Annotated[Session, Depends(get_session)]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0)]
app = FastAPI()


@app.get("/readyz")
def ready() -> None:
    """Report that the process is running."""


@app.get("/api/students", response_model=StudentPage)
def list_students(
    db: Db,
    limit: Limit = 50,
    offset: Offset = 0,
    after: int = 0,
    status: Status | None = None,
    q: str = "",
    count: Literal["capped", "none"] = "capped",
) -> Response:
    """Return a page of students."""
    conditions = [Student.status == status] if status else []
    text = sa.literal_column(f"({SEARCHED})", sa.Text)
    conditions += [text.ilike(sa.literal(f"%{escaped}%")) for escaped in WILDCARD.sub(r"\\\g<0>", q).split()]
    return _page(db, Student, StudentPage, conditions, after, limit, offset, is_counted=count == "capped")


@app.get("/api/attendance", response_model=AttendancePage)
def list_attendance(db: Db, limit: Limit = 50, offset: Offset = 0, after: int = 0) -> Response:
    """Return a page of attendance."""
    return _page(db, Attendance, AttendancePage, [], after, limit, offset)


def _page(
    db: Session,
    model: type[Student | Attendance],
    page: type[BaseModel],
    conditions: Sequence[sa.ColumnElement[bool]],
    after: int,
    limit: int,
    offset: int,
    *,
    is_counted: bool = True,
) -> Response:
    found = sa.select(model).where(*conditions)
    rows = db.scalars(found.where(model.id > after).order_by(model.id).limit(limit).offset(offset)).all()
    some = sa.select(sa.literal(1)).select_from(model).where(*conditions).limit(COUNT_CAP + 1).subquery()
    total = db.scalar(sa.select(sa.func.count()).select_from(some)) if is_counted else None
    read = page.model_validate({"items": rows, "total": total}, from_attributes=True)
    return Response(read.model_dump_json(), media_type="application/json")


@app.get("/api/students/export.csv")
def export_students(status: Status | None = None) -> StreamingResponse:
    """Return all students as CSV, written by the database."""
    found = sa.select(Student).order_by(Student.id)
    found = found.where(Student.status == status) if status else found
    literal = found.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})

    def blocks() -> Iterator[bytes]:
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                raise RuntimeError("the connection is closed")
            with raw.cursor() as cursor, cursor.copy(f"COPY ({literal}) TO STDOUT (FORMAT csv, HEADER)") as copy:
                waiting, size = [], 0
                for line in copy:
                    waiting.append(bytes(line))
                    size += len(line)
                    if size > 2**16:
                        yield b"".join(waiting)
                        waiting, size = [], 0
                yield b"".join(waiting)

    return StreamingResponse(blocks(), media_type="text/csv")


@app.post("/api/students/bulk", status_code=201, response_model=list[StudentRead])
def create_students(db: Db, body: list[StudentCreate]) -> Response:
    """Add students by one statement, all or none."""
    values = [student.model_dump(exclude_unset=True) for student in body]
    rows = db.scalars(sa.insert(Student).returning(Student, sort_by_parameter_order=True), values).all()
    db.commit()
    read = students.dump_json(students.validate_python(rows, from_attributes=True))
    return Response(read, 201, media_type="application/json")


@app.post("/api/students/bulk-delete")
def delete_students(db: Db, body: list[int]) -> dict[str, int]:
    """Delete students by one statement, all or none."""
    deleted = db.execute(sa.delete(Student).where(Student.id == sa.any_(sa.literal(body, ARRAY(sa.BigInteger)))))
    db.commit()
    return {"deleted": deleted.rowcount}  # type: ignore[attr-defined]


@app.get("/api/students/{student_id}", response_model=StudentRead)
def get_student(student_id: int, db: Db) -> Any:
    """Return a student."""
    student = db.get(Student, student_id)
    if student is None:
        raise HTTPException(404, "Student not found")
    return student
