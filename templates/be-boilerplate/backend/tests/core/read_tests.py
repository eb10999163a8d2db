"""What is tested of every list, and how tests read answers."""

from __future__ import annotations

from typing import ClassVar

from fastapi.testclient import TestClient
from httpx2 import Response

from tests.core.factory import Case, Json


def row_path(case: Case, row: Json) -> str:
    """Return the path of a row."""
    return "/".join([case.path, *(str(row[field]) for field in case.key)])


def problem(response: Response, status: int) -> list[str]:
    """Check that an answer is a problem with this status, and return the fields that it names."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: Json = response.json()
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return [error["field"] for error in found["errors"]]


class ReadTests:
    """Of tables that can be listed."""

    case: ClassVar[Case]

    def test_list_is_a_page(self, client: TestClient) -> None:
        page = client.get(self.case.path).json()
        assert page == {"items": [], "total": 0, "limit": 50, "offset": 0}

    def test_count_of_nothing_is_zero(self, client: TestClient) -> None:
        assert client.get(f"{self.case.path}/count").json() == {"count": 0}

    def test_unknown_filter_is_refused(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"no_such_field": "1"}), 422) == [
            "no_such_field"
        ]

    def test_unknown_order_is_refused(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"sort": "no_such_field"}), 422) == [
            "sort"
        ]

    def test_limit_is_bounded(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"limit": 100_000}), 422) == ["limit"]

    def test_unknown_reference_is_not_expanded(self, client: TestClient) -> None:
        assert problem(client.get(self.case.path, params={"expand": "no_such"}), 422) == ["expand"]

    def test_export_of_nothing_is_its_head(self, client: TestClient) -> None:
        response = client.get(f"{self.case.path}/export.csv")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/csv")
        assert len(response.text.splitlines()) == 1
