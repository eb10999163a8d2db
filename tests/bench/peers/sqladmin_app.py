"""SQLAdmin's pages of `students`: `uvicorn tests.bench.peers.sqladmin_app:app`, DATABASE_URL set."""

from fastapi import FastAPI
from sqladmin import Admin, ModelView
from sqladmin.filters import StaticValuesFilter

from tests.bench.by_hand import Student, engine


class StudentAdmin(ModelView, model=Student):  # type: ignore[call-arg]
    """The list of students, 50 a page."""

    column_list = (
        Student.id,
        Student.full_name,
        Student.nisn,
        Student.nis,
        Student.gender,
        Student.phone,
        Student.status,
    )
    column_searchable_list = (Student.full_name, Student.nickname, Student.nisn, Student.nis, Student.phone)
    column_filters = (StaticValuesFilter(Student.status, [("active", "Active"), ("graduated", "Graduated")]),)
    page_size = 50


app = FastAPI()
Admin(app, engine).add_view(StudentAdmin)


@app.get("/readyz")
def ready() -> None:
    """Report that the process is running."""
