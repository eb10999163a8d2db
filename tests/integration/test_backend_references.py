"""Lists that are filtered, sorted and searched by the rows that they refer to, on both databases."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE teachers (id int PRIMARY KEY, full_name text, password_hash text, salary numeric(8, 2));
CREATE TABLE classes (
    id int PRIMARY KEY, name text NOT NULL, year text NOT NULL, teacher_id int REFERENCES teachers, UNIQUE (name, year)
);
CREATE TABLE students (
    id int PRIMARY KEY, full_name text NOT NULL, born date, class_id int REFERENCES classes,
    buddy_id int REFERENCES students, nick text
);
CREATE INDEX ON students (class_id);
CREATE TABLE shops (tenant int, code text, title text NOT NULL, PRIMARY KEY (tenant, code));
CREATE TABLE payments (
    id int PRIMARY KEY, student_id int NOT NULL REFERENCES students, payer int REFERENCES students,
    reference text, student text, tenant int, shop_code text, FOREIGN KEY (tenant, shop_code) REFERENCES shops
);
CREATE INDEX ON payments (student_id);
CREATE INDEX ON payments (payer);
CREATE TABLE refunds (id int PRIMARY KEY, payment_id int NOT NULL REFERENCES payments);
CREATE TABLE people (id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL);
CREATE TABLE bills (
    id int PRIMARY KEY, amount numeric NOT NULL, person_id int NOT NULL REFERENCES people, note jsonb DEFAULT '{}',
    UNIQUE (person_id, amount)
);
CREATE TABLE bookings (id int PRIMARY KEY, bill_id int NOT NULL REFERENCES bills, room interval[]);
CREATE TABLE nodes (id int PRIMARY KEY, name text NOT NULL, parent_id int REFERENCES nodes);
"""
ROWS: dict[str, list[dict[str, Any]]] = {
    "teachers": [
        {"id": 1, "full_name": "Budi", "password_hash": "x" * 9, "salary": "10.50"},
        {"id": 2, "full_name": None, "salary": "9.00"},
    ],
    "classes": [
        {"id": 1, "name": "7A", "year": "2025/2026", "teacher_id": 1},
        {"id": 2, "name": "7A", "year": "2026/2027", "teacher_id": 2},
        {"id": 3, "name": "8B", "year": "2025/2026", "teacher_id": None},
    ],
    "students": [
        {"id": 1, "full_name": "Ani Wijaya", "born": "2010-01-31", "class_id": 1, "buddy_id": None},
        {"id": 2, "full_name": "Ani Putri", "born": "2011-05-01", "class_id": 2, "buddy_id": 1, "nick": "Tiger"},
        {"id": 3, "full_name": "Citra", "born": None, "class_id": 3, "buddy_id": 2},
        {"id": 4, "full_name": "Dewi", "born": None, "class_id": None, "buddy_id": 3},
    ],
    "shops": [{"tenant": 1, "code": "a", "title": "Canteen"}, {"tenant": 2, "code": "a", "title": "Books"}],
    "payments": [
        {"id": 1, "student_id": 4, "payer": 1, "reference": "INV-1", "student": "note", "tenant": 1, "shop_code": "a"},
        {"id": 2, "student_id": 1, "payer": None, "reference": "INV-2", "tenant": 2, "shop_code": "a"},
        {"id": 3, "student_id": 2, "payer": 3, "reference": "Wijaya", "tenant": 2, "shop_code": None},
        {"id": 4, "student_id": 2, "payer": 2, "reference": None},
        {"id": 5, "student_id": 3, "payer": None, "reference": "INV-5"},
    ],
    "refunds": [{"id": 1, "payment_id": 1}, {"id": 2, "payment_id": 3}],
    "people": [
        {"id": 1, "first_name": "=Eva", "last_name": "Ng"},
        {"id": 2, "first_name": "Bo", "last_name": "Li"},
    ],
    "bills": [{"id": 1, "amount": "0.00000001", "person_id": 1}, {"id": 2, "amount": "1.5", "person_id": 2}],
    "bookings": [{"id": 1, "bill_id": 2, "room": ["P3D"]}],
    "nodes": [{"id": 1, "name": "root"}, *({"id": n, "name": f"n{n}", "parent_id": n - 1} for n in range(2, 7))],
}

