"""Tests of a whole table: the test class of each table inherits them and sets its `case`."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.core.deletion_tests import DeletionTests, is_deferred
from tests.core.factory import Case, Factory, Json
from tests.core.read_tests import problem, row_path


class TableTests(DeletionTests):
    """Tests of tables whose rows can be created, changed and deleted."""

    def test_create_returns_the_row(self, client: TestClient, factory: Factory) -> None:
        body = factory.body(self.case)
        response = client.post(self.case.path, json=body)
        assert response.status_code == 201, response.text
        row, shown = response.json(), self.case.shown(body)
        assert {field: row[field] for field in shown} == shown
        assert client.get(row_path(self.case, row)).json() == row

    def test_secrets_are_written_and_never_read(self, client: TestClient, factory: Factory) -> None:
        if not self.case.secrets:
            pytest.skip("no field of the table is a secret")
        row = client.post(self.case.path, json=factory.body(self.case)).json()
        header = client.get(f"{self.case.path}{self.case.mark}export.csv").text.splitlines()[0]
        for field in self.case.secrets:
            assert field not in row
            assert field not in header.split(",")
            assert problem(client.get(self.case.path, params={field: "1"}), 422) == [field]
            for operator in ("like", "is_null"):
                parameter = f"{field}__{operator}"
                fields = problem(client.get(self.case.path, params={parameter: "1"}), 422)
                assert fields == [parameter]
            assert problem(client.get(self.case.path, params={"sort": field}), 422) == ["sort"]

    def test_create_requires_required_fields(self, client: TestClient, factory: Factory) -> None:
        body = factory.body(self.case)
        for field in self.case.required:
            incomplete = {name: value for name, value in body.items() if name != field}
            assert problem(client.post(self.case.path, json=incomplete), 422) == [field]

    def test_create_rejects_unknown_fields(self, client: TestClient, factory: Factory) -> None:
        body = {**factory.body(self.case), "no_such_field": 1}
        assert problem(client.post(self.case.path, json=body), 422) == ["no_such_field"]

    def test_create_rejects_invalid_values(self, client: TestClient, factory: Factory) -> None:
        body = factory.body(self.case)
        for field, value in self.case.invalid.items():
            response = client.post(self.case.path, json={**body, field: value})
            fields = problem(response, 422)
            assert {name.split(".")[0] for name in fields} == {field}

    def test_create_rejects_rule_violations(self, client: TestClient, factory: Factory) -> None:
        body = factory.body(self.case)
        for rule, values in self.case.broken.items():
            response = client.post(self.case.path, json={**body, **values})
            fields = problem(response, 422)
            assert set(fields) & set(values), rule
            assert {error["constraint"] for error in response.json()["errors"]} == {rule}

    def test_create_rejects_dangling_references(self, client: TestClient, factory: Factory) -> None:
        for reference in self.case.references:
            if len(reference.fields) > 1 or is_deferred(self.case, reference):
                continue
            body = factory.body(self.case)
            dangling = {reference.fields[0]: _unknown(body.get(reference.fields[0], 1))}
            response = client.post(self.case.path, json={**body, **dangling})
            fields = problem(response, 422)
            assert fields, response.text

    def test_create_rejects_duplicates(self, client: TestClient, factory: Factory) -> None:
        for unique in self.case.unique:
            first = factory.make(self.case)
            same = {field: first[field] for field in unique}
            if None in same.values():
                continue
            second = factory.body(self.case, first, **same)
            fields = problem(client.post(self.case.path, json=second), 409)
            assert set(fields) <= set(unique)
            assert fields

    def test_deleted_rows_are_not_found(self, client: TestClient, factory: Factory) -> None:
        path = row_path(self.case, factory.make(self.case))
        assert client.delete(path).status_code == 204
        assert problem(client.get(path), 404) == []
        assert problem(client.delete(path), 404) == []

    def test_list_filters_by_each_field(self, client: TestClient, factory: Factory) -> None:
        row = factory.make(self.case)
        factory.make(self.case)
        filters = self.case.resource.filters.fields
        for field, filterable in filters.items():
            value = row[field]
            if value is None or "eq" not in filterable.operators:
                continue
            text, names = _text(value), ["eq", "gte", "lte"] + ["in"] * ("," not in _text(value))
            matching = {f"{field}__{name}": text for name in names if name in filterable.operators}
            page = client.get(self.case.path, params={**_key(self.case, row), **matching})
            assert page.status_code == 200, page.text
            assert page.json()["items"] == [row], matching
            excluding = {**_key(self.case, row), f"{field}__ne": text}
            assert client.get(self.case.path, params=excluding).json()["total"] == 0

    def test_list_filters_by_null(self, client: TestClient, factory: Factory) -> None:
        row = factory.make(self.case)
        for field, filterable in self.case.resource.filters.fields.items():
            if "is_null" in filterable.operators:
                parameters = {f"{field}__is_null": _text(row[field] is None)}
                assert row in client.get(self.case.path, params=parameters).json()["items"]

    def test_list_filters_by_substrings_and_array_items(
        self, client: TestClient, factory: Factory
    ) -> None:
        row = factory.make(self.case)
        for field, filterable in self.case.resource.filters.fields.items():
            value = row[field]
            if "contains" not in filterable.operators or not value:
                continue
            part = _first(value) if isinstance(value, list) else value[1:].upper() or value
            response = client.get(self.case.path, params={f"{field}__contains": _text(part)})
            assert response.status_code == 200, response.text
            assert row in response.json()["items"]
            if "like" in filterable.operators:
                parameters = {f"{field}__like": _escaped(value)}
                assert row in client.get(self.case.path, params=parameters).json()["items"]
            if filterable.column.key in self.case.resource.filters.search.columns:
                words = " ".join(reversed(value.upper().split()[:20]))
                assert row in client.get(self.case.path, params={"q": words}).json()["items"]

    def test_list_sorts_by_each_field(self, client: TestClient, factory: Factory) -> None:
        keys = [_key(self.case, factory.make(self.case)) for _ in range(3)]
        for field, filterable in self.case.resource.filters.fields.items():
            if not filterable.sortable:
                continue
            rows = client.get(
                self.case.path, params={"sort": f"{field},{self.case.key[0]}"}
            ).json()["items"]
            assert len(rows) == len(keys)
            if None not in [row[field] for row in rows]:
                descending = client.get(self.case.path, params={"sort": f"-{field}"}).json()
                values = [row[field] for row in descending["items"]]
                assert values == [row[field] for row in reversed(rows)]

    def test_list_is_paged(self, client: TestClient, factory: Factory) -> None:
        for _ in range(3):
            factory.make(self.case)
        first = client.get(self.case.path, params={"limit": 2}).json()
        second = client.get(self.case.path, params={"limit": 2, "offset": 2}).json()
        assert (len(first["items"]), len(second["items"])) == (2, 1)
        assert first["total"] == second["total"] == 3
        assert second["items"][0] not in first["items"]

    def test_count_applies_filters(self, client: TestClient, factory: Factory) -> None:
        row = factory.make(self.case)
        factory.make(self.case)
        path = f"{self.case.path}{self.case.mark}count"
        assert client.get(path).json() == {"count": 2}
        assert client.get(path, params=_key(self.case, row)).json() == {"count": 1}

    def test_patch_changes_only_the_fields_sent(self, client: TestClient, factory: Factory) -> None:
        self._require_changes()
        row = factory.make(self.case)
        path = row_path(self.case, row)
        assert client.patch(path, json={}).json() == row
        other = factory.body(self.case)
        independent = self._independent_fields()
        changed = {name: value for name, value in other.items() if name in independent}
        response = client.patch(path, json=changed)
        assert response.status_code == 200, response.text
        expected = {**row, **self.case.shown(changed)}
        assert _written(self.case, response.json()) == _written(self.case, expected)

    def test_patch_rejects_null_for_required_fields(
        self, client: TestClient, factory: Factory
    ) -> None:
        self._require_changes()
        row = factory.make(self.case)
        path = row_path(self.case, row)
        for field in self.case.not_null:
            assert problem(client.patch(path, json={field: None}), 422) == [field]

    def test_patch_checks_rules_over_the_whole_row(
        self, client: TestClient, factory: Factory
    ) -> None:
        self._require_changes()
        path = row_path(self.case, factory.make(self.case))
        for rule, values in self.case.broken.items():
            if not values.keys() <= {*self.case.changes}:
                continue  # only another key breaks it
            response = client.patch(path, json=values)
            problem(response, 422)
            assert {error["constraint"] for error in response.json()["errors"]} == {rule}

    def test_put_replaces_the_row(self, client: TestClient, factory: Factory) -> None:
        self._require_changes()
        row = factory.make(self.case)
        key = {name: row[name] for name in self.case.key}  # which references may share columns with
        body = {
            name: value
            for name, value in factory.body(self.case, row, **key).items()
            if name in self.case.changes
        }
        response = client.put(row_path(self.case, row), json=body)
        assert response.status_code == 200, response.text
        replaced, changed = response.json(), _updated_on_change(self.case)
        shown = self.case.shown(body)
        expected = {field: value for field, value in shown.items() if field not in changed}
        assert {field: replaced[field] for field in expected} == expected
        assert _key(self.case, replaced) == _key(self.case, row)
        kept = {*self.case.changes} - {*self.case.not_null, *body} - changed - self.case.secrets
        assert all(replaced[name] is None or name in self._defaulted() for name in kept)

    def test_changes_to_deleted_rows_are_not_found(
        self, client: TestClient, factory: Factory
    ) -> None:
        self._require_changes()
        row = factory.make(self.case)
        body = {
            name: value
            for name, value in factory.body(self.case).items()
            if name in self.case.changes
        }
        path = row_path(self.case, row)
        client.delete(path)
        assert problem(client.patch(path, json={}), 404) == []
        assert problem(client.put(path, json=body), 404) == []

    def test_delete_returns_no_content(self, client: TestClient, factory: Factory) -> None:
        row = factory.make(self.case)
        response = client.delete(row_path(self.case, row))
        assert response.status_code == 204
        assert response.content == b""

    def _require_changes(self) -> None:
        """Skip the test if no field of the table can be updated."""
        if not self.case.changes:
            pytest.skip("all fields belong to the key")

    def _independent_fields(self) -> set[str]:
        """Return the updatable fields that belong to no reference."""
        dependent = {field for reference in self.case.references for field in reference.fields}
        return set(self.case.changes) - dependent

    def _defaulted(self) -> set[str]:
        names = self.case.resource.model.__table__.info["fields"]
        columns = self.case.resource.model.__table__.columns
        return {names[column.key] for column in columns if column.server_default is not None}


def _written(case: Case, row: Json) -> Json:
    """Return the fields of a row that clients write, without timestamps that every change updates."""
    written = {*case.key, *case.changes} - _updated_on_change(case)
    return {name: value for name, value in row.items() if name in written}


def _updated_on_change(case: Case) -> set[str]:
    """Return the fields that a change updates unless it gives them another value."""
    table = case.resource.model.__table__
    names = table.info["fields"]
    return {names[column.key] for column in table.columns if column.onupdate is not None}


def _key(case: Case, row: Json) -> dict[str, str]:
    return {field: _text(row[field]) for field in case.key}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first(items: Any) -> Any:
    return _first(items[0]) if isinstance(items, list) else items


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _unknown(value: Any) -> Any:
    """Return a value of the same type that no row has."""
    if isinstance(value, int):
        return 2**15 - 1
    text = str(value)
    return "ffffffff-ffff-4fff-8fff-ffffffffffff" if len(text) == 36 else "~" * len(text)
