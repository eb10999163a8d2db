"""Tests of bulk requests, entity tags, exports and expanded references, inherited by the tests of each table."""

from __future__ import annotations

import csv
import io

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy.engine import Connection

from tests.core.factory import Factory, Json, load_case
from tests.core.import_tests import ImportTests
from tests.core.read_tests import problem, row_path


class BulkTests(ImportTests):
    """Tests of tables whose rows can be created and deleted."""

    def test_create_many_returns_the_rows(self, client: TestClient, factory: Factory) -> None:
        bodies = [factory.body(self.case) for _ in range(3)]
        response = client.post(f"{self.case.path}/bulk", json=bodies)
        assert response.status_code == 201, response.text
        rows = response.json()
        expected = [self.case.shown(body) for body in bodies]
        assert [
            {field: row[field] for field in body} for row, body in zip(rows, expected, strict=True)
        ] == expected

    def test_create_many_adds_all_or_none(self, client: TestClient, factory: Factory) -> None:
        valid = factory.body(self.case)
        before = client.get(f"{self.case.path}{self.case.mark}count").json()
        invalid = [valid, {**factory.body(self.case), "no_such_field": 1}]
        response = client.post(f"{self.case.path}/bulk", json=invalid)
        assert problem(response, 422) == ["1.no_such_field"]
        for rule, values in self.case.broken.items():
            broken = [valid, {**factory.body(self.case), **values}]
            before = client.get(f"{self.case.path}{self.case.mark}count").json()
            fields = problem(client.post(f"{self.case.path}/bulk", json=broken), 422)
            assert {field.partition(".")[0] for field in fields} == {"1"}, rule
            assert client.get(f"{self.case.path}{self.case.mark}count").json() == before
        for unique in self.case.unique[:1]:
            first = factory.make(self.case)
            same = {field: first[field] for field in unique}
            before = client.get(f"{self.case.path}{self.case.mark}count").json()
            if None in same.values():
                continue  # nulls are distinct
            duplicate = [valid, factory.body(self.case, first, **same)]
            fields = problem(client.post(f"{self.case.path}/bulk", json=duplicate), 409)
            assert {field.partition(".")[0] for field in fields} == {"1"}
        assert client.get(f"{self.case.path}{self.case.mark}count").json() == before

    def test_update_many_changes_all_or_none(self, client: TestClient, factory: Factory) -> None:
        if not self.case.changes:
            pytest.skip("rows of the table cannot be changed")
        path = f"{self.case.path}/bulk-update"
        rows = [factory.make(self.case) for _ in range(3)]
        changes: list[Json] = [{"key": _key(self.case.key, row), "changes": {}} for row in rows]
        response = client.post(path, json=changes)
        assert response.status_code == 200, response.text
        assert response.json() == rows
        changes[1]["changes"] = {"no_such_field": 1}
        assert problem(client.post(path, json=changes), 422) == ["1.changes.no_such_field"]
        assert client.delete(row_path(self.case, rows[2])).status_code == 204
        changes[1]["changes"] = {}
        assert problem(client.post(path, json=changes), 404) == ["2.key"]
        for unique in self.case.unique[:1]:
            same = {field: rows[0][field] for field in unique}
            if None in same.values() or not {*unique} <= {*self.case.changes}:
                continue  # nulls are distinct
            if self.case.resource.rules:
                continue  # the other values of the row may not fit
            changes[1]["changes"] = same
            fields = problem(client.post(path, json=changes[:2]), 409)
            assert {field.partition(".")[0] for field in fields} == {"1"}
            assert client.get(row_path(self.case, rows[1])).json() == rows[1]

    def test_save_many_adds_and_changes_all_or_none(
        self, client: TestClient, factory: Factory
    ) -> None:
        if not self.case.changes:
            pytest.skip("rows of the table cannot be changed")
        path, count = f"{self.case.path}/bulk-save", f"{self.case.path}{self.case.mark}count"
        row, body = factory.make(self.case), factory.body(self.case)
        update = [{"key": _key(self.case.key, row), "changes": {}}]
        before = client.get(count).json()["count"]
        wrong = {"create": [body, {**body, "no_such_field": 1}], "update": update}
        assert problem(client.post(path, json=wrong), 422) == ["create.1.no_such_field"]
        for unique in self.case.unique[:1]:
            same = {field: row[field] for field in unique}
            if None in same.values():
                continue  # nulls are distinct
            duplicate = [body, factory.body(self.case, row, **same)]
            response = client.post(path, json={"create": duplicate, "update": update})
            assert {field.rpartition(".")[0] for field in problem(response, 409)} == {"create.1"}
        assert client.get(count).json()["count"] == before
        response = client.post(path, json={"create": [body], "update": update})
        assert response.status_code == 200, response.text
        assert response.json()["updated"] == [row]
        shown = self.case.shown(body)
        (created,) = response.json()["created"]
        assert {field: created[field] for field in shown} == shown
        assert client.get(count).json()["count"] == before + 1

    def test_delete_many_ignores_missing_rows(self, client: TestClient, factory: Factory) -> None:
        kept, *rows = [factory.make(self.case) for _ in range(3)]
        keys = [_key(self.case.key, row) for row in rows]
        path = f"{self.case.path}/bulk-delete"
        assert client.post(path, json=keys).json() == {"deleted": 2}
        assert client.post(path, json=keys).json() == {"deleted": 0}
        assert client.get(row_path(self.case, kept)).status_code == 200
        assert problem(client.post(path, json=[]), 422) == ["body"]

    def test_changes_honour_if_match(self, client: TestClient, factory: Factory) -> None:
        path = row_path(self.case, factory.make(self.case))
        tag = client.get(path).headers["etag"]
        stale = {"If-Match": '"stale"'}
        if self.case.changes:
            assert problem(client.patch(path, json={}, headers=stale), 412) == []
            assert client.patch(path, json={}, headers={"If-Match": tag}).status_code == 200
        assert problem(client.delete(path, headers=stale), 412) == []
        tag = client.get(path).headers["etag"]
        assert client.delete(path, headers={"If-Match": f'"another", {tag}'}).status_code == 204

    def test_export_contains_the_rows_of_the_list(
        self, client: TestClient, factory: Factory
    ) -> None:
        for _ in range(2):
            factory.make(self.case)
        order = {"sort": f"-{self.case.key[0]}"}
        response = client.get(f"{self.case.path}{self.case.mark}export.csv", params=order)
        lines = list(csv.DictReader(io.StringIO(response.text)))
        items = client.get(self.case.path, params=order).json()["items"]
        assert [line[self.case.key[0]] for line in lines] == [
            _cell(item[self.case.key[0]]) for item in items
        ]
        assert list(lines[0]) == list(items[0])
        chosen = {**order, "columns": self.case.key[0], "bom": True}
        text = client.get(f"{self.case.path}{self.case.mark}export.csv", params=chosen).text
        assert list(csv.reader(io.StringIO(text))) == [
            [f"\ufeff{self.case.key[0]}"],
            *([line[self.case.key[0]]] for line in lines),
        ]
        book = client.get(f"{self.case.path}{self.case.mark}export.xlsx", params=order)
        sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
        assert [cell.value for cell in sheet[1]] == list(items[0])
        assert sheet.max_row == 1 + len(items)

    def test_references_are_expanded_with_one_query_each(
        self, client: TestClient, connection: Connection, factory: Factory
    ) -> None:
        references = self.case.references
        required = [one for one in references if one.required and not one.period]
        if not required:
            pytest.skip("the table has no required references")
        for _ in range(3):
            factory.make(self.case)
        statements: list[str] = []
        sa.event.listen(
            connection, "before_cursor_execute", lambda *args: statements.append(args[2])
        )
        names = ["+".join(reference.fields) for reference in required]
        page = client.get(self.case.path, params={"expand": ",".join(names)}).json()
        queries = [statement for statement in statements if statement.startswith("SELECT")]
        assert len(queries) == 1 + len(set(names))
        for reference, name in zip(required, names, strict=True):
            target = load_case(reference.module)
            keys = [
                tuple(row[field] for field in reference.target_fields)
                for row in page["expanded"][name]
            ]
            assert len(keys) == len(set(keys))
            assert {
                tuple(item[field] for field in reference.fields) for item in page["items"]
            } == set(keys)
            assert set(target.key) <= set(page["expanded"][name][0])


def _key(fields: tuple[str, ...], row: Json) -> object:
    return row[fields[0]] if len(fields) == 1 else [row[field] for field in fields]


def _cell(value: object) -> str:
    """Return a value of JSON as an export writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
