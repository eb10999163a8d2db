"""Tables that tools and extensions keep their own records in: versions of migrations, parts of a search index.

An application has no use for them, and one that keeps versions of its own by Alembic cannot have a second table of that
name. They are recognised by name, those with a common name by their columns too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Table

_OWNERS = {
    "__diesel_schema_migrations": "Diesel",
    "__drizzle_migrations": "drizzle-kit",
    "__efmigrationshistory": "Entity Framework",
    "__refactorlog": "SSDT",
    "_prisma_migrations": "Prisma",
    "_sqlx_migrations": "sqlx",
    "alembic_version": "Alembic",
    "ar_internal_metadata": "Rails",
    "atlas_schema_revisions": "Atlas",
    "databasechangelog": "Liquibase",
    "databasechangeloglock": "Liquibase",
    "django_migrations": "Django",
    "doctrine_migration_versions": "Doctrine",
    "flyway_schema_history": "Flyway",
    "goose_db_version": "goose",
    "gorp_migrations": "sql-migrate",
    "knex_migrations": "Knex",
    "knex_migrations_lock": "Knex",
    "mikro_orm_migrations": "MikroORM",
    "pgmigrations": "node-pg-migrate",
    "phinxlog": "Phinx",
    "refinery_schema_history": "Refinery",
    "schema_migrations": "Rails, dbmate or golang-migrate",
    "sequelizemeta": "Sequelize",
    "typeorm_metadata": "TypeORM",
}
_WITH_COLUMNS = {  # names that an application may have, with the columns that only the tool's table has
    ("migrations", frozenset({"id", "migration", "batch"})): "Laravel",
    ("migrations", frozenset({"id", "timestamp", "name"})): "TypeORM",
    ("schema_version", frozenset({"installed_rank", "version", "description", "type", "script"})): "Flyway",
    ("schema_migrations", frozenset({"version", "dirty"})): "golang-migrate",
    ("changes", frozenset({"change_id", "script_hash"})): "sqitch",
}
_SHADOWS = {  # the endings that a virtual table of SQLite gives to its own tables, by module
    "fts3": ("content", "segdir", "segments", "stat", "docsize"),
    "fts4": ("content", "segdir", "segments", "stat", "docsize"),
    "fts5": ("content", "data", "idx", "docsize", "config"),
    "geopoly": ("node", "parent", "rowid"),
    "rtree": ("node", "parent", "rowid"),
    "rtree_i32": ("node", "parent", "rowid"),
    "spellfix1": ("vocab",),
}
_VERSION_COLUMNS = 4  # that a table called schema_migrations has at most


def tool_of(table: Table, virtual: Mapping[str, str]) -> str | None:
    """Return the tool whose own table it is, None for one of the application.

    `virtual` maps the names of SQLite's virtual tables, in lower case, to their modules.
    """
    name = table.name.name.lower()
    columns = {column.name.lower() for column in table.columns}
    for (known, needed), tool in _WITH_COLUMNS.items():
        if name == known and needed <= columns:
            return tool
    if name == "schema_migrations" and not ("version" in columns and len(columns) <= _VERSION_COLUMNS):
        return None
    if name in _OWNERS:
        return _OWNERS[name]
    stem, _, ending = name.rpartition("_")
    module = virtual.get(stem)
    return f"the virtual table {stem}" if module and ending in _SHADOWS.get(module, ()) else None