MANY = """
INSERT INTO students (id, full_name) SELECT n, format('Name%s Family%s', n, n % 977) FROM generate_series(1, 20000) n;
INSERT INTO payments (id, student_id, reference) SELECT n, n, 'INV-' || n FROM generate_series(1, 20000) n;
"""
# Prints the plans of searches of payments, and of their lists by the names of pupils
EXPLAIN = """
import json
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams
from app.core.counting import _Explain
from app.core.database import get_engine
from app.core.discovery import load_models
from app.core.listing import ExportQuery
from app.core.selection import Selection

load_models()
from app.payments.router import resource

with Session(get_engine()) as session:
    selection = Selection(resource, session)
    plans = []
    for q, more in (("name12345", {}), ("name12345 family621", {}), ("", {"student_id__q": "name12345"})):
        found = selection.conditions(ExportQuery(parameters=QueryParams(more), q=q))
        statement = sa.select(resource.model.id).where(*found)
        assert session.scalars(statement).all() == [12345], (q, more)
        plans.append(json.dumps(session.execute(_Explain(statement)).scalar_one()))
print(json.dumps(plans))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("references")
    (workspace / "a.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(workspace / "a.sql")), workspace)


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "words"])
def client(
    folder: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'x.db'}"
        if request.param != "sqlite":
            name = "system_server" if request.param == "postgresql" else "postgres_server"
            server: PostgresServer = request.getfixturevalue(name)
            url = stack.enter_context(server.new_database())
        served = stack.enter_context(serving(folder, url))
        client = stack.enter_context(httpx.Client(base_url=f"{served.url}/api", timeout=60))
        for table, rows in ROWS.items():
            response = client.post(f"/{table}/bulk", json=rows)
            assert response.status_code == 201, response.text
        yield client


FILTERS = {
    # The name of a reference is its field without `_id`, unless another field has it; it is a field's if that refers.
    "payments?student_id__full_name__contains=ANI": [2, 3, 4],
    "payments?payer__full_name=Citra": [3],
    "payments?payer__full_name__ne=Citra": [1, 4],
    "payments?payer=3": [3],
    "payments?payer__in=1,2": [1, 4],
    "payments?student__contains=ote": [1],
    "payments?student_id__born__gte=2010-12-01": [3, 4],
    "payments?student_id__born__is_null=true": [1, 5],
    "payments?student_id__born__is_null=false": [2, 3, 4],
    "payments?payer__born__is_null=true": [2, 3, 5],  # also where nobody paid
    "payments?payer__id__in=1,3": [1, 3],
    "payments?student_id__class__name=7A": [2, 3, 4],
    "payments?student_id__class__teacher__full_name__like=B%25": [2],
    "payments?student_id__class__teacher__full_name__is_null=true": [1, 3, 4, 5],
    "payments?student_id__class__name=7A&student_id__full_name__ilike=%25putri": [3, 4],
    "payments?shop__title=Books": [2],
    "students?buddy__full_name__contains=ani": [2, 3],
    "students?buddy__buddy__full_name__contains=ani": [3, 4],
    "students?class__teacher__salary__lt=10": [2],
    "nodes?parent__parent__parent__name=root": [4],
    "refunds?payment__student_id__full_name=Dewi": [1],
    # Searches: of the referenced rows, which search the rows that these refer to
    "payments?student_id__q=putri%20ani": [3, 4],
    "payments?student_id__q=7A%202025": [2],
    "payments?student_id__q=%20": [1, 2, 3, 4, 5],
    "refunds?payment__q=dewi": [1],
    "students?class__q=2025": [1, 3],
}


@pytest.mark.parametrize("path", FILTERS)
def test_rows_are_filtered_by_those_that_they_refer_to(client: httpx.Client, path: str) -> None:
    assert ids(client, path) == FILTERS[path]
    table, _, query = path.partition("?")
    assert client.get(f"/{table}/count?{query}").json() == {"count": len(FILTERS[path])}
    assert len(client.get(f"/{table}/export.csv?{query}").text.splitlines()) == len(FILTERS[path]) + 1


SEARCHES = {
    "ani": [1, 2, 3, 4],
    "putri": [3, 4],
    "ani wijaya": [1, 2, 3],
    "putri inv": [],
    "dewi INV-1": [1],
    "dewi ani": [1],
    "inv": [1, 2, 5],
    "tiger": [],  # searched in students, but not a part of their label
    "books": [],  # no index finds the payments of a shop
    "ani ani ani ani ani ani": [1, 2, 3, 4],
    "zzz": [],
}


@pytest.mark.parametrize("q", SEARCHES)
def test_a_search_finds_rows_by_the_labels_of_their_references(client: httpx.Client, q: str) -> None:
    assert ids(client, f"payments?q={q}") == SEARCHES[q]
    assert client.get("/payments/count", params={"q": q}).json() == {"count": len(SEARCHES[q])}


ORDERS = {
    "payments?sort=student_id__full_name": [3, 4, 2, 5, 1],
    "payments?sort=-student_id__full_name": [1, 5, 2, 4, 3],
    "payments?sort=payer__full_name": [4, 1, 3, 2, 5],
    "payments?sort=-payer__full_name": [3, 1, 4, 5, 2],  # NULLs are last in either direction
    "payments?sort=student_id__class__teacher__full_name,-reference": [2, 3, 5, 1, 4],
    "payments?sort=student_id__class__name,student_id__class__year,-id": [2, 4, 3, 5, 1],
    "payments?sort=shop__title": [2, 1, 3, 4, 5],
    "payments?sort=-payer__id,student_id__id": [3, 4, 1, 2, 5],
    "students?sort=-buddy__full_name": [4, 2, 3, 1],
    "students?sort=buddy__class__name,buddy__born": [2, 3, 4, 1],
    "nodes?sort=-parent__parent__name": [3, 6, 5, 4, 2, 1],
    "refunds?sort=payment__student_id__full_name": [2, 1],
}


@pytest.mark.parametrize("path", ORDERS)
def test_rows_are_sorted_by_those_that_they_refer_to(client: httpx.Client, path: str) -> None:
    expected = ORDERS[path]
    assert [row["id"] for row in client.get(f"/{path}").json()["items"]] == expected
    for size in (1, 2):
        forward = list(pages(client, f"{path}&limit={size}", "after", "next"))
        assert [row for page in forward for row in page["ids"]] == expected
        last = forward[-1]["previous"]
        backward = list(pages(client, f"{path}&limit={size}", "before", "previous", last)) if last else []
        assert [row for page in reversed(backward) for row in page["ids"]] == expected[: -len(forward[-1]["ids"])]
    table, _, query = path.partition("?")
    lines = client.get(f"/{table}/export.csv?{query}").text.splitlines()
    assert [int(line.partition(",")[0]) for line in lines[1:]] == expected


REFUSED = {
    "payments?studnt_id__full_name=x": "did you mean student_id__full_name",
    "payments?student_id__ful_name__contains=x": "did you mean student_id__full_name",
    "payments?student_id__class__nam=x": "did you mean student_id__class__name",
    "payments?student_id__full_name__gte=x": "unknown operator; expected: eq ne in like ilike contains",
    "payments?student__full_name=x": "unknown operator",
    "payments?student_id__class__teacher__password_hash__like=x": "is not a filterable field",
    "payments?sort=student_id__class__teacher__password_hash": "cannot sort by",
    "payments?sort=student_id__ful_name": "did you mean student_id__full_name",
    "payments?sort=student_id__q": "cannot sort by",
    "payments?student_id__born=yesterday": "date",
    "payments?student_id__born__is_null=maybe": "boolean",
    "payments?student_id__full_name=%00": "",
    "nodes?parent__parent__parent__parent__name=x": "at most 3 references",
    "nodes?sort=parent__parent__parent__parent__name": "at most 3 references",
    "students?class__teacher__id__nothing=1": "unknown operator",
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_no_path_is_refused_with_the_nearest(client: httpx.Client, path: str) -> None:
    response = client.get(f"/{path}")
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    parameter = path.partition("?")[2].partition("=")[0]
    assert error["field"] == parameter
    assert REFUSED[path] in error["message"]


@pytest.mark.parametrize("server", ["system_server", "postgres_server"])  # with trigrams, with words
def test_postgresql_finds_referring_rows_by_indexes(folder: Path, request: pytest.FixtureRequest, server: str) -> None:
    own: PostgresServer = request.getfixturevalue(server)
    with own.new_database() as url:
        assert run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(MANY.encode())
            connection.execute("VACUUM ANALYZE")
        result = run(folder, "-c", EXPLAIN, DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]
    for plan in json.loads(result.stdout):
        assert "Seq Scan" not in plan
        assert "payments_student_id_idx" in plan


LABELLED = {
    "payments": [
        "id,student_id,student_id_label,payer,payer_label,reference,student,tenant,shop_code,shop",
        "1,4,Dewi,1,Ani Wijaya,INV-1,note,1,a,Canteen",
        "2,1,Ani Wijaya,,,INV-2,,2,a,Books",
        "3,2,Ani Putri,3,Citra,Wijaya,,2,,",
        "4,2,Ani Putri,2,Ani Putri,,,,,",
        "5,3,Citra,,,INV-5,,,,",
    ],
    "students": [
        "id,full_name,born,class_id,class,buddy_id,buddy,nick",
        "1,Ani Wijaya,2010-01-31,1,7A (2025/2026),,,",
        "2,Ani Putri,2011-05-01,2,7A (2026/2027),1,Ani Wijaya,Tiger",
        "3,Citra,,3,8B (2025/2026),2,Ani Putri,",
        "4,Dewi,,,,3,Citra,",
    ],
    "bills": ["id,amount,person_id,person,note", "1,1E-8,1,'=Eva Ng,{}", "2,1.5,2,Bo Li,{}"],
    "bookings": ["id,bill_id,bill,room", '1,2,Bo Li · 1.5,"[""P3D""]"'],
}


@pytest.mark.parametrize("table", LABELLED)
def test_an_export_has_labels_beside_references(client: httpx.Client, table: str) -> None:
    lines = client.get(f"/{table}/export.csv?labels=true&sort=id").text.splitlines()
    assert lines == LABELLED[table]
    plain = client.get(f"/{table}/export.csv?sort=id").text.splitlines()
    assert len(plain) == len(lines)
    assert len(plain[0]) < len(lines[0])


def ids(client: httpx.Client, path: str) -> list[int]:
    """Return the ids of the rows of a list, sorted."""
    response = client.get(f"/{path}")
    assert response.status_code == 200, response.text
    page = response.json()
    found = sorted(row["id"] for row in page["items"])
    assert page["total"] == len(found)
    return found


def pages(client: httpx.Client, path: str, parameter: str, neighbour: str, cursor: str = "") -> Iterator[Any]:
    """Yield the pages of a list, with the ids of their rows and the cursors of their neighbours."""
    while True:
        response = client.get(f"/{path}&{parameter}={cursor}" if cursor else f"/{path}")
        assert response.status_code == 200, response.text
        page = response.json()
        yield {"ids": [row["id"] for row in page["items"]], "previous": page["previous"]}
        if page[neighbour] is None:
            return
        cursor = page[neighbour]
