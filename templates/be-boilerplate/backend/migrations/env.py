"""How Alembic reaches the database: by the application's own settings and models."""

from __future__ import annotations

from alembic import context
from sqlalchemy.engine import Connection

from app.core.database import get_engine
from app.core.discovery import load_models
from migrations.changes import references_off


def run(connection: Connection) -> None:
    """Run the migrations over a connection, each in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=load_models(),
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    with references_off(connection), context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with get_engine().connect() as opened:
        run(opened)
