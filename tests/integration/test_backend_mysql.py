"""A schema that is written for MariaDB is served by a real one, with the catalog that its own script makes."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import sqlalchemy as sa

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import own_tests, run, serving
from tests.integration.mysql_catalog import catalog
from tests.test_backend_revisions import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.mariadb import MariadbDatabase, MariadbServer

pytest_plugins = ["tests.integration.mariadb"]

SCRIPT = (Path(__file__).parent / "mysql_school.sql").read_text(encoding="utf-8")
TEACHER = {"staff_no": "T-1", "full_name": "Siti Rahma", "subjects": ["art", "math"]}
STUDENT = {"nisn": "1", "full_name": "Budi Wijaya", "birth_date": "2012-03-04"}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_ddl_text(SCRIPT, "mariadb")), tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="module")
def school(backend: Path, mariadb_server: MariadbServer) -> Iterator[tuple[MariadbDatabase, httpx.Client]]:
    """A served school with short limits."""
    limits = {"LOCK_TIMEOUT": "1", "STATEMENT_TIMEOUT": "2"}
    with (
        mariadb_server.new_database() as database,
        serving(backend, database.url, **limits) as running,
        httpx.Client(base_url=f"{running.url}/api", timeout=30) as client,
    ):
        yield database, client


def test_catalog_is_that_of_the_script(backend: Path, mariadb_server: MariadbServer) -> None:
    with mariadb_server.new_database() as made, mariadb_server.new_database() as migrated:
        made.run(SCRIPT)
        _alembic(backend, migrated, "upgrade", "head")
        assert sorted(catalog(migrated)) == sorted(catalog(made))
        _alembic(backend, migrated, "downgrade", "base")
        assert catalog(migrated) == set()


def test_own_tests_of_the_backend_pass(backend: Path, mariadb_database: MariadbDatabase) -> None:
    assert own_tests(backend, TEST_DATABASE_URL=mariadb_database.url) > 100


def test_own_tests_pass_with_all_options(tmp_path: Path, mariadb_database: MariadbDatabase) -> None:
    options = {"auth": "session", "metrics": True, "tracing": "otel", "rate_limit": "1000/minute"}
    files = backend_files(read_ddl_text(SCRIPT, "mariadb"), options=options)
    assert own_tests(write_backend(files, tmp_path), TEST_DATABASE_URL=mariadb_database.url) > 150


def test_rows_keep_their_values(school: tuple[MariadbDatabase, httpx.Client]) -> None:
    database, client = school
    values = {
        **STUDENT, "nisn": "20", "nickname": "é", "gender": "it's complicated", "height": 1.5, "score": "99.50",
        "locker": 7, "is_active": False, "has_photo": True, "flags": "10000001", "fingerprint": "AAECAw==",
        "photo": "/w==", "extra": {"a": [1, None]}, "created_at": "2024-05-01T07:30:00.123456",
    }  # fmt: skip
    created = client.post("/students", json=values)
    assert created.status_code == 201, created.text
    row = client.get(f"/students/{created.json()['id']}").json()
    assert {name: row[name] for name in values} == values
    assert (row["initial"], row["label"]) == ("B", "Budi Wijaya (20)")
    stored = database.run("SELECT has_photo + 0, bin(flags), hex(fingerprint), locker FROM students WHERE nisn = '20'")
    assert stored == [["1", "10000001", "00010203", "0007"]]
    teacher = client.post("/teachers", json=TEACHER).json()
    assert teacher["subjects"] == ["math", "art"]  # in the order of the set
    assert [one["id"] for one in client.get("/teachers?subjects__contains=art").json()["items"]] == [teacher["id"]]


def test_lists_are_searched_sorted_exported_and_paged(school: tuple[MariadbDatabase, httpx.Client]) -> None:
    _, client = school
    nicknames = ["b", None, "a", None]
    for number, nickname in enumerate(nicknames):
        body = {"nisn": f"30{number}", "full_name": f"Paged {number}", "nickname": nickname}
        assert client.post("/students", json=body).status_code == 201
    query: dict[str, str | int] = {"q": "paged", "sort": "-nickname", "limit": 3}
    first = client.get("/students", params=query).json()
    rest = client.get("/students", params={**query, "after": first["next"]}).json()
    assert [row["nickname"] for row in first["items"] + rest["items"]] == ["b", "a", None, None]
    assert client.get("/students", params={"q": "PAGED 302"}).json()["total"] == 1
    assert client.get("/students", params={"full_name__like": "Paged%2"}).json()["total"] == 1
    lines = client.get("/students/export.csv", params={"q": "paged", "sort": "nisn"}).text.splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["300", "301", "302", "303"]


ERRORS = [
    ("/teachers", {**TEACHER, "staff_no": "T-2", "mentor_id": 999}, 422, {"mentor_id": "foreign_key"}),
    ("/teachers", {**TEACHER, "staff_no": "T-9"}, 409, {"staff_no": "unique"}),
    ("/students", {**STUDENT, "nisn": "9"}, 409, {"nisn": "unique"}),
    ("/students", {**STUDENT, "nisn": "10", "points": 128}, 422, {"points": "malformed"}),
    ("/students", {**STUDENT, "nisn": "11", "nickname": "too long"}, 422, {"nickname": "malformed"}),
    ("/students", {**STUDENT, "nisn": "12", "birth_date": None}, 422, {"birth_date": "missing"}),
    ("/students", {**STUDENT, "nisn": "13", "score": "60.00"}, 422, {"score": "check"}),
    ("/students", {**STUDENT, "nisn": "14", "height": 3}, 422, {"height": "check"}),
    ("/students", {**STUDENT, "nisn": "15", "weight": 3}, 422, {"weight": "check"}),
    ("/students", {**STUDENT, "nisn": "16", "notes": "no"}, 422, {"": "trigger"}),
]
STRICTER = """
    ALTER TABLE students MODIFY points tinyint NOT NULL DEFAULT 0, MODIFY nickname varchar(3),
        MODIFY birth_date date NOT NULL DEFAULT '2000-01-01', DROP CONSTRAINT score_in_range,
        ADD CONSTRAINT score_in_range CHECK (score < 50), MODIFY height float CHECK (height < 3),
        ADD CHECK (weight < 3)"""
TRIGGER = """
    CREATE TRIGGER refuse BEFORE INSERT ON students FOR EACH ROW
        IF new.notes = 'no' THEN SIGNAL SQLSTATE '45000' SET message_text = 'no means no'; END IF"""


def test_errors_of_the_database_name_the_field(backend: Path, mariadb_database: MariadbDatabase) -> None:
    """The database is made stricter than the application, so that it is the one that refuses."""
    with serving(backend, mariadb_database.url) as running, httpx.Client(base_url=f"{running.url}/api") as client:
        assert client.post("/teachers", json={**TEACHER, "staff_no": "T-9"}).status_code == 201
        assert client.post("/students", json={**STUDENT, "nisn": "9"}).status_code == 201
        school_class = {"name": "7A", "year": 2024, "teacher_id": 1}
        assert client.post("/classes", json=school_class).status_code == 201
        with sa.create_engine(mariadb_database.url).connect() as connection:
            connection.exec_driver_sql(STRICTER)
            connection.exec_driver_sql(TRIGGER)
        for path, body, status, fields in ERRORS:
            response = client.post(path, json=body)
            found = {error["field"]: error["code"] for error in response.json()["errors"]}
            assert (response.status_code, found) == (status, fields), (body, response.text)
        several = [{**STUDENT, "nisn": "17"}, {**STUDENT, "nisn": "18", "points": 500}]
        response = client.post("/students/bulk", json=several)
        assert [error["field"] for error in response.json()["errors"]] == ["1.points"]
        response = client.delete("/teachers/1")
        assert response.status_code == 409
        assert response.json()["errors"][0]["constraint"] == "class_has_teacher"
        assert "classes" in response.json()["detail"]


def test_of_two_changes_of_one_version_one_is_stored(school: tuple[MariadbDatabase, httpx.Client]) -> None:
    _, client = school
    created = client.post("/students", json={**STUDENT, "nisn": "40"})
    path, headers = f"/students/{created.json()['id']}", {"If-Match": created.headers["ETag"]}

    def change(points: int) -> int:
        return client.patch(path, json={"points": points}, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, range(1, 5))) == [200, 412, 412, 412]


def test_waiting_ends_at_the_limits(school: tuple[MariadbDatabase, httpx.Client]) -> None:
    database, client = school
    created = client.post("/students", json={**STUDENT, "nisn": "50"}).json()
    with sa.create_engine(database.url).connect() as other:
        other.exec_driver_sql("SELECT * FROM students WHERE nisn = '50' FOR UPDATE")
        locked = client.patch(f"/students/{created['id']}", json={"points": 5})
        assert (locked.status_code, "Retry-After" in locked.headers) == (503, True), locked.text
        other.rollback()
        other.exec_driver_sql("LOCK TABLES students WRITE")
        slow = client.get("/students")
        assert (slow.status_code, "Retry-After" in slow.headers) == (503, False), slow.text
        assert "took too long" in slow.json()["detail"]
        other.exec_driver_sql("UNLOCK TABLES")
    assert client.patch(f"/students/{created['id']}", json={"points": 5}).status_code == 200


def test_an_interrupted_revision_goes_on_where_it_was(backend: Path, mariadb_server: MariadbServer) -> None:
    with mariadb_server.new_database() as made, mariadb_server.new_database() as migrated:
        made.run(SCRIPT)
        migrated.run("CREATE TABLE students (id int)")
        failed = run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=migrated.url)
        assert "already exists" in failed.stderr
        ((revision, done),) = migrated.run("SELECT revision, done FROM alembic_step")
        assert (revision, int(done)) == ("0001_initial", 2)
        # The table is made, and the process killed before it could count that
        migrated.run(f"DROP TABLE students; {_statement('students')}")
        _alembic(backend, migrated, "upgrade", "head")
        assert sorted(catalog(migrated)) == sorted(catalog(made))
        assert migrated.run("SHOW TABLES LIKE 'alembic_step'") == []


CHANGES = {
    "`class_id` int unsigned": "`class_id` bigint unsigned",
    "CREATE TABLE `classes` (\n  `id` int unsigned": "CREATE TABLE `classes` (\n  `id` bigint unsigned",
    "`score` decimal(5,2) NOT NULL": "`email` varchar(100) DEFAULT NULL,\n  `score` decimal(6,2) NOT NULL",
    "  `weight` double DEFAULT NULL,\n": "",
    "CHECK (`capacity` between 1 and 60)": "CHECK (`capacity` between 1 and 40)",
    "KEY `students_of_class` (`class_id`,`full_name`)": "KEY `students_of_class` (`class_id`,`full_name`(30))",
    "`score` between 0 and 100": "`score` between 0 and 1000",
    "REFERENCES `students` (`id`) ON DELETE CASCADE": "REFERENCES `students` (`id`) ON DELETE RESTRICT",
    "COMMENT='Teaching staff": "COMMENT='The teaching staff",
}


def test_a_changed_schema_is_reached_from_the_old_one_and_back(backend: Path, mariadb_server: MariadbServer) -> None:
    changed = SCRIPT
    for old, new in CHANGES.items():
        assert old in changed
        changed = changed.replace(old, new)
    folder = Folder("mariadb")
    folder.generate(SCRIPT)
    (name,) = folder.generate(changed)
    revision = backend / "migrations" / "versions" / name
    revision.write_text(folder.texts[name], encoding="utf-8")
    try:
        with mariadb_server.new_database() as made, mariadb_server.new_database() as migrated:
            made.run(changed)
            _alembic(backend, migrated, "upgrade", "head")
            assert sorted(catalog(migrated)) == sorted(catalog(made))
            _alembic(backend, migrated, "downgrade", "0001")
            with mariadb_server.new_database() as old_made:
                old_made.run(SCRIPT)
                assert sorted(catalog(migrated)) == sorted(catalog(old_made))
    finally:
        revision.unlink()


def test_tables_are_seeded_and_loaded(backend: Path, mariadb_database: MariadbDatabase) -> None:
    url = mariadb_database.url
    _alembic(backend, mariadb_database, "upgrade", "head")
    seeded = run(backend, "-m", "app.seed", "--rows", "20", DATABASE_URL=url)
    assert seeded.returncode == 0, seeded.stdout + seeded.stderr
    loaded = run(backend, "-m", "app.load", "--rows", "1000", "--table", "students", DATABASE_URL=url)
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    counts = {table: int(mariadb_database.run(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES}
    assert counts["students"] == 1000
    assert all(counts.values()), counts


TABLES = ("teachers", "classes", "students", "attendance")


def _alembic(backend: Path, database: MariadbDatabase, *arguments: str) -> None:
    result = run(backend, "-m", "alembic", *arguments, DATABASE_URL=database.url)
    assert result.returncode == 0, result.stderr[-3000:]


def _statement(table: str) -> str:
    """Return the script's statement that creates a table, without its foreign keys."""
    found = re.search(rf"CREATE TABLE `{table}`.*?;", SCRIPT, re.DOTALL)
    assert found is not None
    return re.sub(r",\n[^\n]*FOREIGN KEY[^\n]*", "", found[0])
