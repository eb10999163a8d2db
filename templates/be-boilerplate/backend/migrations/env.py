"""How Alembic reaches the database: by the application's own settings and models."""

from __future__ import annotations

from alembic import context
from sqlalchemy.engine import Connection

from app.core.database import get_engine
from app.core.discovery import load_models


def run(connection: Connection) -> None:
    """Run the migrations over a connection."""
    context.configure(
        connection=connection,
        target_metadata=load_models(),
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with get_engine().connect() as opened:
        run(opened)
