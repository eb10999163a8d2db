from __future__ import annotations

import pytest

from runner.ddl.model import Column, Enum, Schema, SqlType, Table
from runner.ddl.qualified_name import QName
from runner.generation.fastapi.python_names import attribute, attributes
from runner.generation.model.naming import (
    camel,
    free_name,
    human,
    kebab,
    pascal,
    plural,
    singular,
    snake,
    words,
)
from runner.generation.model.schema_names import name_schema

INTEGER = SqlType(text="integer", base="integer")


def make_table(name: str, *columns: str, schema: str = "public") -> Table:
    return Table(
        name=QName(schema=schema, name=name),
        columns=tuple(Column(name=column, type=INTEGER) for column in columns),
    )


def make_schema(*tables: Table, enums: tuple[Enum, ...] = ()) -> Schema:
    return Schema(dialect="postgres", tables=tables, enums=enums, default_schema="public")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order_line_id", ("order", "line", "id")),
        ("OrderLineID", ("order", "line", "id")),
        ("HTTPServer", ("http", "server")),
        ("order-line id", ("order", "line", "id")),
        ("Ünïcode_Größe", ("unicode", "grosse")),
        ("名前", ("名前",)),
        ("___", ()),
    ],
)
def test_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


def test_spellings() -> None:
    assert (snake("OrderLine"), pascal("order_line"), camel("order_line"), kebab("order_line")) == (
        "order_line",
        "OrderLine",
        "orderLine",
        "order-line",
    )
    assert snake("2nd_choice") == "n2nd_choice"
    assert snake("!!!") == "unnamed"
    assert len(snake("x" * 300)) <= 60


def test_labels_read_naturally() -> None:
    assert human("birth_date") == "Birth date"
    assert human("nisn") == "NISN"
    assert human("p5_projects") == "P5 projects"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("student", "students"), ("class", "classes"), ("category", "categories"), ("address", "addresses"),
        ("person", "people"), ("child", "children"), ("status", "statuses"), ("bus", "buses"), ("box", "boxes"),
        ("attendance", "attendance"), ("schedule", "schedules"), ("analysis", "analyses"), ("movie", "movies"),
        ("fee", "fees"), ("key", "keys"), ("staff", "staff"), ("hero", "heroes"),
    ],
)  # fmt: skip
def test_singular_and_plural_are_each_others_inverse(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one
    assert plural(many) == many
    assert singular(one) == one


@pytest.mark.parametrize("name", ["metadata", "class", "from", "match", "model_id", "json", "registry"])
def test_attributes_avoid_reserved_words(name: str) -> None:
    assert attribute(name).endswith("_")
    assert attribute(name).isidentifier()


def test_free_name_appends_the_next_number() -> None:
    assert free_name("a", []) == "a"
    assert free_name("a", ["A", "a_2"]) == "a_3"


def test_columns_with_the_same_spelling_get_numbers() -> None:
    schema = make_schema(make_table("t", "userName", "user_name", "user name", "class", "class_"))
    names = name_schema(schema).tables[QName(schema="public", name="t")]
    assert list(names.fields.values()) == [
        "user_name",
        "user_name_2",
        "user_name_3",
        "class",
        "class_2",
    ]
    assert len(set(attributes(names, ()).values())) == len(names.fields)


def test_tables_with_the_same_spelling_get_different_names() -> None:
    tables = (
        make_table("order_items"),
        make_table("OrderItems"),
        make_table("order_items", schema="sales"),
        make_table("core"),
        make_table("base"),
        make_table("class"),
    )
    names = name_schema(make_schema(*tables)).tables.values()
    assert len({name.module for name in names}) == len({name.class_name for name in names}) == 6
    assert len({name.route for name in names}) == 6
    assert {"order_items", "order_items_2", "sales_order_items", "core_", "class_"} <= {name.module for name in names}


def test_a_class_never_takes_a_name_that_its_modules_import() -> None:
    names = name_schema(make_schema(make_table("pages"), make_table("fields"))).tables.values()
    assert not {name.class_name for name in names} & {"Page", "Field"}


def test_a_table_takes_precedence_over_an_enum_of_its_name() -> None:
    enum = Enum(name=QName(schema="public", name="student"), values=("a",))
    names = name_schema(make_schema(make_table("students"), enums=(enum,)))
    assert list(names.common.enums.values()) != ["Student"]


def test_names_are_the_same_every_time() -> None:
    schema = make_schema(make_table("a", "x"), make_table("A", "x"))
    assert name_schema(schema) == name_schema(make_schema(*schema.tables))
