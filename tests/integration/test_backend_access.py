"""Login, rights and scope of a generated backend, by HTTP on all databases: role x action x path, without a leak."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import plain_environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.mariadb import MariadbServer
    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.mariadb", "tests.integration.postgres"]

DDL = """
CREATE TABLE teachers (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE staff (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text NOT NULL UNIQUE, password_hash text NOT NULL,
    role text NOT NULL, is_active boolean NOT NULL DEFAULT true, teacher_id int REFERENCES teachers
);
CREATE TABLE classes (id int PRIMARY KEY, name text NOT NULL, teacher_id int NOT NULL REFERENCES teachers);
CREATE TABLE students (
    id int PRIMARY KEY, full_name text NOT NULL, diagnosis text, class_id int NOT NULL REFERENCES classes,
    friend_id int REFERENCES students ON DELETE SET NULL, deleted_at timestamptz
);
CREATE TABLE marks (
    id int PRIMARY KEY, student_id int NOT NULL REFERENCES students, mark int NOT NULL, remark text
);
CREATE TABLE payments (id int PRIMARY KEY, student_id int NOT NULL REFERENCES students, note text);
CREATE INDEX ON students (friend_id);
CREATE INDEX ON payments (student_id);
CREATE INDEX ON marks (student_id);
"""
# The same tables where they are written for MariaDB; as booleans it also has the bits of MySQL
ON_MARIADB = {
    "GENERATED ALWAYS AS IDENTITY": "AUTO_INCREMENT",
    "login text NOT NULL": "login varchar(100) NOT NULL",
    "is_active boolean NOT NULL DEFAULT true": "is_active bit(1) NOT NULL DEFAULT b'1'",
    "timestamptz": "datetime(6)",
    "CREATE INDEX ON": "CREATE INDEX referring ON",
}
PERMISSIONS = '''
"""Rights of the test."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.orm import DeclarativeBase

from app.classes.model import Class
from app.core.access.actor import Actor
from app.core.access.rights import ALL, READ, Rights, TableRights
from app.marks.model import Mark
from app.students.model import Student

RIGHTS: Rights = {
    "admin": {"*": ALL},
    "teacher": {
        "classes": READ,
        "students": TableRights(
            read=("full_name", "class_id", "friend_id"),
            create=("id", "full_name", "class_id", "friend_id"),
            update=("full_name", "class_id", "friend_id"),
            export=True,
        ),
        "marks": ALL,
    },
    "clerk": {"students": TableRights(read=("full_name",)), "payments": ALL},
    "box": {"payments": TableRights(create=True)},
}


def scope(actor: Actor, model: type[DeclarativeBase]) -> Iterable[sa.ColumnElement[bool]]:
    if actor.role != "teacher":
        return
    own = sa.select(Class.id).where(Class.teacher_id == actor.links["teacher_id"])
    if model is Class:
        yield Class.id.in_(own)
    if model is Student:
        yield Student.class_id.in_(own)
    if model is Mark:
        yield Mark.student_id.in_(sa.select(Student.id).where(Student.class_id.in_(own)))


async def check(request: Request) -> None:
    assert request.state.actor.login
'''
OPTIONS = {"auth": "session", "soft_delete": "deleted_at", "charts": True}
ROLES = {"root": "admin", "ann": "teacher", "carl": "clerk", "bo": "box", "nil": "none"}
PASSWORD = "correct horse 1"
HIDDEN = "HIDDENROW"  # in all texts of the rows that the teacher must not see
SECRET = "DIAGNOSED"
DELETED = "DELETEDROW"  # in all texts of the rows that were soft-deleted
ROWS: dict[str, list[dict[str, Any]]] = {
    "teachers": [{"id": 1, "name": "Ann"}, {"id": 2, "name": f"Ben {HIDDEN}"}],
    "classes": [{"id": 1, "name": "7A", "teacher_id": 1}, {"id": 2, "name": f"7B {HIDDEN}", "teacher_id": 2}],
    "students": [
        {"id": 1, "full_name": "Ada", "diagnosis": f"{SECRET} 1", "class_id": 1, "friend_id": None},
        {"id": 2, "full_name": f"Eve {HIDDEN}", "diagnosis": f"{SECRET} 2", "class_id": 2, "friend_id": None},
        {"id": 3, "full_name": "Cid", "diagnosis": f"{SECRET} 3", "class_id": 1, "friend_id": 2},
        {"id": 4, "full_name": f"Gil {DELETED}", "diagnosis": DELETED, "class_id": 1, "friend_id": None},
        {"id": 5, "full_name": "Hal", "diagnosis": f"{SECRET} 5", "class_id": 1, "friend_id": 4},
    ],
    "marks": [
        {"id": 1, "student_id": 1, "mark": 7, "remark": "good"},
        {"id": 2, "student_id": 2, "mark": 3, "remark": HIDDEN},
    ],
    "payments": [{"id": 1, "student_id": 1, "note": "May"}, {"id": 2, "student_id": 2, "note": "June"}],
}


class Application:
    """A running application, and a logged-in client of each role; as a context manager it closes them."""

    def __init__(self, url: str, folder: Path, database: str) -> None:
        self.url, self.folder, self.database = url, folder, database
        self.clients: dict[str, httpx.Client] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def client(self, login: str | None = None, password: str = PASSWORD) -> httpx.Client:
        """Return a client that is logged in."""
        client = self._stack.enter_context(httpx.Client(base_url=f"{self.url}/api", timeout=30))
        if login is not None:
            response = client.post("/session", json={"login": login, "password": password})
            assert response.status_code == 200, response.text
        return client

    def command(self, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        """Run the command of accounts."""
        return subprocess.run(
            [sys.executable, "-m", "app.core.login", *arguments],
            cwd=self.folder,
            env={**plain_environment(), "DATABASE_URL": self.database},
            input=f"{password}\n",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def folder(database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dialect, ddl = "postgres", DDL
    if database == "mariadb":
        dialect = database
        for old, new in ON_MARIADB.items():
            ddl = ddl.replace(old, new)
    files = backend_files(read_ddl_text(ddl, dialect), options=OPTIONS)
    backend = write_backend(files, tmp_path_factory.mktemp("access"))
    (backend / "app" / "own" / "permissions.py").write_text(PERMISSIONS, encoding="utf-8")
    return backend


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def app(
    folder: Path, database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'x.db'}"
        if database == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.new_database())
        if database == "mariadb":
            mariadb: MariadbServer = request.getfixturevalue("mariadb_server")
            url = stack.enter_context(mariadb.new_database()).url
        running = stack.enter_context(serving(folder, url))
        app = stack.enter_context(Application(running.url, folder, url))
        made = app.command("add", "root", "--role", "admin")
        assert made.returncode == 0, made.stderr
        root = app.clients["admin"] = app.client("root")
        for table, rows in ROWS.items():
            response = root.post(f"/{table}/bulk", json=rows)
            assert response.status_code == 201, response.text
        assert root.delete("/students/4").status_code == 204
        for login, role in ROLES.items():
            if role != "admin":
                link = ["--set", "teacher_id=1"] if role == "teacher" else []
                made = app.command("add", login, "--role", role, *link)
                assert made.returncode == 0, made.stderr
                app.clients[role] = app.client(login)
        app.clients["nobody"] = app.client()
        yield app


# Reading: what each role gets, and the number of rows where that is what tells
READS: dict[str, dict[str, int]] = {
    "/students": {"admin": 200, "teacher": 200, "clerk": 200, "box": 403, "none": 403, "nobody": 401},
    "/students?limit=1&sort=-full_name": {"admin": 200, "teacher": 200, "clerk": 200, "none": 403, "nobody": 401},
    f"/students?q={HIDDEN}": {"admin": 200, "teacher": 200, "none": 403, "nobody": 401},
    f"/students?full_name__contains={HIDDEN}": {"admin": 200, "teacher": 200},
    "/students?q=DIAGNOSED": {"admin": 200, "teacher": 200, "clerk": 200},
    "/students?diagnosis__contains=D": {"admin": 200, "teacher": 422, "clerk": 422, "none": 403, "nobody": 401},
    "/students?sort=diagnosis": {"admin": 200, "teacher": 422, "clerk": 422},
    "/students?expand=class_id,friend_id": {"admin": 200, "teacher": 200, "clerk": 422},
    "/students/count": {"admin": 200, "teacher": 200, "clerk": 200, "box": 403, "none": 403, "nobody": 401},
    f"/students/count?full_name__contains={HIDDEN}": {"admin": 200, "teacher": 200},
    "/students?count=exact": {"admin": 200, "teacher": 200},
    "/students?count=estimated": {"admin": 200, "teacher": 200},
    "/students/export.csv": {"admin": 200, "teacher": 200, "clerk": 403, "none": 403, "nobody": 401},
    f"/students/export.csv?q={HIDDEN}": {"admin": 200, "teacher": 200},
    "/students/1": {"admin": 200, "teacher": 200, "clerk": 200, "box": 403, "none": 403, "nobody": 401},
    "/students/2": {"admin": 200, "teacher": 404, "clerk": 200, "none": 403, "nobody": 401},
    "/students/9": {"admin": 404, "teacher": 404, "none": 403, "nobody": 401},
    "/students/1/history": {"admin": 200, "teacher": 200, "clerk": 200, "none": 403, "nobody": 401},
    "/students/2/history": {"admin": 200, "teacher": 404, "none": 403, "nobody": 401},
    "/students/9/history": {"admin": 404, "teacher": 404},
    "/students/4": {"admin": 404, "teacher": 404, "clerk": 404, "none": 403, "nobody": 401},
    "/students/4/history": {"teacher": 404, "clerk": 404, "none": 403, "nobody": 401},
    "/students/4/consequences": {"admin": 404, "teacher": 404, "nobody": 401},
    f"/students?q={DELETED}": {"admin": 200, "teacher": 200, "clerk": 200},
    f"/students?full_name__contains={DELETED}": {"admin": 200, "teacher": 200},
    f"/students/export.csv?q={DELETED}": {"admin": 200, "teacher": 200},
    "/students?deleted=only": {"teacher": 403, "clerk": 403, "box": 403, "none": 403, "nobody": 401},
    "/students?deleted=true": {"teacher": 403, "clerk": 403, "none": 403, "nobody": 401},
    "/students/count?deleted=only": {"teacher": 403, "clerk": 403, "nobody": 401},
    "/students/export.csv?deleted=true": {"teacher": 403, "clerk": 403, "nobody": 401},
    "/students?deleted=some": {"admin": 422},
    "/marks?deleted=only": {"admin": 422, "teacher": 422},
    "/marks": {"admin": 200, "teacher": 200, "clerk": 403, "none": 403, "nobody": 401},
    "/marks?expand=student_id": {"admin": 200, "teacher": 200, "clerk": 403},
    "/marks/export.csv": {"admin": 200, "teacher": 200, "clerk": 403, "nobody": 401},
    "/marks/2": {"admin": 200, "teacher": 404, "clerk": 403, "nobody": 401},
    "/classes": {"admin": 200, "teacher": 200, "clerk": 403, "none": 403, "nobody": 401},
    "/classes?expand=teacher_id": {"admin": 200, "teacher": 200},
    "/classes/2": {"admin": 200, "teacher": 404},
    "/teachers": {"admin": 200, "teacher": 403, "none": 403, "nobody": 401},
    "/teachers/2": {"admin": 200, "teacher": 403, "nobody": 401},
    "/staff": {"admin": 200, "teacher": 403, "nobody": 401},
    "/payments": {"admin": 200, "teacher": 403, "clerk": 200, "box": 403, "none": 403, "nobody": 401},
    "/payments?expand=student_id": {"admin": 200, "clerk": 200},
    "/students/groups?group_by=class_id": {
        "admin": 200,
        "teacher": 200,
        "clerk": 422,
        "box": 403,
        "none": 403,
        "nobody": 401,
    },
    "/students/groups?group_by=friend_id": {"admin": 200, "teacher": 200, "clerk": 422},
    "/students/groups?group_by=deleted_at__day": {"admin": 200, "teacher": 422, "clerk": 422, "none": 403},
    "/students/groups?group_by=class_id&deleted=only": {"teacher": 403, "clerk": 422, "none": 403, "nobody": 401},
    "/students/groups?group_by=class_id&diagnosis__contains=D": {"admin": 200, "teacher": 422},
    f"/students/groups?group_by=friend_id&q={HIDDEN}": {"admin": 200, "teacher": 200},
    f"/students/groups?group_by=friend_id&friend__full_name__contains={DELETED}": {"admin": 200, "teacher": 200},
    "/marks/groups?group_by=student_id": {"admin": 200, "teacher": 200, "clerk": 403, "none": 403, "nobody": 401},
    "/payments/groups?group_by=student_id": {"admin": 200, "teacher": 403, "clerk": 200, "box": 403, "nobody": 401},
    "/classes/groups?group_by=teacher_id": {"admin": 200, "teacher": 200, "clerk": 403},
    "/staff/groups?group_by=password_hash": {"admin": 422, "teacher": 403, "nobody": 401},
    # Through references: a hidden field or table is like one that does not exist, a hidden row is never found
    f"/marks?student__full_name__contains={HIDDEN}": {"admin": 200, "teacher": 200, "clerk": 403},
    "/marks?student__diagnosis__contains=D": {"admin": 200, "teacher": 422, "none": 403, "nobody": 401},
    "/marks?sort=student__diagnosis": {"admin": 200, "teacher": 422},
    "/marks?sort=student__full_name": {"admin": 200, "teacher": 200},
    "/marks?sort=-student__friend__full_name": {"admin": 200, "teacher": 200},
    "/marks?student__friend__diagnosis__is_null=false": {"admin": 200, "teacher": 422},
    "/students?class__teacher__name__contains=B": {"admin": 200, "teacher": 422, "clerk": 422},
    "/students?class__teacher__q=Ben": {"admin": 200, "teacher": 422},
    "/students?class__name=7A": {"admin": 200, "teacher": 200, "clerk": 422},
    "/students?sort=class__teacher__name": {"admin": 200, "teacher": 422, "clerk": 422},
    f"/students?friend__q={HIDDEN}": {"admin": 200, "teacher": 200, "clerk": 422},
    "/payments?student__class__name=7A": {"admin": 200, "clerk": 422, "box": 403},
    "/payments?student__class_id=1": {"admin": 200, "clerk": 422},
    "/payments?student__diagnosis__like=%25": {"admin": 200, "clerk": 422},
    "/payments?student__q=DIAGNOSED": {"admin": 200, "clerk": 200},
    f"/payments?q={HIDDEN}": {"admin": 200, "clerk": 200, "box": 403},
    "/staff?teacher__name=Ann": {"admin": 200, "teacher": 403},
    f"/marks?q={HIDDEN}": {"admin": 200, "teacher": 200},
    f"/marks/export.csv?student__full_name__contains={HIDDEN}": {"admin": 200, "teacher": 200},
    "/marks/export.csv?labels=true": {"admin": 200, "teacher": 200, "clerk": 403, "nobody": 401},
    "/students/export.csv?labels=true": {"admin": 200, "teacher": 200, "clerk": 403},
    "/classes/export.csv?labels=true": {"admin": 200, "teacher": 403},
    "/payments/export.csv?labels=true": {"admin": 200, "clerk": 200, "box": 403},
    "/payments/1/history": {"admin": 200, "teacher": 403, "box": 403},
}


@pytest.mark.parametrize("path", READS)
def test_no_path_shows_a_hidden_row_or_field(app: Application, path: str) -> None:
    for role, status in READS[path].items():
        response = app.clients[role].get(path)
        assert response.status_code == status, (role, response.text)
        shown = response.text.replace(response.json()["instance"], "") if status >= 400 else response.text
        shown += str(response.headers)
        if role == "teacher":
            assert HIDDEN not in _without_query(shown, path)
        if role != "admin":
            assert SECRET not in _without_query(shown, path)
        assert DELETED not in _without_query(shown, path)


def _without_query(text: str, path: str) -> str:
    """Return a response without the words that the request itself has, as in a header `Link`."""
    for word in (HIDDEN, SECRET, DELETED):
        text = text.replace(f"q={word}", "").replace(f"contains={word}", "") if word in path else text
    return text


def test_totals_do_not_count_hidden_rows(app: Application) -> None:
    teacher, admin = app.clients["teacher"], app.clients["admin"]
    visible = admin.get("/students?class_id=1&count=exact").json()["total"]
    for query in ("", "?count=exact", "?count=estimated", "?limit=1"):
        assert teacher.get(f"/students{query}").json()["total"] == visible
    assert teacher.get("/students/count").json() == {"count": visible}
    assert teacher.get(f"/students/count?full_name__contains={HIDDEN}").json() == {"count": 0}
    assert teacher.get(f"/students/count?q={HIDDEN}").json() == {"count": 0}
    assert teacher.get(f"/students/count?q={SECRET}").json() == {"count": 0}
    page = teacher.get("/students?expand=class_id,friend_id").json()
    assert [row["id"] for row in page["expanded"]["class_id"]] == [1]
    assert page["expanded"]["friend_id"] == []
    assert teacher.get("/classes?expand=teacher_id").json()["expanded"] == {"teacher_id": []}
    assert page["items"][0].keys() == {"id", "full_name", "class_id", "friend_id"}
    header = teacher.get("/students/export.csv").text.splitlines()[0]
    assert header == "id,full_name,class_id,friend_id"


def test_groups_do_not_count_hidden_rows(app: Application) -> None:
    teacher, admin, clerk = (app.clients[role] for role in ("teacher", "admin", "clerk"))
    visible = admin.get("/students?class_id=1&count=exact").json()["total"]
    by_class = {"value": 1, "label": "7A", "count": visible, "filters": {"class_id__eq": "1"}}
    assert teacher.get("/students/groups?group_by=class_id").json() == {"items": [by_class], "others": 0}
    assert teacher.get("/students/groups?group_by=class_id&limit=1").json() == {"items": [by_class], "others": 0}
    everyone = admin.get("/students/groups?group_by=class_id&limit=1").json()
    assert everyone == {"items": [by_class], "others": 1}
    friends = teacher.get("/students/groups?group_by=friend_id").json()["items"]
    assert [(group["value"], group["label"]) for group in friends] == [(2, None), (4, None), (None, None)]
    deleted = admin.get("/students/groups?group_by=class_id&deleted=only").json()["items"]
    assert [(group["label"], group["count"]) for group in deleted] == [("7A", 1)]
    marks = teacher.get("/marks/groups?group_by=student_id").json()["items"]
    assert [(group["label"], group["count"]) for group in marks] == [("Ada", 1)]
    payers = clerk.get("/payments/groups?group_by=student_id").json()["items"]
    assert [group["label"] for group in payers] == ["Ada", f"Eve {HIDDEN}"]
    classes = teacher.get("/classes/groups?group_by=teacher_id").json()["items"]
    assert [(group["value"], group["label"], group["count"]) for group in classes] == [(1, None, 1)]


# A filter, a search or an order that tells a hidden row from a missing one would change these counts and orders
def test_no_path_through_a_reference_tells_of_a_hidden_row(app: Application) -> None:
    teacher, admin, clerk = (app.clients[role] for role in ("teacher", "admin", "clerk"))
    counts = {
        f"/students/count?friend__full_name__contains={HIDDEN}": (1, 0),
        "/students/count?friend__full_name__ne=nobody": (1, 0),
        "/students/count?friend__id__gte=2": (1, 0),
        "/students/count?friend__full_name__like=%25": (1, 0),
        f"/students/count?friend__q={HIDDEN}": (1, 0),
        f"/students/count?q={HIDDEN}": (2, 0),  # the row itself, and the one whose friend it is
        "/students/count?friend__class__id=2": (1, 0),
        f"/students/count?friend__class__name__contains={HIDDEN}": (1, 0),
        f"/marks/count?student__full_name__contains={HIDDEN}": (1, 0),
        f"/students/count?friend__full_name__contains={DELETED}": (0, 0),
        f"/students/count?q={DELETED}": (0, 0),
        "/students/count?friend__id=4": (0, 0),
        "/marks/count?student__friend__full_name__like=%25": (0, 0),
    }
    for path, (all_rows, visible) in counts.items():
        assert admin.get(path).json() == {"count": all_rows}, path
        assert teacher.get(path).json() == {"count": visible}, path
    orders = ("friend__full_name", "-friend__full_name", "friend__class__name", "-friend__id")
    for sort in orders:  # a hidden friend is like none
        rows = teacher.get(f"/students?sort={sort},id&friend_id__is_null=false").json()["items"]
        everyone = teacher.get(f"/students?sort={sort},id").json()["items"]
        assert [row["id"] for row in everyone] == sorted(row["id"] for row in everyone)
        assert [row["id"] for row in rows] == [3, 5]  # the friend of the second one is deleted
        page = teacher.get(f"/students?sort={sort}&limit=1").json()
        while page["next"]:
            assert HIDDEN not in _decoded(page["next"])
            page = teacher.get(f"/students?sort={sort}&limit=1&after={page['next']}").json()
    labelled = teacher.get("/students/export.csv?labels=true&sort=id").text.splitlines()
    assert labelled[0] == "id,full_name,class_id,class,friend_id,friend"
    assert labelled[2] == "3,Cid,1,7A,2,"
    assert clerk.get("/payments/count?student__q=DIAGNOSED").json() == {"count": 0}
    assert clerk.get("/payments/count?student__q=Ada").json() == {"count": 1}
    assert admin.get("/payments/count?student__q=DIAGNOSED").json() == {"count": 2}
    hint = clerk.get("/payments?student__diagnosi=x").json()["errors"][0]["message"]
    assert SECRET not in hint
    assert "diagnosis" not in hint


def _decoded(cursor: str) -> str:
    """Return the content of a cursor."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")


# Writing: method, path, body, and what each role gets. Nothing may be changed that the rights do not allow.
ADD = {"id": 50, "full_name": "New", "class_id": 1}
WRITES: list[tuple[str, str, Any, dict[str, int]]] = [
    ("POST", "/students", ADD | {"class_id": 2}, {"teacher": 422, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/students", ADD | {"friend_id": 2}, {"teacher": 422}),
    ("POST", "/students", ADD | {"diagnosis": "x"}, {"teacher": 403}),
    ("POST", "/students/bulk", [ADD, ADD | {"id": 51, "class_id": 2}], {"teacher": 422, "clerk": 403, "nobody": 401}),
    ("POST", "/students/bulk", [ADD, ADD | {"id": 51, "diagnosis": "x"}], {"teacher": 403}),
    ("PATCH", "/students/2", {"full_name": "x"}, {"teacher": 404, "clerk": 403, "none": 403, "nobody": 401}),
    ("PATCH", "/students/1", {"diagnosis": "x"}, {"teacher": 403}),
    ("PATCH", "/students/1", {"class_id": 2}, {"teacher": 422}),
    ("PATCH", "/students/1", {"friend_id": 2}, {"teacher": 422}),
    ("PUT", "/students/2", {"full_name": "x", "class_id": 1}, {"teacher": 404, "clerk": 403, "nobody": 401}),
    ("PUT", "/students/1", {"full_name": "x", "class_id": 1, "diagnosis": "x"}, {"teacher": 403}),
    ("PUT", "/students/1", {"full_name": "x", "class_id": 2}, {"teacher": 422}),
    ("DELETE", "/students/1", None, {"teacher": 403, "clerk": 403, "none": 403, "nobody": 401}),
    ("DELETE", "/students/2", None, {"teacher": 403}),
    ("POST", "/students/bulk-delete", [1, 2], {"teacher": 403, "clerk": 403, "nobody": 401}),
    ("POST", "/students/bulk-update", [{"key": 1, "changes": {"full_name": "x"}}, {"key": 2, "changes": {}}],
     {"teacher": 404, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/students/bulk-update", [{"key": 1, "changes": {"class_id": 2}}], {"teacher": 422}),
    ("POST", "/students/bulk-update", [{"key": 1, "changes": {"diagnosis": "x"}}], {"teacher": 403}),
    ("POST", "/students/bulk-save", {"create": [ADD], "update": [{"key": 2, "changes": {}}]},
     {"teacher": 404, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/students/bulk-save", {"create": [ADD | {"class_id": 2}]}, {"teacher": 422, "clerk": 403}),
    ("POST", "/students/bulk-save", {"update": [{"key": 1, "changes": {"diagnosis": "x"}}]}, {"teacher": 403}),
    ("POST", "/students/import", "id,full_name,class_id\n50,New,1\n51,New,2\n",
     {"teacher": 422, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/students/import?columns=id,full_name,class_id,diagnosis", "a,b,c,d\n50,New,1,x\n", {"teacher": 403}),
    ("POST", "/students/import?dry_run=true", "id,full_name,class_id\n50,New,1\n", {"teacher": 200, "clerk": 403}),
    ("POST", "/students/import/columns", "id\n", {"teacher": 200, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/students/import/template", {}, {"teacher": 200, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/marks", {"id": 60, "student_id": 2, "mark": 1}, {"teacher": 422, "clerk": 403, "nobody": 401}),
    ("PATCH", "/marks/1", {"student_id": 2}, {"teacher": 422}),
    ("PATCH", "/marks/2", {"mark": 9}, {"teacher": 404, "clerk": 403}),
    ("DELETE", "/marks/2", None, {"teacher": 404, "clerk": 403, "nobody": 401}),
    ("POST", "/classes", {"id": 70, "name": "x", "teacher_id": 1}, {"teacher": 403, "nobody": 401}),
    ("PATCH", "/classes/1", {"name": "x"}, {"teacher": 403, "nobody": 401}),
    ("PATCH", "/staff/1", {"role": "admin"}, {"teacher": 403, "clerk": 403, "none": 403, "nobody": 401}),
    ("POST", "/payments", {"id": 80, "student_id": 1, "note": "x"}, {"box": 422, "none": 403, "nobody": 401}),
    ("POST", "/students/4/restore", None, {"teacher": 403, "clerk": 403, "none": 403, "nobody": 401}),
    ("PATCH", "/students/4", {"full_name": "x"}, {"admin": 404, "teacher": 404, "clerk": 403, "nobody": 401}),
    ("PUT", "/students/4", {"full_name": "x", "class_id": 1}, {"admin": 404, "teacher": 404}),
    ("DELETE", "/students/4", None, {"admin": 404, "teacher": 403, "nobody": 401}),
    ("POST", "/students/bulk-update", [{"key": 4, "changes": {"full_name": "x"}}], {"admin": 404, "teacher": 404}),
    ("POST", "/marks", {"id": 61, "student_id": 4, "mark": 1}, {"admin": 422, "teacher": 422}),
    ("POST", "/students", ADD | {"friend_id": 4}, {"admin": 422, "teacher": 422}),
    ("POST", "/students", ADD | {"deleted_at": "2026-01-01T00:00:00Z"}, {"admin": 422, "teacher": 422}),
    ("PATCH", "/students/1", {"deleted_at": "2026-01-01T00:00:00Z"}, {"admin": 422, "teacher": 422}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRITES)))
def test_nothing_is_written_without_the_right(app: Application, number: int) -> None:
    method, path, body, expected = WRITES[number]
    before = _everything(app)
    for role, status in expected.items():
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        response = app.clients[role].request(method, path, **sent)
        assert response.status_code == status, (role, response.text)
        if role == "teacher":
            assert HIDDEN not in response.text
    assert _everything(app) == before


def _everything(app: Application) -> Any:
    return [app.clients["admin"].get(f"/{table}?sort=id").json()["items"] for table in ROWS]


def test_a_hidden_row_is_refused_like_a_missing_one(app: Application) -> None:
    teacher = app.clients["teacher"]
    hidden = teacher.post("/marks", json={"id": 60, "student_id": 2, "mark": 1}).json()
    missing = teacher.post("/marks", json={"id": 60, "student_id": 99, "mark": 1}).json()
    assert hidden == missing
    assert teacher.get("/marks/2").json()["title"] == teacher.get("/marks/99").json()["title"]
    assert teacher.delete("/marks/2").status_code == teacher.delete("/marks/99").status_code == 404
    response = teacher.patch("/marks/2", json={"mark": 1}, headers={"If-Match": "*"})
    assert response.status_code == 404


def test_a_bulk_delete_leaves_hidden_rows(app: Application) -> None:
    admin, teacher = app.clients["admin"], app.clients["teacher"]
    admin.post("/marks", json={"id": 10, "student_id": 1, "mark": 5})
    assert teacher.post("/marks/bulk-delete", json=[10, 2, 99]).json() == {"deleted": 1}
    assert admin.get("/marks/2").status_code == 200


def test_what_is_allowed_works(app: Application) -> None:
    admin, teacher = app.clients["admin"], app.clients["teacher"]
    made = teacher.post("/students", json={"id": 20, "full_name": "Dot", "class_id": 1})
    assert (made.status_code, made.json().keys()) == (201, {"id", "full_name", "class_id", "friend_id"})
    assert teacher.post("/students/bulk", json=[{"id": 21, "full_name": "El", "class_id": 1}]).status_code == 201
    admin.patch("/students/20", json={"diagnosis": "kept"})
    got = teacher.get("/students/20")
    stale = {"If-Match": '"stale"'}
    assert teacher.put("/students/20", json={"full_name": "D", "class_id": 1}, headers=stale).status_code == 412
    fresh = {"If-Match": got.headers["ETag"]}
    put = teacher.put("/students/20", json={"full_name": "Dora", "class_id": 1}, headers=fresh)
    assert put.json()["full_name"] == "Dora"
    assert admin.get("/students/20").json()["diagnosis"] == "kept"  # which the teacher may not write
    changed = teacher.post("/students/bulk-update", json=[{"key": 21, "changes": {"full_name": "Elle"}}])
    assert changed.json()[0]["full_name"] == "Elle"
    # A reference to a hidden row that is there already may stay.
    assert teacher.patch("/students/3", json={"full_name": "Cyd", "friend_id": 2}).status_code == 200
    assert admin.post("/students/bulk-delete", json=[20, 21]).json() == {"deleted": 2}


def test_a_deleted_row_is_restored_by_who_may_delete(app: Application) -> None:
    admin = app.clients["admin"]
    assert [row["id"] for row in admin.get("/students?deleted=only&id=4").json()["items"]] == [4]
    assert admin.get("/students/count?deleted=only&id=4").json() == {"count": 1}
    assert DELETED in admin.get("/students/export.csv?deleted=only").text
    taken = admin.post("/students", json={"id": 4, "full_name": "New", "class_id": 1})
    assert (taken.status_code, taken.json()["errors"][0]["message"]) == (
        409,
        "is taken by a deleted row, which can be restored",
    )
    restored = admin.post("/students/4/restore")
    assert (restored.status_code, restored.json()["deleted_at"]) == (200, None)
    assert restored.headers["ETag"] == admin.get("/students/4").headers["ETag"]
    assert admin.get("/students?expand=friend_id&id=5").json()["expanded"]["friend_id"][0]["id"] == 4
    assert [one["action"] for one in admin.get("/students/4/history").json()] == ["update", "delete", "create"]
    shown = admin.get("/students/4/consequences").json()
    assert (shown["is_restorable"], [one["effect"] for one in shown["effects"]]) == (True, ["keep"])
    assert admin.post("/students/bulk-delete", json=[4, 99]).json() == {"deleted": 1}
    refused = admin.delete("/students/1")  # a mark refers to it
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (409, "is in use by marks or payments")


def test_changes_are_recorded_with_their_actor_and_without_secrets(app: Application) -> None:
    admin, teacher = app.clients["admin"], app.clients["teacher"]
    admin.post("/students", json={"id": 30, "full_name": "Fay", "diagnosis": SECRET, "class_id": 1})
    teacher.patch("/students/30", json={"full_name": "Fae"}, headers={"X-Request-ID": "request-1"})
    teacher.patch("/students/30", json={"full_name": "Fae"})  # changes nothing
    refused = teacher.patch("/students/30", json={"class_id": 77})
    assert refused.status_code == 422
    admin.post("/students/bulk-update", json=[{"key": 30, "changes": {"diagnosis": "none"}}])
    entries = admin.get("/students/30/history").json()
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("root", "update"), ("ann", "update"), ("root", "create"),
    ]  # fmt: skip
    assert (entries[0]["before"], entries[0]["after"]) == ({"diagnosis": SECRET}, {"diagnosis": "none"})
    assert (entries[1]["before"], entries[1]["after"]) == ({"full_name": "Fay"}, {"full_name": "Fae"})
    assert entries[1]["request_id"] == "request-1"
    assert entries[2]["before"] is None
    assert SECRET not in teacher.get("/students/30/history").text
    admin.post("/students/bulk-delete", json=[30])
    deleted = admin.get("/students/30/history").json()[0]
    assert (deleted["action"], deleted["after"], deleted["before"]["full_name"]) == ("delete", None, "Fae")
    assert teacher.get("/students/30/history").status_code == 404
    account = admin.get("/staff?login=ann").json()["items"][0]
    assert "password_hash" not in json.dumps(admin.get(f"/staff/{account['id']}/history").json())


def test_the_session_tells_the_rights(app: Application) -> None:
    who = app.clients["teacher"].get("/session").json()
    assert (who["login"], who["role"]) == ("ann", "teacher")
    assert who["rights"]["marks"] == dict.fromkeys(("read", "create", "update", "delete", "export"), True)
    assert who["rights"]["students"]["read"] == ["id", "full_name", "class_id", "friend_id"]
    assert who["rights"]["payments"]["read"] is False
    assert app.clients["nobody"].get("/session").status_code == 401


def test_a_session_begins_and_ends(app: Application) -> None:
    client = app.client("carl")
    cookie = next(iter(client.cookies.jar))
    attributes = client.post("/session", json={"login": "carl", "password": PASSWORD}).headers["set-cookie"]
    assert "HttpOnly" in attributes
    assert "samesite=lax" in attributes.lower()
    assert client.cookies["session"] != cookie.value  # rotated
    old = httpx.get(f"{app.url}/api/session", cookies={"session": str(cookie.value)})
    assert old.status_code == 401  # the session before has ended
    token = client.cookies["session"]
    assert client.delete("/session").status_code == 204
    assert httpx.get(f"{app.url}/api/payments", cookies={"session": token}).status_code == 401


def test_another_site_cannot_use_the_cookie(app: Application) -> None:
    teacher = app.clients["teacher"]
    body = {"mark": 7}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert teacher.patch("/marks/1", json=body, headers=headers).status_code == 403
        assert teacher.post("/session", json={"login": "a", "password": "b"}, headers=headers).status_code == 403
    own = {"Origin": app.url}
    assert teacher.patch("/marks/1", json=body, headers=own).status_code == 200
    assert teacher.patch("/marks/1", json=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_accounts_that_may_not_log_in(app: Application) -> None:
    admin = app.clients["admin"]
    assert app.command("add", "dan", "--role", "clerk").returncode == 0
    assert app.command("add", "dan", "--role", "clerk").returncode == 1
    short = app.command("password", "dan", password="short")
    assert (short.returncode, short.stderr) == (1, "A password has 8 to 1,024 characters.\n")
    client = app.client("dan")
    assert app.command("password", "dan", password="another one 2").returncode == 0
    assert client.get("/payments").status_code == 401  # a changed password ends its sessions
    client = app.client("dan", "another one 2")
    (account,) = admin.get("/staff?login=dan").json()["items"]
    assert admin.patch(f"/staff/{account['id']}", json={"is_active": False}).status_code == 200
    assert client.get("/payments").status_code == 401
    refused = client.post("/session", json={"login": "dan", "password": "another one 2"})
    unknown = client.post("/session", json={"login": "nobody at all", "password": "x"})
    assert (refused.status_code, refused.json()["detail"]) == (unknown.status_code, unknown.json()["detail"])


def test_too_many_failures_lock_a_login(app: Application) -> None:
    client = app.client()
    statuses = [
        client.post("/session", json={"login": "bo", "password": f"wrong {number}"}).status_code for number in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2
    locked = client.post("/session", json={"login": "bo", "password": PASSWORD})
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    assert app.client("carl").get("/payments").status_code == 200  # others still log in


def test_what_a_collation_takes_for_a_login_is_none(app: Application) -> None:
    client = app.client()
    assert client.post("/session", json={"login": "ánn", "password": PASSWORD}).status_code == 401
    spelled = ["Carl", "cARL", "CARL ", "carl  ", "CarL", "carL"]  # one login, of which failures are counted together
    statuses = [client.post("/session", json={"login": login, "password": "wrong"}).status_code for login in spelled]
    assert statuses == [401] * 5 + [429]


def test_attempts_at_the_same_time_are_all_counted(app: Application) -> None:
    client = app.client()

    def attempt(_number: int) -> int:
        return client.post("/session", json={"login": "dora", "password": "wrong"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == [401] * 5 + [429] * 3
