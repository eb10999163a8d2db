"""Tests of pages by cursor and of totals, inherited by the tests of each table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.engine import Connection

from app.core import counting
from app.core.constraint_columns import field_names
from tests.core.factory import Factory, Json
from tests.core.read_tests import ReadTests, problem


class PagingTests(ReadTests):
    """Tests of the lists of tables whose rows can be created."""

    def test_cursors_lead_through_the_list_in_both_directions(
        self, client: TestClient, factory: Factory
    ) -> None:
        for _ in range(3):
            factory.make(self.case)
        fields = self.case.resource.filters.fields
        sortable = [field for field, filterable in fields.items() if filterable.sortable]
        for number, field in enumerate(sortable):
            sort = f"-{field}" if number % 2 else field
            rows = client.get(self.case.path, params={"sort": sort}).json()["items"]
            forward = list(self._pages(client, "next", "after", {"sort": sort, "limit": "1"}))
            assert [page["items"] for page in forward] == [[row] for row in rows], sort
            last = {"sort": sort, "limit": "1", "before": forward[-1]["previous"]}
            backward = list(self._pages(client, "previous", "before", last))
            assert [page["items"] for page in backward] == [[row] for row in rows[-2::-1]], sort

    def test_links_lead_to_the_neighbouring_pages(
        self, client: TestClient, factory: Factory
    ) -> None:
        for _ in range(3):
            factory.make(self.case)
        parameters = {"limit": "1", "offset": "1", "sort": f"-{self.case.key[0]}"}
        rows = client.get(self.case.path, params={"sort": parameters["sort"]}).json()["items"]
        page = client.get(self.case.path, params=parameters)
        for relation, row in (("next", rows[2]), ("prev", rows[0])):
            link = client.get(str(page.url.join(page.links[relation]["url"])))
            assert link.json()["items"] == [row]
        assert "Link" not in client.get(self.case.path).headers

    def test_rows_are_found_and_sorted_by_what_they_refer_to(
        self, client: TestClient, factory: Factory
    ) -> None:
        row = factory.make(self.case)
        resource = self.case.resource
        for path, reference in resource.references.by_path().items():
            pairs = [(item.parent.key, item.column.key) for item in reference.constraint.elements]
            own = field_names(resource.model, [column for column, _ in pairs])
            names = field_names(reference.target, [column for _, column in pairs])
            known = reference.resource().filters.fields
            values = {
                f"{path}__{name}": row[field]
                for field, name in zip(own, names, strict=True)
                if name in known and row[field] is not None
            }
            if len(values) < len(names):
                continue
            found = client.get(self.case.path, params=values)
            assert row in found.json()["items"], found.text
            if known[names[0]].sortable:
                page = client.get(self.case.path, params={"sort": next(iter(values))}).json()
                assert row in page["items"]

    def test_cursors_of_other_lists_are_rejected(
        self, client: TestClient, factory: Factory
    ) -> None:
        for _ in range(2):
            factory.make(self.case)
        sort = f"-{self.case.key[0]}"
        cursor = client.get(self.case.path, params={"limit": 1, "sort": sort}).json()["next"]
        damaged = f"{cursor[:9]}{'A' if cursor[9] != 'A' else 'B'}{cursor[10:]}"
        for wrong in (cursor, damaged, "no cursor", "e30", "%00"):
            response = client.get(self.case.path, params={"after": wrong})
            assert problem(response, 400) == ["after"], wrong
        both = {"after": cursor, "before": cursor, "sort": sort}
        fields = problem(client.get(self.case.path, params=both), 422)
        assert fields == ["offset", "after", "before"]

    def test_totals_are_as_precise_as_requested(
        self,
        client: TestClient,
        connection: Connection,
        factory: Factory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for _ in range(3):
            factory.make(self.case)
        monkeypatch.setattr(counting, "COUNT_CAP", 2)
        assert self._total(client, limit=1) == (2, "at_least")
        assert self._total(client, limit=1, count="exact") == (3, "exact")
        assert self._total(client, limit=1, count="none") == (None, "exact")
        total, precision = self._total(client, limit=1, count="estimated")
        assert total >= 3
        assert precision == ("estimated" if connection.dialect.name == "postgresql" else "exact")
        statements: list[str] = []
        sa.event.listen(
            connection, "before_cursor_execute", lambda *args: statements.append(args[2])
        )
        assert self._total(client) == (3, "exact")  # without counting: the page shows all rows
        assert not [statement for statement in statements if "count(" in statement]

    def _total(self, client: TestClient, **parameters: Any) -> tuple[Any, str]:
        page = client.get(self.case.path, params=parameters).json()
        return page["total"], page["total_is"]

    def _pages(
        self, client: TestClient, neighbour: str, parameter: str, query: dict[str, str]
    ) -> Iterator[Json]:
        """Yield a page and those that its cursors lead to, up to the one without a neighbour."""
        while True:
            page: Json = client.get(self.case.path, params=query).json()
            yield page
            if page[neighbour] is None:
                return
            query = {**query, parameter: page[neighbour]}
