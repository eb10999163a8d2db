"""Tests of lists, inherited by the tests of each table, and assertions about responses."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

from fastapi.testclient import TestClient
from httpx2 import Response

from tests.core.factory import Case, Json

EMPTY_PAGE = {
    "items": [],
    "total": 0,
    "total_is": "exact",
    "limit": 50,
    "offset": 0,
    "next": None,
    "previous": None,
}


def row_path(case: Case, row: Json) -> str:
    """Return the path of a row."""
    return "/".join([case.path, *(quote(str(row[field]), safe="") for field in case.key)])


def problem(response: Response, status: int) -> list[str]:
    """Assert that a response is a problem with this status, and return the fields that it names."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return [error["field"] for error in body["errors"]]


class ReadTests:
    """Tests of tables that can be listed."""

    case: ClassVar[Case]

    def test_empty_list_is_an_empty_page(self, client: TestClient) -> None:
        assert client.get(self.case.path).json() == EMPTY_PAGE

    def test_count_of_an_empty_table_is_zero(self, client: TestClient) -> None:
        assert client.get(f"{self.case.path}{self.case.mark}count").json() == {"count": 0}

    def test_unknown_filter_is_rejected(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"no_such_field": "1"}), 422) == [
            "no_such_field"
        ]

    def test_unknown_sort_field_is_rejected(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"sort": "no_such_field"}), 422) == [
            "sort"
        ]

    def test_limit_is_bounded(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"limit": 100_000}), 422) == ["limit"]

    def test_unknown_reference_is_rejected(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"expand": "no_such"}), 422) == ["expand"]

    def test_export_of_an_empty_table_has_only_a_header(self, client: TestClient) -> None:
        response = client.get(f"{self.case.path}{self.case.mark}export.csv")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/csv")
        assert len(response.text.splitlines()) == 1
