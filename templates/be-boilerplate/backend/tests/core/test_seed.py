"""Tests that the seed fills every table or reports the reason."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app import seed
from app.core.seeding.seeder import has_rows, seed_tables


def test_every_table_gets_rows_or_a_reason(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        result = seed_tables(session, rows=3, seed=1, locale="en_US")
        incomplete = {name for name, rows in result.rows.items() if rows < 3}
        assert incomplete == set(result.reasons)
        assert has_rows(session) is any(result.rows.values())


@pytest.mark.parametrize("arguments", [("--rows", "many"), ("--rows", "0"), ("--no-such-option",)])
def test_wrong_arguments_are_rejected(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="2"):
        seed.main(arguments)
