"""The option `charts`: what it adds, and the charts that a schema suggests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.app_options import app_options
from runner.generation.model.application import Application
from runner.generation.model.charts import suggested_charts
from runner.generation.registry import load_agent
from runner.records.errors import AgentError
from tests.generated_backend import backend_files, read_schema

SHOP = """
    CREATE TABLE shops (id int PRIMARY KEY, name text NOT NULL, opened_on date, kind text CHECK (kind IN ('a', 'b')));
    CREATE TABLE accounts (
        id int PRIMARY KEY, shop_id int REFERENCES shops, email text, password_hash text, status text
        CHECK (status IN ('on', 'off')), last_login_at timestamptz
    );
    CREATE TABLE orders (
        id int PRIMARY KEY, shop_id int REFERENCES shops, account_id int REFERENCES accounts, total numeric(9, 2),
        created_at timestamptz NOT NULL DEFAULT now(), due_on date, sent_at timestamptz, ordered_on date NOT NULL,
        is_gift boolean, status text NOT NULL CHECK (status IN ('new', 'sent'))
    );
    CREATE TABLE order_tags (
        order_id int REFERENCES orders, shop_id int REFERENCES shops, PRIMARY KEY (order_id, shop_id)
    );
    CREATE TABLE notes (
        id int PRIMARY KEY, order_id int REFERENCES orders, is_open boolean, kind text CHECK (kind IN ('x', 'y'))
    );
    CREATE VIEW sent_orders AS SELECT id, ordered_on, status FROM orders WHERE status = 'sent';
"""


def suggested(ddl: str) -> list[tuple[str, str, bool]]:
    charts = suggested_charts(Application(read_ddl_text(ddl, "postgres")))
    return [(chart.table, chart.field, chart.is_date) for chart in charts]


def test_charts_are_of_tables_where_something_happens() -> None:
    assert suggested(SHOP) == [("orders", "ordered_on", True), ("orders", "status", False), ("notes", "kind", False)]


def test_charts_of_the_school_are_of_three_tables() -> None:
    charts = suggested_charts(Application(read_schema()))
    assert [(chart.table, chart.field) for chart in charts] == [
        ("students", "admitted_on"),
        ("students", "status"),
        ("attendance", "attendance_date"),
        ("attendance", "status"),
        ("fee_payments", "paid_at"),
        ("fee_payments", "status"),
    ]


def test_a_schema_without_dates_and_choices_has_no_charts() -> None:
    assert suggested("CREATE TABLE a (id int PRIMARY KEY, name text); CREATE TABLE b (a_id int REFERENCES a);") == []


def test_nothing_of_charts_is_generated_without_the_option() -> None:
    schema = read_schema()
    for options, is_on in (({}, False), ({"charts": True}, True)):
        files = backend_files(schema, tables=[schema.tables[0]], options=options)
        frontend = load_agent("fe-boilerplate").generate(AgentContext(schema=schema, options=options))
        files |= {file.path: file for file in frontend}
        has_files = any("/charts" in path or path.endswith(("core/groups.py", "api/groups.ts")) for path in files)
        has_words = any("chart" in file.text.lower() for path, file in files.items() if path.endswith((".ts", ".tsx")))
        has_routes = any("add_groups_route" in file.text for file in files.values())
        packages = json.loads(files["frontend/package.json"].text)["dependencies"]
        has_packages = any(name.startswith("@visx/") for name in packages)
        assert (has_files, has_words, has_routes, has_packages) == (is_on,) * 4


@pytest.mark.parametrize("given", ["yes", 1, None])
def test_what_does_not_suit_is_reported(given: Any) -> None:
    with pytest.raises(AgentError, match="option charts: give true or false, not"):
        app_options(Application(read_schema()).names.common, {"charts": given})
