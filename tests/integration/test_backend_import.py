"""Imports of large files: every error is reported, all rows are stored or none, and memory stays bounded."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import xlsxwriter

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.backend import Server

pytest_plugins = ["tests.integration.postgres"]

ROWS = 100_000
WRONG = 100
MOST_MEMORY = 120 * 2**20  # bytes more than before, at any time
LIMIT_S = 3600.0  # on a busy machine
COLUMNS = "school_id,nisn,nis,full_name,gender,birth_place,birth_date,religion,address,distance_km"
TITLES = COLUMNS.split(",")
PATH = "/students/import"
READING = {"columns": COLUMNS, "dates": "dmy", "decimal": ","}
SCHOOL = {"npsn": "20100001", "name": "SMP Satu", "level": "SMP", "address": "x", "city": "x", "province": "x"}
# What is wrong with a row: the index of the cell and its text
FAULTS = [(1, "12"), (4, "X"), (9, "jauh"), (0, "SMP Dua"), (3, "")]


def pupils(wrong: frozenset[int], rows: int = ROWS) -> Iterator[list[str]]:
    """Yield the rows of a file; those with the numbers `wrong`, as a spreadsheet counts them, have an error each."""
    for number in range(2, rows + 2):
        birth = f"{number % 28 + 1:02}/{number % 12 + 1:02}/2012"
        distance = f"{number % 90},5"
        name, nis = f"Siswa {number}", f"N{number:06}"
        row = ["SMP Satu", f"{number:010}", nis, name, "L", "Jakarta", birth, "Islam", "Jl. 1", distance]
        if number in wrong:
            index, text = FAULTS[number % len(FAULTS)]
            row[index] = text
        yield row


def csv_file(wrong: frozenset[int], rows: int = ROWS) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([TITLES, *pupils(wrong, rows)])
    return text.getvalue().encode()


def xlsx_file(wrong: frozenset[int]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([TITLES, *pupils(wrong)]):
            sheet.write_row(number, 0, row)
    return content.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_schema()), tmp_path_factory.mktemp("importing"))


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path / 'imported.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    with serving(folder, url, IMPORT_TIMEOUT=str(LIMIT_S)) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """Yield a client, after it has added the school of the pupils."""
    with httpx.Client(base_url=f"{server.url}/api", timeout=LIMIT_S) as opened:
        assert opened.post("/schools", json=SCHOOL).status_code == 201
        assert opened.get("/students").json()["total"] == 0
        yield opened


def test_a_large_file_is_imported_once_its_errors_are_mended(server: Server, client: httpx.Client) -> None:
    wrong = frozenset(random.Random(1).sample(range(2, ROWS + 2), WRONG))
    before = peak_memory(server)
    check(client.post(PATH, params={**READING, "dry_run": True}, content=csv_file(wrong)).json(), wrong)
    assert client.get("/students/count").json() == {"count": 0}
    stored = client.post(PATH, params=READING, content=csv_file(frozenset()))
    assert stored.json()["stored"] == ROWS, stored.text
    assert client.get("/students/count").json() == {"count": ROWS}
    assert peak_memory(server) - before < MOST_MEMORY


def test_the_errors_of_a_large_workbook_are_reported(server: Server, client: httpx.Client) -> None:
    wrong = frozenset(random.Random(2).sample(range(2, ROWS + 2), WRONG))
    before, content = peak_memory(server), xlsx_file(wrong)
    check(client.post(PATH, params={**READING, "dry_run": True}, content=content).json(), wrong)
    assert peak_memory(server) - before < MOST_MEMORY


def test_rows_that_the_table_has_are_all_reported(client: httpx.Client) -> None:
    content = csv_file(frozenset(), 1500)
    assert client.post(PATH, params=READING, content=content).json()["stored"] == 1500
    again = client.post(PATH, params=READING, content=content)
    detail = "The file has 4,500 errors in 1,500 of 1,500 rows. Nothing was imported."  # nisn, school_id and nis
    assert (again.status_code, again.json()["detail"]) == (422, detail)
    assert len(again.json()["errors"]) == 1000


def test_a_rule_over_a_default_is_checked(client: httpx.Client) -> None:
    """The file has no day of admission: it is today, and nobody is admitted before birth."""
    rows = list(pupils(frozenset(), 3))
    rows[1][6] = "01/01/2999"
    content = "\n".join(";".join(row) for row in [TITLES, *rows]).encode()
    answer = client.post(PATH, params=READING, content=content)
    assert answer.status_code == 422
    found = [(error["row"], error["field"], error["column"], error["code"]) for error in answer.json()["errors"]]
    assert found == [(3, "birth_date", "G", "check"), (3, "admitted_on", "", "check")]
    assert client.get("/students/count").json() == {"count": 0}


def check(report: Any, wrong: frozenset[int]) -> None:
    """Check that all errors are reported, each at its cell, and nothing is stored."""
    assert (report["rows"], report["stored"], report["error_count"]) == (ROWS, 0, WRONG)
    assert [error["row"] for error in report["errors"]] == sorted(wrong)
    for error in report["errors"]:
        index, text = FAULTS[error["row"] % len(FAULTS)]
        assert (error["column"], error["value"]) == ("ABCDEFGHIJ"[index], text)


def peak_memory(server: Server) -> int:
    """Return the most memory that the server had at any time, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
