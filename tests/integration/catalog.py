"""PostgreSQL's catalog of a database, as lines that can be compared; and loading DDL into a database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg

from runner.ddl.dialects import dialect_named
from runner.ddl.reader.statement_splitter import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Catalog = dict[str, set[str]]

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
_TABLES = f"c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' AND {_OURS}"
_OF_EXTENSION = "SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e'"
_VIEWS = f"c.relkind IN ('v', 'm') AND {_OURS} AND NOT EXISTS ({_OF_EXTENSION})"
_RELATION = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

# Each gives the lines of one part of the catalog. Partitioning, inheritance, persistence, storage and owners are not
# compared: the generated application reports that it drops them. A default of NULL is no default, an index ON
# ONLY a partitioned table is its index, and in a new database there is no old row that NOT VALID could excuse.
_QUERIES = {
    "tables": f"SELECT format('%s.%s', n.nspname, c.relname) FROM {_RELATION} WHERE {_TABLES}",
    "columns": f"""
        SELECT format('%s.%s %s: %s.%s', n.nspname, c.relname, a.attname,
            row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod))
        FROM pg_attribute a JOIN {_RELATION} ON c.oid = a.attrelid
        WHERE {_TABLES} AND a.attnum > 0 AND NOT a.attisdropped""",
    "nullability": f"""
        SELECT format('%s.%s %s: %s', n.nspname, c.relname, a.attname, a.attnotnull)
        FROM pg_attribute a JOIN {_RELATION} ON c.oid = a.attrelid
        WHERE {_TABLES} AND a.attnum > 0 AND NOT a.attisdropped""",
    "defaults": f"""
        SELECT format('%s.%s %s: %s %s%s%s', n.nspname, c.relname, a.attname,
            nullif(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^NULL::.*', ''), ''),
            a.attidentity, a.attgenerated, (SELECT ' ' || collname FROM pg_collation l
            JOIN pg_type t ON t.oid = a.atttypid WHERE l.oid = a.attcollation AND l.oid <> t.typcollation))
        FROM pg_attribute a JOIN {_RELATION} ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE {_TABLES} AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": f"""
        SELECT format('%s.%s %s: %s', n.nspname, c.relname, o.conname,
            regexp_replace(pg_get_constraintdef(o.oid), ' NOT VALID$', ''))
        FROM pg_constraint o JOIN {_RELATION} ON c.oid = o.conrelid
        WHERE {_TABLES} AND o.contype IN ('p', 'u', 'f', 'c', 'x') AND (o.contype <> 'f' OR o.conparentid = 0
            OR o.conrelid <> (SELECT p.conrelid FROM pg_constraint p WHERE p.oid = o.conparentid))""",
    "indexes": f"""
        SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
        FROM pg_index i JOIN {_RELATION} ON c.oid = i.indrelid
        WHERE {_TABLES} AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid
            AND o.conrelid = i.indrelid AND o.contype IN ('p', 'u', 'x'))""",
    "views": f"""
        SELECT format('%s.%s %s: %s', n.nspname, c.relname, c.relkind, pg_get_viewdef(c.oid))
        FROM {_RELATION} WHERE {_VIEWS}
        UNION ALL SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN {_RELATION} ON c.oid = i.indrelid WHERE {_VIEWS}""",
    "columns of views": f"""
        SELECT format('%s.%s %s: %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
        FROM pg_attribute a JOIN {_RELATION} ON c.oid = a.attrelid WHERE {_VIEWS} AND a.attnum > 0""",
    "enums": f"""
        SELECT format('%s.%s: %s', n.nspname, t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid
        WHERE {_OURS} GROUP BY n.nspname, t.typname""",
    "domains": f"""
        SELECT format('%s.%s: %s %s %s %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
            t.typdefault, array(SELECT o.conname || ' ' || pg_get_constraintdef(o.oid) FROM pg_constraint o
            WHERE o.contypid = t.oid AND o.contype = 'c' ORDER BY 1))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {_OURS}""",
    "comments": f"""
        SELECT format('%s.%s %s: %s', n.nspname, c.relname, a.attname, d.description)
        FROM pg_description d JOIN {_RELATION} ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
        WHERE c.relkind IN ('r', 'p', 'i', 'I', 'v', 'm') AND {_OURS}
        UNION ALL SELECT format('%s %s: %s', c.relname, o.conname, d.description) FROM pg_description d
        JOIN pg_constraint o ON o.oid = d.objoid AND d.classoid = 'pg_constraint'::regclass
        JOIN pg_class c ON c.oid = o.conrelid
        UNION ALL SELECT format('%s.%s: %s', n.nspname, t.typname, d.description)
        FROM pg_description d JOIN pg_type t ON t.oid = d.objoid AND d.classoid = 'pg_type'::regclass
        JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_OURS}""",
}


def read_catalog(url: str) -> Catalog:
    """Return the catalog of a database, by part."""
    found: Catalog = {}
    with psycopg.connect(url) as connection:
        for part, query in _QUERIES.items():
            found[part] = {row[0] for row in connection.execute(query.encode())}
    return found


def without_searches(catalog: Catalog) -> Catalog:
    """Return a catalog without the indexes of words, which the migrations add for searches."""
    lines = {
        line for line in catalog["indexes"] if """USING gin (to_tsvector('simple'::regconfig, "left"(""" not in line
    }
    return catalog | {"indexes": lines}


def differences(expected: Catalog, found: Catalog) -> dict[str, list[str]]:
    """Return the lines that only one of two catalogs has, by part: `-` the expected one, `+` the other."""
    return {
        part: lines
        for part in _QUERIES
        if (
            lines := [
                *(f"- {line}" for line in sorted(expected[part] - found[part])),
                *(f"+ {line}" for line in sorted(found[part] - expected[part])),
            ]
        )
    }


_NOT_SCHEMA = re.compile(
    rb"(?i)\s*(?:COPY|INSERT|SELECT\s+setval|GRANT|REVOKE|ALTER\s+\S+\s+\S+\s+OWNER|BEGIN|COMMIT)\b"
)
_OF_TABLES = re.compile(
    r"(?i)(?:CREATE\s+(?:UNLOGGED\s+)?(?:TABLE|TYPE|DOMAIN|UNIQUE|INDEX|VIEW|MATERIALIZED)|ALTER\s+TABLE)\b"
)


def load_ddl(url: str, paths: Iterable[Path]) -> list[str]:
    """Run the statements of SQL files, and return those about tables that the server refused, with its reason."""
    refused: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        for path in paths:
            data = path.read_bytes()
            for raw in split(data, dialect_named("postgres")):
                statement = data[raw.start : raw.end]
                if raw.client or _NOT_SCHEMA.match(statement):
                    continue
                try:
                    connection.execute(statement)
                except psycopg.Error as error:
                    text = statement.decode(errors="replace").strip()
                    if _OF_TABLES.match(text):
                        refused.append(f"{' '.join(text.split())[:80]}: {str(error).splitlines()[0]}")
    return refused
