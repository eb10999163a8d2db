"""Tests that every table can be loaded with rows or the reason is reported."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app import load
from app.core.loading.loader import Loaded, load_tables, table_names

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


@pytest.mark.parametrize("arguments", [("--table", "no such table"), ("--rows", "0")])
def test_wrong_arguments_are_rejected(arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        load.main(arguments)


def test_the_result_is_printed_and_a_missing_row_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = [Loaded(table="full", rows=1200), Loaded(table="empty", rows=0, reason="no row")]
    for result, status in ((loaded[:1], 0), (loaded, 1)):
        monkeypatch.setattr(load, "load_tables", lambda *_, result=result, **__: result)
        assert load.main(["--rows", "1200"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["full", "1,200"],
        ["empty", "0", "(no", "row)"],
    ]
