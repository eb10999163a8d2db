"""The engine for MySQL and MariaDB, and what each of its connections sets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from app.core.mysql.column_types import COLUMN_TYPES
from app.core.mysql.compilation import Compiler
from app.core.mysql.diagnostics import add_diagnostics

# A value that does not fit is an error on every server, whatever its own mode is.
_SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_LIMITED = "app.statements_limited"  # in the information of a connection: its limit is not that of its engine


def make_mysql_engine(url: URL, limits: Mapping[str, float], **pool: Any) -> Engine:
    """Return an engine; `limits` are `statement_timeout` and `lock_timeout` in seconds, 0 or missing for none."""
    engine = sa.create_engine(
        url.set(drivername="mysql+pymysql"),
        hide_parameters=True,  # of errors in the log: they may be secrets
        pool_pre_ping=True,
        # As on PostgreSQL, a statement sees what was committed before it, and no gaps between rows are locked.
        isolation_level="READ COMMITTED",
        connect_args={"charset": "utf8mb4"},
        **pool,
    )
    engine.dialect.statement_compiler = Compiler
    engine.dialect.colspecs = {**engine.dialect.colspecs, **COLUMN_TYPES}
    statement_timeout = limits.get("statement_timeout", 0)

    @sa.event.listens_for(engine, "connect")
    def _prepare(driver: Any, _record: object) -> None:
        settings = {"sql_mode": f"'{_SQL_MODE}'", "time_zone": "'+00:00'"}
        if lock_timeout := limits.get("lock_timeout", 0):
            settings["innodb_lock_wait_timeout"] = str(max(1, round(lock_timeout)))
        _set(driver, settings | _limit(driver, statement_timeout))

    @sa.event.listens_for(engine, "checkin")
    def _restore(driver: Any, record: Any) -> None:
        if driver is not None and record.info.pop(_LIMITED, None):
            _set(driver, _limit(driver, statement_timeout))

    add_diagnostics(engine)
    return engine


def limit_connection(connection: sa.Connection, seconds: float) -> None:
    """Set the time limit of a connection's statements until it is returned to the pool."""
    driver = connection.connection.driver_connection
    connection.info[_LIMITED] = True
    _set(driver, _limit(driver, seconds))


def _limit(driver: Any, seconds: float) -> dict[str, str]:
    """Return the setting for a statement's time; MySQL limits those that read, in milliseconds."""
    if "MariaDB" in driver.get_server_info():
        return {"max_statement_time": f"{seconds:f}"}
    return {"max_execution_time": str(round(seconds * 1000))}


def _set(driver: Any, settings: Mapping[str, str]) -> None:
    with driver.cursor() as cursor:
        cursor.execute(f"SET {', '.join(f'{name} = {value}' for name, value in settings.items())}")


def kill_statement(engine: Engine, driver: Any) -> None:
    """End the running statement of a connection, from a connection of its own: the driver cannot."""
    arguments, options = engine.dialect.create_connect_args(engine.url)
    other: Any = engine.dialect.connect(*arguments, **options)
    with closing(other), other.cursor() as cursor:
        cursor.execute(f"KILL QUERY {driver.thread_id()}")
