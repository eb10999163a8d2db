"""Tests that every table can be loaded with rows or the reason is reported."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app import load
from app.core.loading.loader import load_tables, table_names

ROWS = 9  # of which some are seeded


def test_every_table_gets_rows_or_a_reason(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        loaded = load_tables(
            session,
            table_names(),
            rows=ROWS,
            seed=1,
            locale="en_US",
            progress=lambda table, rows, wanted: None,
        )
    assert [table.table for table in loaded] == table_names()
    assert [table for table in loaded if (table.rows < ROWS) is not bool(table.reason)] == []


@pytest.mark.parametrize("arguments", [("--table", "no such table"), ("--rows", "many")])
def test_wrong_arguments_are_rejected(arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        load.main(arguments)
