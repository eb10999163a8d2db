"""Functions, procedures and triggers of the DDL in the migrations, by the option `objects`."""

from __future__ import annotations

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration.difference import difference
from runner.generation.fastapi.migration.postgresql_statements import change
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.fastapi.migration.snapshot import Snapshot, from_json, to_json
from runner.generation.model.application import Application
from runner.generation.model.object_options import ObjectOption, object_option
from runner.records.errors import AgentError

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, n int, changed timestamptz);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION thrice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 3';
ALTER TABLE t ADD CHECK (twice(n) < 100);
CREATE VIEW v AS SELECT id, thrice(n) AS n FROM t;
CREATE PROCEDURE clean() LANGUAGE sql AS 'DELETE FROM t';
"""
TRIGGERS = """
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER into_view INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER gone BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION touch();
DROP TRIGGER gone ON t;
"""


def snapshot(sql: str, objects: ObjectOption) -> Snapshot:
    return take_snapshot(Application(read_ddl_text(sql, "postgres")), (), "suggest", objects)


def statements(old: str, new: str) -> list[str]:
    return [*change(difference(snapshot(old, "all"), snapshot(new, "all")))]


@pytest.mark.parametrize(
    ("objects", "functions", "triggers"),
    [
        ("all", ["touch()", "twice(int)", "thrice(int)", "clean()"], ["touch ON t", "late ON t", "into_view ON v"]),
        ("needed", ["twice(int)", "thrice(int)"], []),
        ("none", [], []),
    ],
)
def test_the_option_chooses_what_is_carried(objects: ObjectOption, functions: list[str], triggers: list[str]) -> None:
    found = snapshot(TABLES + TRIGGERS, objects)
    assert [function.sql for function in found.functions] == functions
    assert [trigger.sql for trigger in found.triggers] == triggers
    assert from_json(to_json(found)) == found


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(AgentError, match="option objects: 'some' is unknown; give all, needed, none"):
        object_option({"objects": "some"})


def test_triggers_and_views_make_way_for_a_change_of_their_table() -> None:
    changed = TABLES.replace("n int,", "n bigint,")
    found = statements(TABLES + TRIGGERS, changed + TRIGGERS)
    drops = [text for text in found if text.startswith("DROP")]
    assert drops[:4] == [
        "DROP TRIGGER touch ON t",
        "DROP TRIGGER late ON t",
        "DROP TRIGGER into_view ON v",
        "DROP VIEW v",
    ]
    assert [text.split(" AS ")[0].split(" BEFORE")[0] for text in found[-4:]] == [
        "CREATE VIEW v",
        "CREATE TRIGGER touch",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch()",
        "CREATE TRIGGER into_view INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION touch()",
    ]


def test_what_a_change_does_not_touch_stays() -> None:
    other = "CREATE TABLE u (id int PRIMARY KEY);"
    found = statements(TABLES + TRIGGERS, TABLES + other + TRIGGERS)
    assert not any("VIEW" in text or "TRIGGER" in text for text in found)


def test_a_view_with_a_star_is_created_again_for_a_new_column() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT id FROM v;"
    found = statements(old, old.replace("PRIMARY KEY)", "PRIMARY KEY, n int)"))
    assert found[:2] == ["DROP VIEW w", "DROP VIEW v"]
    assert found[-2:] == ["CREATE VIEW v AS SELECT * FROM t", "CREATE VIEW w AS SELECT id FROM v"]
