"""Tests of imports, inherited by the tests of each table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.access.access import EVERYTHING
from app.core.importing.import_fields import ImportField, import_fields
from tests.core.factory import Factory, Json
from tests.core.paging_tests import PagingTests
from tests.core.read_tests import problem


class ImportTests(PagingTests):
    """Tests of tables whose rows can be created."""

    def test_import_adds_the_rows_of_a_file_or_none(
        self, client: TestClient, factory: Factory
    ) -> None:
        fields = self._fields()
        bodies = [factory.body(self.case) for _ in range(2)]
        path, count = f"{self.case.path}/import", f"{self.case.path}{self.case.mark}count"
        before = client.get(count).json()["count"]
        columns = {"columns": ",".join(field.name for field in fields)}
        wrong = _file(fields, bodies) + _line(["?"] * len(fields))
        checked = client.post(path, content=wrong, params={**columns, "dry_run": True})
        assert checked.status_code == 200, checked.text
        assert checked.json()["rows"] == 3
        wrong_rows = {error["row"] for error in checked.json()["errors"]}
        assert wrong_rows <= {4}
        if wrong_rows:  # some tables take any text
            rejected = client.post(path, content=wrong, params=columns)
            assert problem(rejected, 422)
            assert {error["row"] for error in rejected.json()["errors"]} == {4}
        assert client.get(count).json()["count"] == before
        stored = client.post(path, content=_file(fields, bodies), params=columns)
        assert stored.status_code == 200, stored.text
        assert stored.json()["stored"] == 2
        assert client.get(count).json()["count"] == before + 2

    def test_templates_have_the_columns_of_an_import(self, client: TestClient) -> None:
        fields = self._fields()
        template = client.post(f"{self.case.path}/import/template", json={})
        assert template.status_code == 200
        path = f"{self.case.path}/import/columns"
        found = client.post(path, content=template.content).json()
        assert [column["field"] for column in found["columns"]] == [field.name for field in fields]

    def _fields(self) -> list[ImportField]:
        fields = import_fields(self.case.resource, self.case.create, EVERYTHING)
        names = {field.name for field in fields}
        if not fields or not {*self.case.required} <= names:
            pytest.skip("rows of the table cannot be imported")
        return fields


def _file(fields: list[ImportField], bodies: list[Json]) -> str:
    lines = [[field.name for field in fields]]
    lines += [[_cell(field, body.get(field.name)) for field in fields] for body in bodies]
    return "".join(map(_line, lines))


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _cell(field: ImportField, value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) and field.kind else json.dumps(value)
