"""Tests of what a deletion would do to other rows, inherited by the tests of each table."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from fastapi.testclient import TestClient

from app.core.constraint_columns import table_of
from tests.core.bulk_tests import BulkTests
from tests.core.factory import Case, Factory, Json, Reference, load_case
from tests.core.read_tests import problem, row_path


def is_deferred(case: Case, reference: Reference) -> bool:
    """Whether the database checks a reference at the commit, which no test reaches."""
    model = case.resource.model
    columns = {getattr(model, field).expression.key for field in reference.fields}
    constraints = table_of(model).foreign_key_constraints
    return any(one.initially == "DEFERRED" for one in constraints if columns == {*one.column_keys})


def consequences_path(case: Case, row: Json) -> str:
    """Return the path of what the deletion of a row would do; the row's key comes last if a part of it is text."""
    path, marked = row_path(case, row), f"{case.path}:consequences"
    router = importlib.import_module(f"app.{case.name}.router").router
    if any(f"/api{route.path}".startswith(marked) for route in router.routes):
        return path.replace(case.path, marked, 1)
    return f"{path}/consequences"


class DeletionTests(BulkTests):
    """Tests of tables whose rows can be deleted."""

    def test_deletion_has_the_consequences_that_were_shown(
        self, client: TestClient, factory: Factory
    ) -> None:
        table = self.case.resource.package
        for reference, row in self._referring_rows(client, factory):
            other = load_case(reference.module)
            [target] = [
                found
                for found in client.get(other.path, params={"limit": 500}).json()["items"]
                if [found[name] for name in reference.target_fields]
                == [row[name] for name in reference.fields]
            ]
            shown = client.get(consequences_path(other, target)).json()
            many = client.post(f"{other.path}/bulk-consequences", json=[self._key(other, target)])
            assert many.json() == shown
            assert (shown["rows"], shown["is_complete"]) == (1, True)
            [effect] = [
                effect
                for effect in shown["effects"]
                if effect["table"] == table
                and (effect["fields"] or [*reference.fields]) == [*reference.fields]
            ]
            deleted = client.delete(row_path(other, target))
            if any(effect["effect"] == "refuse" for effect in shown["effects"]):
                assert problem(deleted, 409) == [""]
                assert client.get(row_path(self.case, row)).json() == row
                continue
            assert deleted.status_code == 204, deleted.text
            remaining = client.get(row_path(self.case, row))
            assert remaining.status_code == (404 if effect["effect"] == "delete" else 200)

    def test_consequences_of_missing_rows_are_none(
        self, client: TestClient, factory: Factory
    ) -> None:
        row = factory.make(self.case)
        path, key = consequences_path(self.case, row), self._key(self.case, row)
        client.delete(row_path(self.case, row))
        assert problem(client.get(path), 404) == []
        response = client.post(f"{self.case.path}/bulk-consequences", json=[key])
        nothing = {"rows": 0, "effects": [], "is_complete": True}
        assert response.json().items() >= nothing.items()

    def _referring_rows(
        self, client: TestClient, factory: Factory
    ) -> Iterator[tuple[Reference, Json]]:
        """Yield a new row for each reference, as far as rules let it refer to another row."""
        for reference in self.case.references:
            if reference.period or is_deferred(self.case, reference):
                continue
            case = load_case(reference.module)
            if not case.is_creatable:
                continue
            other = factory.make(case)
            pairs = zip(reference.fields, reference.target_fields, strict=True)
            body = factory.body(self.case, None, **{own: other[target] for own, target in pairs})
            created = client.post(self.case.path, json=body)
            if created.status_code == 201:
                yield reference, created.json()

    def _key(self, case: Case, row: Json) -> object:
        parts = [row[field] for field in case.key]
        return parts[0] if len(parts) == 1 else parts
