"""What the catalog of MySQL or MariaDB says about the tables of a database, in a form that can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.mariadb import MariadbDatabase

OWN = "('alembic_version', 'alembic_step')"  # tables of the migrations themselves
QUERIES = {
    "table": f"""
        SELECT table_name, engine, row_format, table_collation, table_comment FROM information_schema.tables
        WHERE table_schema = database() AND table_type = 'BASE TABLE' AND table_name NOT IN {OWN}""",
    "column": f"""
        SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, character_set_name,
            collation_name, extra, generation_expression, column_comment
        FROM information_schema.columns WHERE table_schema = database() AND table_name NOT IN {OWN}""",
    "index": f"""
        SELECT table_name, index_name, non_unique, index_type, index_comment,
            group_concat(concat_ws(' ', column_name, sub_part, collation) ORDER BY seq_in_index)
        FROM information_schema.statistics WHERE table_schema = database() AND table_name NOT IN {OWN}
        GROUP BY 1, 2, 3, 4, 5""",
    # Of constraints, RESTRICT and NO ACTION are the same; the catalog shows which of them was written, if any was.
    "foreign key": """
        SELECT k.table_name, k.constraint_name, replace(r.update_rule, 'NO ACTION', 'RESTRICT'),
            replace(r.delete_rule, 'NO ACTION', 'RESTRICT'), k.referenced_table_name,
            group_concat(concat_ws(' ', k.column_name, k.referenced_column_name) ORDER BY k.ordinal_position)
        FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
            USING (constraint_schema, constraint_name, table_name)
        WHERE k.table_schema = database() GROUP BY 1, 2, 3, 4, 5""",
    "view": """
        SELECT table_name, replace(view_definition, concat('`', database(), '`.'), '') FROM information_schema.views
        WHERE table_schema = database()""",
    "check": """
        SELECT table_name, constraint_name, level, check_clause FROM information_schema.check_constraints
        WHERE constraint_schema = database()""",
}


def catalog(database: MariadbDatabase) -> set[tuple[str, ...]]:
    """Return all that the catalog says, a record for each table, column, index, foreign key and check."""
    return {(kind, *row) for kind, query in QUERIES.items() for row in database.run(query)}
