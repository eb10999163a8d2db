"""Alembic environment, based on the settings and models of the application."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy.engine import Connection

from app.core.constraint_columns import is_view
from app.core.database import get_engine
from app.core.discovery import load_models
from migrations.changes import foreign_keys_disabled


def is_table(item: Any, _name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Whether Alembic compares an object: views have models and are no tables."""
    return kind != "table" or not is_view(item)


def run(connection: Connection) -> None:
    """Run the migrations on a connection, each in its own transaction."""
    context.configure(
        connection=connection,
        target_metadata=load_models(),
        include_object=is_table,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    with foreign_keys_disabled(connection), context.begin_transaction():
        context.run_migrations()


existing = context.config.attributes.get("connection")
if existing is not None:
    run(existing)
else:
    with get_engine().connect() as connection:
        run(connection)
