"""Each change of the schema is one: the reader understands it, and it differs from the school's."""

from __future__ import annotations

import random

import pytest

from runner.ddl.reader import read_ddl_text
from tests.integration.merging.schema_changes import CHANGES, SCHOOL, draw_change


@pytest.mark.parametrize("seed", range(3 * len(CHANGES)))
def test_a_change_is_read_without_a_note(seed: int) -> None:
    change = draw_change(seed, random.Random(seed))
    schema = read_ddl_text(change.draft.ddl, "postgres")
    assert schema.notes == ()
    assert schema != read_ddl_text(SCHOOL.ddl, "postgres") or change.options
    assert change.table in {table.name.name for table in schema.tables}
    (table,) = (table for table in schema.tables if table.name.name == change.table)
    assert not set(change.dropped) & set(table.columns_by_name)
    if change.kind != "add a value":
        assert set(change.added) <= set(table.columns_by_name)
