"""Views in the DDL: their columns, keys and references, and their queries in the SQL of both databases."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from runner.ddl.notes import NoteKind
from runner.ddl.qualified_name import QName
from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration.postgresql_statements import create_view
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.fastapi.query_writer import empty_views, written_query
from runner.generation.fastapi.translation import Database
from runner.generation.model.application import Application

if TYPE_CHECKING:
    from runner.ddl.model import Schema, Table

SHOP = """
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE customers (
    id integer PRIMARY KEY, name varchar(40) NOT NULL, active boolean NOT NULL, password_hash text
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers,
    amount numeric(10, 2) NOT NULL,
    state state NOT NULL,
    placed_at timestamptz NOT NULL,
    due date
);
CREATE TABLE lines (order_id integer REFERENCES orders, number integer, "Text" text, PRIMARY KEY (order_id, number));
"""


def view(sql: str, dialect: str = "postgres", tables: str = SHOP) -> Table:
    return read_ddl_text(f"{tables}\n{sql}", dialect).tables[-1]


def types(table: Table) -> dict[str, str]:
    return {column.name: column.type.text for column in table.columns}


def view_notes(schema: Schema) -> list[str]:
    return [note.reason for note in schema.notes if note.kind is NoteKind.VIEW]


def test_no_line_of_a_definition_ends_with_a_space_unless_a_text_does() -> None:
    table = view("CREATE VIEW v AS SELECT id,  \n  name || 'a \nb' AS n -- both\t\nFROM  customers ;")
    assert table.view is not None
    assert table.view.definition == "AS SELECT id,\n  name || 'a \nb' AS n -- both\nFROM  customers"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("o.amount", "numeric(10,2)"),
        ("o.state", "public.state"),
        ("c.name || ' '", "text"),
        ("count(*)", "bigint"),
        ("sum(o.id)", "bigint"),
        ("sum(o.amount)", "numeric"),
        ("avg(o.id)", "numeric"),
        ("max(o.placed_at)", "timestamp with time zone"),
        ("o.amount * 2", "numeric"),
        ("o.id + 1", "integer"),
        ("o.due - o.due", "integer"),
        ("CAST(o.id AS text)", "text"),
        ("CASE WHEN c.active THEN o.id ELSE 0 END", "integer"),
        ("coalesce(o.due, current_date)", "date"),
        ("o.amount > 5", "boolean"),
        ("row_number() OVER (ORDER BY o.id)", "bigint"),
        ("array_agg(o.state)", "public.state[]"),
        ("(SELECT count(*) FROM lines l WHERE l.order_id = o.id)", "bigint"),
        ("jsonb_agg(o.id)", "jsonb"),
    ],
)
def test_types_of_values_follow_from_the_query(value: str, expected: str) -> None:
    found = view(f"CREATE VIEW v AS SELECT {value} AS x FROM orders o JOIN customers c ON c.id = o.customer_id;")
    assert types(found) == {"x": expected}


def test_stars_and_names_of_columns_are_those_of_the_tables() -> None:
    assert [*types(view("CREATE VIEW v AS SELECT l.*, o.amount FROM lines l JOIN orders o ON o.id = l.order_id;"))] == [
        "order_id", "number", "Text", "amount",
    ]  # fmt: skip
    assert [*types(view('CREATE VIEW v (a, "B") AS SELECT id, name FROM customers;'))] == ["a", "B"]


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("SELECT id, name FROM customers", ("id",)),
        ("SELECT o.id AS number FROM orders o JOIN customers c ON c.id = o.customer_id", ("number",)),
        ("SELECT o.id FROM (orders o LEFT JOIN customers c ON ((c.id = o.customer_id)))", ("id",)),
        ("SELECT o.id FROM orders o, customers c WHERE c.id = o.customer_id AND c.active", ("id",)),
        ("SELECT order_id, number FROM lines", ("order_id", "number")),
        ("SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id", ("customer_id",)),
        (
            "SELECT c.id, c.name, count(*) FROM customers c JOIN orders o ON c.id = o.customer_id GROUP BY 1, c.name",
            ("id",),
        ),
        # each of these may show a row of the table several times, or none of its key
        ("SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id", ()),
        ("SELECT c.id FROM customers c LEFT JOIN lines l ON l.number = c.id", ()),
        ("SELECT o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id", ()),
        ("SELECT name FROM customers", ()),
        ("SELECT id FROM customers UNION ALL SELECT id FROM orders", ()),
        ("SELECT order_id FROM lines", ()),
        ("SELECT due, count(*) AS n FROM orders GROUP BY due", ()),
        ("SELECT o.id FROM orders o JOIN customers c ON c.active", ()),
    ],
)  # fmt: skip
def test_key_is_that_of_the_table_where_the_query_keeps_its_rows_apart(query: str, key: tuple[str, ...]) -> None:
    found = view(f"CREATE VIEW v AS {query};")
    assert found.key_columns == key
    assert all(column.nullable is (column.name not in key) for column in found.columns)


def test_references_are_the_foreign_keys_that_the_query_shows() -> None:
    found = view("CREATE VIEW v AS SELECT o.id AS number, o.customer_id AS who, o.amount FROM orders o;")
    assert {key.columns: key.references.name for key in found.foreign_keys} == {
        ("number",): "orders",
        ("who",): "customers",
    }
    again = view("CREATE VIEW a AS SELECT customer_id AS c FROM orders; CREATE VIEW b AS SELECT c AS d FROM a;")
    assert {key.columns: key.references.name for key in again.foreign_keys} == {("d",): "customers"}


def test_views_come_after_the_views_that_they_read() -> None:
    schema = read_ddl_text(
        "CREATE VIEW last AS SELECT n FROM first; CREATE VIEW first AS SELECT id AS n FROM customers;" + SHOP,
        "postgres",
    )
    assert [table.name.name for table in schema.tables][-2:] == ["first", "last"]
    assert schema.tables[-1].view is not None
    assert schema.tables[-1].view.uses == (QName(schema="public", name="first"),)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE VIEW v AS SELECT * FROM elsewhere;", "it reads elsewhere, which is no table of the DDL"),
        ("CREATE VIEW v AS SELECT g FROM generate_series(1, 3) g;", "it reads the rows of GENERATE_SERIES(1, 3) AS g"),
        ("CREATE VIEW v AS SELECT strange(id) AS x FROM customers;", "the type of its column x is not known"),
        ("CREATE VIEW v AS SELECT no_such FROM customers;", "its query is not understood"),
        ("CREATE VIEW v AS SELECT id FROM v;", "it reads itself"),
        ("CREATE RECURSIVE VIEW v (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v;", "recursive"),
        ("CREATE TEMP VIEW v AS SELECT id FROM customers;", "a temporary view lasts for one session"),
        ("CREATE VIEW v AS WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 2 FROM t) SELECT * FROM t;", "recursive"),
    ],
)
def test_a_view_whose_columns_are_not_known_is_a_note_that_says_why(sql: str, reason: str) -> None:
    schema = read_ddl_text(SHOP + sql, "postgres")
    assert [table.name.name for table in schema.tables] == ["customers", "orders", "lines"]
    (found,) = view_notes(schema)
    assert reason in found


def test_later_statements_replace_rename_and_drop_views() -> None:
    sql = """
    CREATE VIEW a AS SELECT id FROM customers;
    CREATE OR REPLACE VIEW a AS SELECT id, name FROM customers;
    CREATE VIEW b AS SELECT id FROM orders;
    ALTER VIEW b RENAME TO c;
    CREATE MATERIALIZED VIEW m AS SELECT id FROM orders WITH NO DATA;
    DROP MATERIALIZED VIEW IF EXISTS m;
    COMMENT ON VIEW a IS 'All of them.';
    COMMENT ON COLUMN a.name IS 'In full.';
    """
    schema = read_ddl_text(SHOP + sql, "postgres")
    views = {table.name.name: table for table in schema.tables if table.view}
    assert {name: [*types(table)] for name, table in views.items()} == {"a": ["id", "name"], "c": ["id"]}
    assert views["a"].comment == "All of them."
    assert [column.comment for column in views["a"].columns] == [None, "In full."]


def test_a_placeholder_of_mysqldump_is_replaced() -> None:
    sql = """
    CREATE TABLE t (id int PRIMARY KEY, n varchar(9));
    /*!50001 CREATE VIEW `v` AS SELECT 1 AS `id`, 1 AS `n` */;
    /*!50001 DROP VIEW IF EXISTS `v`*/;
    /*!50001 CREATE ALGORITHM=UNDEFINED */
    /*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
    /*!50001 VIEW `v` AS select `t`.`id` AS `id`,upper(`t`.`n`) AS `n` from `t` */;
    """
    found = view("", "mysql", sql)
    assert types(found) == {"id": "int", "n": "longtext"}


def test_a_secret_stays_a_secret_under_another_name() -> None:
    schema = read_ddl_text(
        SHOP + "CREATE VIEW a AS SELECT id, upper(password_hash) AS x FROM customers;"
        "CREATE VIEW b AS SELECT x AS y, id FROM a;",
        "postgres",
    )
    application = Application(schema)
    shown = {table.title: [field.name for field in table.shown] for table in application.tables if table.is_view}
    assert shown == {"a": ["id"], "b": ["id"]}


def test_views_are_read_only() -> None:
    table = Application(read_ddl_text(SHOP + "CREATE VIEW v AS SELECT id FROM orders;", "postgres")).tables[-1]
    assert (table.is_view, table.is_addressable, table.is_writable) == (True, True, False)


# ------------------------------------------------------------------------------------------------- both databases


def written(query: str, database: Database, dialect: str = "postgres", tables: str = SHOP) -> str | None:
    application = Application(read_ddl_text(f"{tables}\nCREATE VIEW v AS {query};", dialect))
    return written_query(application, application.tables[-1].ddl.name, database)


def test_a_query_is_written_for_sqlite() -> None:
    query = """
    SELECT o.id, c.name AS customer, sum(o.amount) AS total, string_agg(c.name, ', ') AS names
    FROM orders o LEFT JOIN customers c ON c.id = o.customer_id
    WHERE c.active AND o.state = 'open' GROUP BY o.id, c.name HAVING count(*) > 1
    """
    assert written(query, Database.SQLITE) == (
        "SELECT\n    o.id,\n    c.name AS customer,\n    round(sum(o.amount), 2) AS total,\n"
        "    group_concat(c.name, ', ') AS names\nFROM orders AS o\n"
        "LEFT JOIN customers AS c ON c.id = o.customer_id\n"
        "WHERE c.active AND (o.state = 'open')\nGROUP BY o.id, c.name\nHAVING count(*) > 1"
    )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, row_number() OVER (ORDER BY id) AS n FROM orders",
        "SELECT id FROM orders LIMIT 3",
        "SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders)",
        "SELECT jsonb_agg(id) AS x FROM orders",
        "SELECT DISTINCT ON (customer_id) id FROM orders",
        "SELECT o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id",
        "SELECT placed_at + interval '1 month' AS x FROM orders",
    ],
)
def test_what_sqlite_cannot_say_has_no_rows_there(query: str) -> None:
    application = Application(read_ddl_text(f"{SHOP}\nCREATE VIEW v AS {query};", "postgres"))
    name = application.tables[-1].ddl.name
    assert [*empty_views(application)] == [(name, Database.SQLITE)]
    (found,) = take_snapshot(application).views
    assert found.create == f"CREATE VIEW v AS {query}"
    connection = sqlite3.connect(":memory:")
    connection.execute(found.sqlite)
    assert connection.execute("SELECT * FROM v").fetchall() == []


def test_postgresql_requires_that_values_are_grouped() -> None:
    tables = "CREATE TABLE t (id integer PRIMARY KEY, a text, n integer); CREATE TABLE u (t_id integer, b text);"
    by_key = "SELECT t.id, t.a, count(*) AS n FROM t JOIN u ON u.t_id = t.id GROUP BY t.id"
    assert written(by_key, Database.POSTGRESQL, "sqlite", tables) is not None
    loose = "SELECT t.id, u.b FROM t JOIN u ON u.t_id = t.id GROUP BY t.id"
    assert written(loose, Database.POSTGRESQL, "sqlite", tables) is None


def test_postgresql_compares_values_of_like_kinds_only() -> None:
    tables = "CREATE TABLE a (id integer PRIMARY KEY, code text); CREATE TABLE b (number integer, label text);"
    for on, is_known in (("a.code = b.label", True), ("a.code = b.number", False), ("a.code IS NOT b.number", False)):
        text = written(f"SELECT a.id FROM a JOIN b ON {on}", Database.POSTGRESQL, "sqlite", tables)
        assert (text is not None) == is_known, on
        assert written(f"SELECT a.id FROM a JOIN b ON {on}", Database.SQLITE, "sqlite", tables) is not None


def test_an_index_of_a_materialized_view_has_all_that_the_ddl_says_of_it() -> None:
    sql = """
    CREATE MATERIALIZED VIEW m AS SELECT id, name FROM customers WITH DATA;
    CREATE UNIQUE INDEX m_name ON m (name COLLATE "C" DESC, lower(name)) INCLUDE (id) NULLS NOT DISTINCT WHERE id > 1;
    COMMENT ON INDEX m_name IS 'By name.';
    """
    (view,) = take_snapshot(Application(read_ddl_text(SHOP + sql, "postgres"))).views
    (index,) = view.indexes
    assert index.sql == ' (name COLLATE "C" DESC, (lower(name))) INCLUDE (id) NULLS NOT DISTINCT WHERE id > 1'
    assert (index.columns, index.unique, index.comment) == (("name", "id"), True, "By name.")
    assert "COMMENT ON INDEX m_name IS 'By name.'" in [*create_view(view)]


def test_a_materialized_view_keeps_its_indexes_and_is_filled_at_once() -> None:
    sql = "CREATE MATERIALIZED VIEW m AS SELECT id FROM orders WITH NO DATA; CREATE UNIQUE INDEX m_id ON m (id);"
    (found,) = take_snapshot(Application(read_ddl_text(SHOP + sql, "postgres"))).views
    assert found.create == "CREATE MATERIALIZED VIEW m AS SELECT id FROM orders"
    assert [(index.name, index.sql, index.unique) for index in found.indexes] == [("m_id", " (id)", True)]
    assert found.sqlite.startswith("CREATE VIEW m AS")
