"""Functions, procedures and triggers of the DDL in the migrations, by the option `objects`."""

from __future__ import annotations

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration import mysql_statements, sqlite_statements
from runner.generation.fastapi.migration.difference import difference
from runner.generation.fastapi.migration.losses import summary
from runner.generation.fastapi.migration.postgresql_statements import change
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.fastapi.migration.snapshot import Snapshot, from_json, to_json
from runner.generation.model.application import Application
from runner.generation.model.object_options import ObjectOption, object_option
from runner.records.errors import AgentError
from tests.generated_backend import backend_files, first_revision

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


MYSQL = """
CREATE TABLE t (id int PRIMARY KEY, n int, changed datetime) ENGINE=InnoDB;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `touch` BEFORE UPDATE ON `t` FOR EACH ROW BEGIN
  SET NEW.changed = now();
END */;;
CREATE DEFINER=`root`@`localhost` FUNCTION `twice`(a int) RETURNS int DETERMINISTIC
BEGIN
  RETURN a * 2;
END;;
CREATE PROCEDURE IF NOT EXISTS clean() BEGIN DELETE FROM t; END;;
CREATE TRIGGER gone BEFORE DELETE ON t FOR EACH ROW SET @a = 1;;
DROP TRIGGER IF EXISTS gone;;
CREATE FUNCTION loaded RETURNS integer SONAME 'x.so';;
DELIMITER ;
CREATE VIEW v AS SELECT id, twice(n) AS n FROM t;
"""
TWICE = "CREATE FUNCTION `twice`(a int) RETURNS int DETERMINISTIC\nBEGIN\n  RETURN a * 2;\nEND"
CLEAN = "CREATE PROCEDURE `clean`() BEGIN DELETE FROM t; END"
TOUCH = "CREATE TRIGGER `touch` BEFORE UPDATE ON `t` FOR EACH ROW BEGIN\n  SET NEW.changed = now();\nEND"


@pytest.mark.parametrize(("objects", "carried"), [("all", [TWICE, CLEAN, TOUCH]), ("needed", [TWICE]), ("none", [])])
@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_those_of_mysql_are_made_on_it_alone(dialect: str, objects: ObjectOption, carried: list[str]) -> None:
    files = backend_files(read_ddl_text(MYSQL, dialect), options={"objects": objects})
    found = first_revision(files, "mysql")
    assert [text for text in found if text in (TWICE, CLEAN, TOUCH)] == carried
    assert [text.split("`")[0] for text in found[:1]] == ["CREATE TABLE "]
    if carried:
        assert found.index(TWICE) < next(place for place, text in enumerate(found) if text.startswith("CREATE VIEW"))
    others = [text for database in ("postgresql", "sqlite") for text in first_revision(files, database)]
    assert not any("FUNCTION" in text or "TRIGGER" in text for text in others if "DO $$" not in text)


def test_a_procedure_that_the_script_has_called_is_not_kept() -> None:
    made = (
        "CREATE TABLE t (id int PRIMARY KEY);DELIMITER //\nCREATE PROCEDURE grow() BEGIN ALTER TABLE t ADD n int; END//"
    )
    (kept,) = read_ddl_text(made, "mysql").functions
    assert (kept.name.name, kept.text) == ("grow", "() BEGIN ALTER TABLE t ADD n int; END")
    called = read_ddl_text(f"{made}\nCALL grow()//", "mysql")
    assert (called.functions, [column.name for column in called.tables[0].columns]) == ((), ["id", "n"])


def test_a_change_of_them_is_a_revision() -> None:
    before = take_snapshot(Application(read_ddl_text(MYSQL, "mysql")), (), "suggest", "all")
    changed = MYSQL.replace("a * 2", "a + a").replace("now()", "current_timestamp()")
    after = take_snapshot(Application(read_ddl_text(changed, "mysql")), (), "suggest", "all")
    assert from_json(to_json(before)) == before
    found = difference(before, after)
    assert list(mysql_statements.change(found)) == [
        "DROP TRIGGER `touch`",
        "DROP FUNCTION `twice`",
        TWICE.replace("a * 2", "a + a"),
        TOUCH.replace("now()", "current_timestamp()"),
    ]
    assert {"trigger touch dropped", "function twice created"} <= set(summary(found))
    assert not list(mysql_statements.change(difference(after, after)))


SQLITE = """
CREATE TABLE t (id integer PRIMARY KEY, n integer);
CREATE VIEW v AS SELECT id, n FROM t;
CREATE TRIGGER IF NOT EXISTS main.counted AFTER INSERT ON t BEGIN UPDATE t SET n = 1 WHERE id = new.id; END;
CREATE TRIGGER into_view INSTEAD OF INSERT ON v BEGIN INSERT INTO t (id) VALUES (new.id); END;
CREATE TEMP TRIGGER short AFTER INSERT ON t BEGIN SELECT 1; END;
"""
COUNTED = "CREATE TRIGGER counted AFTER INSERT ON t BEGIN UPDATE t SET n = 1 WHERE id = new.id; END"
INTO_VIEW = "CREATE TRIGGER into_view INSTEAD OF INSERT ON v BEGIN INSERT INTO t (id) VALUES (new.id); END"


def test_triggers_of_sqlite_are_made_on_it_alone() -> None:
    files = backend_files(read_ddl_text(SQLITE, "sqlite"), options={"objects": "all"})
    assert first_revision(files, "sqlite")[-2:] == [COUNTED, INTO_VIEW]
    assert not any("TRIGGER" in text for text in first_revision(files, "postgresql"))
    plain = first_revision(backend_files(read_ddl_text(SQLITE, "sqlite")), "sqlite")
    assert not any("TRIGGER" in text for text in plain)


def test_the_trigger_of_a_view_is_made_again_with_it() -> None:
    before, after = (
        take_snapshot(Application(read_ddl_text(sql, "sqlite")), (), "suggest", "all")
        for sql in (SQLITE, SQLITE.replace("SELECT id, n FROM", "SELECT id, n + 1 AS n FROM"))
    )
    found = list(sqlite_statements.change(difference(before, after)))
    assert (found[0], found[1], found[-1]) == ("DROP TRIGGER into_view", "DROP VIEW v", INTO_VIEW)


def test_a_dropped_table_takes_its_triggers_with_it() -> None:
    again = "DROP TABLE t; CREATE TABLE t (id integer PRIMARY KEY, n integer);"
    assert [trigger.name for trigger in read_ddl_text(SQLITE + again, "sqlite").triggers] == ["into_view"]


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
