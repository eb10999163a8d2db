"""Names of a schema that have a meaning in Python, TypeScript or the generated modules themselves."""

from __future__ import annotations

import ast
import keyword
import sqlite3

import pytest
from starlette.routing import compile_path

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.generated_names import MODEL_FUNCTIONS, path_of
from runner.generation.fastapi.resources import resource
from runner.generation.fastapi.sqlite_names import renamed_columns
from runner.generation.fragments import import_lines
from runner.generation.model.application import Application
from tests.generated_backend import backend_files, first_revision

SCRIPTS = ["студенты", "学生", "طلاب", "विद्यार्थी", "תלמידים", "นักเรียน", "학생", "Ωμέγα"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_name_in_any_script_is_imported(name: str) -> None:
    assert import_lines([f"app.{name}.model.{name}"]) == [f"from app.{name}.model import {name}", ""]


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_name_that_a_module_uses_is_defined_in_it(name: str) -> None:
    schema = read_ddl_text(
        f'CREATE TYPE "{name}" AS ENUM (\'a\'); CREATE TABLE "{name}" (id serial PRIMARY KEY, "{name}" "{name}"'
        f' NOT NULL, "{name} 2" varchar(3));',
        "postgres",
    )
    sources = {path: file.text for path, file in backend_files(schema).items() if path.endswith(".py")}
    (model,) = (ast.parse(text) for path, text in sources.items() if path.endswith("/model.py"))
    (class_,) = (node for node in model.body if isinstance(node, ast.ClassDef))
    imported = {name.asname or name.name for node in ast.walk(model) if isinstance(node, ast.ImportFrom)
                for name in node.names}  # fmt: skip
    attributes = {node.target.id for node in class_.body if isinstance(node, ast.AnnAssign)
                  and isinstance(node.target, ast.Name)}  # fmt: skip
    assert attributes.isdisjoint(imported | {class_.name})
    assert len(attributes) == 3


@pytest.mark.parametrize("name", sorted({*keyword.kwlist, *(word.lower() for word in keyword.kwlist), "none", "match"}))
def test_a_table_can_be_called_like_a_word_of_python(name: str) -> None:
    schema = read_ddl_text(f'CREATE TABLE "{name}" (id int PRIMARY KEY, "{name}" varchar(3));', "postgres")
    for path, file in backend_files(schema).items():
        if path.endswith(".py"):
            ast.parse(file.text, path)


@pytest.mark.parametrize("name", sorted(MODEL_FUNCTIONS))
def test_a_column_does_not_hide_what_its_model_calls(name: str) -> None:
    schema = read_ddl_text(f'CREATE TABLE t (id serial PRIMARY KEY, "{name}" text NOT NULL);', "postgres")
    (model,) = (file.text for path, file in backend_files(schema).items() if path.endswith("/t/model.py"))
    assert path_of(name) is not None
    assert f'    {name}_: Mapped[str] = mapped_column("{name}", ' in model


def test_a_field_has_no_name_of_every_javascript_object() -> None:
    schema = read_ddl_text("CREATE TABLE constructor (id int PRIMARY KEY, constructor text);", "postgres")
    files = backend_files(schema)
    assert "constructor_field: str | None" in files["backend/app/constructor_/schemas.py"].text


def test_names_that_differ_only_in_case_are_two_tables_in_sqlite() -> None:
    ddl = """CREATE TABLE "User" (id int PRIMARY KEY);
        CREATE TABLE "user" (id int PRIMARY KEY, up int REFERENCES "User");
        CREATE TABLE posts (id int PRIMARY KEY, by int REFERENCES "user"); CREATE INDEX "X" ON posts (by);
        CREATE INDEX x ON posts (by, id); CREATE INDEX "POSTS" ON posts (by);"""
    files = backend_files(read_ddl_text(ddl, "postgres"))
    connection = sqlite3.connect(":memory:")
    for statement in first_revision(files, "sqlite"):
        connection.execute(statement)
    names = connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").fetchall()
    assert {name for (name,) in names} == {"User", "user_2", "posts", "X", "x_2", "POSTS_2"}
    connection.close()
    assert '"user", sqlite="user_2")' in files["backend/app/user_2/model.py"].text
    assert '[database_name("user", sqlite="user_2") + ".id"]' in files["backend/app/posts/model.py"].text
    assert "def database_name(" in files["backend/app/core/database.py"].text
    ordinary = backend_files(read_ddl_text("CREATE TABLE a (id int PRIMARY KEY);", "postgres"))
    assert not [path for path, file in ordinary.items() if "database_name(" in file.text]


def test_columns_that_differ_only_in_case_have_their_own_names_in_sqlite() -> None:
    ddl = """CREATE TABLE a ("Id" int, id int CHECK (id > 0), PRIMARY KEY ("Id", id), UNIQUE (id));
        CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a (id)); CREATE INDEX i ON a (id) WHERE "Id" > id;"""
    files = backend_files(read_ddl_text(ddl, "postgres"))
    connection = sqlite3.connect(":memory:")
    for statement in first_revision(files, "sqlite"):
        connection.execute(statement)
    connection.execute("INSERT INTO a VALUES (-1, 1)")
    connection.execute("INSERT INTO b VALUES (1, 1)")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    (index,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'i'").fetchone()
    assert index == 'CREATE INDEX i ON a (id_2) WHERE "Id" > id_2'
    connection.close()
    model = files["backend/app/a/model.py"].text
    assert 'mapped_column(database_name("id", sqlite="id_2"), sa.Integer, key="id")' in model
    assert 'sa.PrimaryKeyConstraint("Id", "id", name="a_pkey")' in model
    assert renamed_columns(["A", "a", "a_2", "b"]) == {"a": "a_3"}


def test_the_path_of_a_row_has_parameters_in_any_script() -> None:
    key = '"番号", "اسم", key_1, rows'
    schema = read_ddl_text(
        f'CREATE TABLE t ("番号" int, "اسم" text, key_1 int, rows int, PRIMARY KEY ({key}))', "postgres"
    )
    found = resource(Application(schema), schema.tables[0].name)
    _, _, converters = compile_path(found.key_path.replace(":text}", ":path}"))  # `text` is the application's own
    assert list(converters) == ["key_1", "key_2", "key_1_", "rows_"]
    assert found.key_tuple.text == "(key_1, key_2, key_1_, rows_)"
