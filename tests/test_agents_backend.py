from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl
from runner.generation.agent import AgentContext, GeneratedFile
from runner.generation.model.application import Application
from runner.generation.model.numbered_text import numbered
from runner.generation.model.series import Counter
from runner.generation.registry import load_agent
from runner.generation.template_files import builtin_folder
from runner.records.errors import AgentError, Cancelled
from tests.generated_backend import backend_files, first_revision, read_schema

if TYPE_CHECKING:
    from pathlib import Path

    from runner.ddl.model import Schema


def schema_of(folder: Path, ddl: str) -> Schema:
    path = folder / "schema.sql"
    path.write_text(ddl, encoding="utf-8")
    return read_ddl([path], "postgres")


def one(files: dict[str, GeneratedFile], path: str) -> str:
    return files[f"backend/{path}"].text


def test_two_generations_are_identical() -> None:
    first, second = backend_files(read_schema()), backend_files(read_schema())
    assert first == second
    assert len(first) > 200


def test_files_of_a_table_do_not_depend_on_which_others_are_generated() -> None:
    schema = read_schema()
    some = [table for table in schema.tables if table.name.name in ("students", "grades")]
    every, part = backend_files(schema), backend_files(schema, some)
    assert {path for path in every if "/students/" in path or "/grades/" in path} <= set(part)
    assert all(every[path] == file for path, file in part.items())


def test_progress_and_cancelling() -> None:
    schema = read_schema()
    steps: list[int] = []
    load_agent("be-crud").generate(
        AgentContext(schema=schema, table=schema.tables[0], report=lambda step, _: steps.append(step))
    )
    assert steps == [2, 3, 4]
    with pytest.raises(Cancelled):
        load_agent("be-boilerplate").generate(AgentContext(schema=schema, cancelled=lambda: True))
    with pytest.raises(AgentError, match="was given none"):
        load_agent("be-crud").generate(AgentContext(schema=schema))


def test_a_users_template_adds_a_file_without_any_code(tmp_path: Path) -> None:
    schema = read_schema()
    own = tmp_path / "be-crud" / "backend" / "notes"
    own.mkdir(parents=True)
    (own / "{{ table.module }}.md.once.j2").write_text("# {{ table.label }}\n", encoding="utf-8")
    files = load_agent("be-crud").generate(AgentContext(schema=schema, table=schema.tables[0], templates=tmp_path))
    assert GeneratedFile("backend/notes/schools.md", "# Schools\n", "once") in list(files)


def test_a_users_template_prints_columns_its_own_way_from_their_parts(tmp_path: Path) -> None:
    own = tmp_path / "be-crud" / "backend" / "app" / "{{ table.module }}"
    own.mkdir(parents=True)
    documented = (builtin_folder() / "README.md").read_text(encoding="utf-8")
    example = documented.partition("```jinja\n")[2].partition("```")[0]
    (own / "model.py.j2").write_text(example, encoding="utf-8")
    ddl = """
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE notes (id bigserial PRIMARY KEY, price numeric(8,2) NOT NULL DEFAULT 0, at timestamptz, mood mood);
    COMMENT ON COLUMN notes.price IS 'In euros';
    """
    schema = schema_of(tmp_path, ddl)
    context = AgentContext(schema=schema, table=schema.tables[0], templates=tmp_path)
    files = {file.path: file.text for file in load_agent("be-crud").generate(context)}
    model = files["backend/app/notes/model.py"]
    assert (
        """
    # Price: In euros
    price: Mapped[Decimal] = mapped_column(
        "price",
        exact(8, 2),
        nullable=False,
        server_default=sa.text("0"),
    )
    # At
    at: Mapped[dt.datetime | None] = mapped_column(
        "at",
        Timestamp,
        nullable=True,
    )
"""
        in model
    )
    assert model.count("mapped_column(") == 4
    assert badly_imported(model) == set()
    assert "from app.enums import Mood\n" in model


def badly_imported(source: str) -> set[str]:
    """Return the names that a module uses without importing or defining them, and its unused imports."""
    nodes = list(ast.walk(ast.parse(source)))
    aliases = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    imported = {alias.asname or alias.name for alias in aliases} - {"annotations"}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    defined = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    defined |= {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)}
    defined |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    if "__all__" in defined:
        used |= imported
    return (used - defined - set(dir(builtins))) ^ imported


def test_every_file_of_a_table_imports_what_it_uses_and_nothing_else() -> None:
    schema = read_schema()
    tables = tuple(table.module for table in Application(schema).tables)
    files = {path: file.text for path, file in backend_files(schema).items() if path.endswith(".py")}
    sources = {path: text for path, text in files.items() if path.split("/")[2] in tables}
    assert len(sources) > 5 * len(tables)
    assert {path: names for path, source in sources.items() if (names := badly_imported(source))} == {}


def test_files_for_the_users_own_code_are_generated_once_and_used() -> None:
    files = backend_files(read_schema())
    once = {path for path, file in files.items() if file.mode == "once"}
    revision = {path for path in files if path.startswith("backend/migrations/versions/")}
    assert once - revision == {
        f"backend/app/own/{name}.py" for name in ("__init__", "hooks", "permissions", "settings")
    }
    assert revision <= once
    assert "app.own.permissions import check" in one(files, "app/main.py")
    assert "app.own.settings import Settings" in one(files, "app/core/settings.py")
    assert '"app.own.hooks"' in one(files, "app/core/discovery.py")


def test_a_table_without_a_key_is_read_only_and_says_so(tmp_path: Path) -> None:
    files = backend_files(schema_of(tmp_path, "CREATE TABLE log (at timestamptz, text text);"))
    assert "**Read-only**: the table has no primary key" in one(files, "app/log/README.md")
    router = one(files, "app/log/router.py")
    assert "read-only" in router.splitlines()[0]
    assert "@router.post" not in router
    assert "no primary key" in one(files, "README.md")
    assert "backend/tests/log/case.py" not in files


def test_constraints_become_bounds(tmp_path: Path) -> None:
    ddl = """
    CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TABLE t (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        code varchar(8) NOT NULL CHECK (code ~ '^[0-9]{8}$'),
        name text CHECK (char_length(name) >= 3 OR name IS NULL),
        size text NOT NULL DEFAULT 'm' CHECK (size IN ('s', 'm')),
        share percent NOT NULL,
        low int, high int,
        CONSTRAINT t_order CHECK (low < high)
    );"""
    files = backend_files(schema_of(tmp_path, ddl))
    schemas = one(files, "app/t/schemas.py")
    assert 'Code = Annotated[str, Field(max_length=8, pattern="^[0-9]{8}$")]' in schemas
    assert "Name = Annotated[str, Field(min_length=3)]" in schemas
    assert 'Size = Literal["s", "m"]' in schemas
    assert "Share = Annotated[Decimal, Field(max_digits=5, decimal_places=2, ge=0, le=100), Exact]" in schemas
    assert 'lt(row["low"], row["high"])' in schemas
    create = schemas[schemas.index("class TCreate") : schemas.index("class TUpdate")]
    assert not re.search(r"^    id:", create, re.MULTILINE)
    assert "size: Size = omitted" in create
    assert "name: Name | None = None" in create


def test_index_names_that_two_mysql_tables_share_become_unique(tmp_path: Path) -> None:
    path = tmp_path / "schema.sql"
    path.write_text("CREATE TABLE a (x int, KEY by_x (x)); CREATE TABLE b (x int, KEY by_x (x), KEY a (x));")
    sql = "\n".join(first_revision(backend_files(read_ddl([path], "mysql")), "sqlite"))
    assert "CREATE INDEX by_x ON a" in sql
    assert "CREATE INDEX b_by_x ON b" in sql
    assert "CREATE INDEX b_a ON b" in sql


def test_a_sequence_of_another_table_is_shared(tmp_path: Path) -> None:
    ddl = """
    CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
    CREATE TABLE a (id serial PRIMARY KEY);
    CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('a_id_seq'), n int DEFAULT nextval('numbers'));
    """
    sql = first_revision(backend_files(schema_of(tmp_path, ddl)), "postgresql")
    assert "CREATE EXTENSION IF NOT EXISTS citext" in sql
    assert [statement for statement in sql if "CREATE SEQUENCE" in statement] == ["CREATE SEQUENCE numbers"]
    assert "id integer DEFAULT nextval('a_id_seq') NOT NULL" in sql[-1]


def test_odd_names_give_valid_python(tmp_path: Path) -> None:
    ddl = """
    CREATE SCHEMA audit;
    CREATE TABLE "class" (id serial PRIMARY KEY, metadata jsonb, "from" text, "select" int, "camelCase" int,
        "date" date, "dt" text, "größe" text);
    CREATE TABLE audit."Page" ("class" int PRIMARY KEY, body text CHECK (char_length(body) > 0));
    CREATE TABLE core (a int, b text, PRIMARY KEY (a, b));
    """
    files = backend_files(schema_of(tmp_path, ddl))
    for path, file in files.items():
        if path.endswith(".py"):
            compile(file.text, path, "exec")
    model = one(files, "app/class_/model.py")
    assert 'metadata_: Mapped[Any] = mapped_column("metadata", Json, nullable=True)' in model
    assert '"schema": "audit"' in next(file.text for path, file in files.items() if "page" in path and "model" in path)
    assert "backend/app/core_/router.py" in files


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9]{10}$", "^[A-Z]{3}-[0-9]{4,6}$", r"^\+?[0-9]{8,15}$", "^INV-[0-9]{6}-[0-9]{4,6}$",
        "^20[0-9]{2}/20[0-9]{2}$", r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$", "^(ab|cd)x?$",
        "^https?://", r"^\d{3}\.\d{3}$", "^[a-z0-9._]{3,50}$",
    ],
)  # fmt: skip
def test_numbered_text_matches_its_pattern(pattern: str) -> None:
    form = numbered(pattern)
    assert form is not None
    for number in (1, 42):
        assert re.search(pattern, form.text(number) if isinstance(form, Counter) else form), form


def test_readmes_list_what_is_not_taken_over(tmp_path: Path) -> None:
    ddl = """
    SET search_path = public;
    CREATE UNLOGGED TABLE a (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
    CREATE UNLOGGED TABLE b (id int PRIMARY KEY, a_id int REFERENCES nowhere);
    CREATE TABLE log (at date NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE VIEW v AS SELECT * FROM elsewhere;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f();
    GRANT SELECT ON a TO somebody;
    INSERT INTO a VALUES (1);
    """
    files = backend_files(schema_of(tmp_path, ddl))
    readme = one(files, "README.md")
    differs = readme[readme.index("## Differences from the schema") :]
    assert "- `a`: exclusion constraint `a_during_excl` is enforced by PostgreSQL only." in differs
    assert "- `a`: UNLOGGED has no place in the model: it is an ordinary table." in differs
    assert "- `b`: UNLOGGED" in differs
    assert re.search(
        r"- `b`: foreign key `b_a_id_fkey`: its target `\S*nowhere` is not defined in the schema\.\n", differs
    )
    assert "- `log`: its partition is a separate table." in differs
    reason = "left out: it reads elsewhere, which is no table of the DDL"
    assert f"- `CREATE VIEW v AS SELECT * FROM elsewhere`: {reason}\n" in differs
    assert "- `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`\n" in differs
    assert "- `CREATE TRIGGER t" in differs
    assert not re.search("GRANT|INSERT INTO|SET search_path", differs)
    assert "- Exclusion constraint `a_during_excl` is enforced by PostgreSQL only." in one(files, "app/a/README.md")
    assert "xclusion" not in one(files, "app/b/README.md")


def test_texts_without_case_are_compared_alike_on_both_databases(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text("CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE);")
    files = backend_files(read_ddl([path], "sqlite"))
    assert "mapped_column(NoCase())" in files["backend/app/t/model.py"].text
    assert "email TEXT COLLATE NOCASE NOT NULL" in "\n".join(first_revision(files, "sqlite"))
    assert "CREATE UNIQUE INDEX t_email_idx ON t (lower(email))" in first_revision(files, "postgresql")


def test_checks_of_a_domain_hold_for_items_of_arrays(tmp_path: Path) -> None:
    ddl = """CREATE DOMAIN code AS varchar(8) CHECK (VALUE ~ '^[A-Z]{2}$');
        CREATE DOMAIN dose AS int CHECK (VALUE > 100);
        CREATE DOMAIN colour AS text CHECK (VALUE IN ('red', 'blue'));
        CREATE DOMAIN hash AS text CHECK (md5(VALUE) > 'a');
        CREATE TABLE t (id int PRIMARY KEY, one code, many code[], doses dose[][], colours colour[] NOT NULL);
        CREATE TABLE u (id int PRIMARY KEY, hashes hash[] NOT NULL);"""
    files = backend_files(schema_of(tmp_path, ddl))
    schemas = one(files, "app/t/schemas.py")
    assert 'Many = Array[Annotated[str, Field(max_length=8, pattern="^[A-Z]{2}$")]]' in schemas
    assert "Doses = Array[Annotated[Int32, Field(gt=100)]]" in schemas
    assert 'Colours = Array[Literal["red", "blue"]]' in schemas
    assert '"many": ["AA"], "doses": [[101]], "colours": ["red"]' in one(files, "tests/t/case.py")
    assert "on items" not in one(files, "app/t/README.md")
    readme = one(files, "app/u/README.md")
    assert "- Check `hash_check` on items of column `hashes` is enforced by PostgreSQL only." in readme
    assert "- Its tests make no rows: none is known that satisfies check `hash_check`." in readme


def test_a_class_is_not_called_like_the_type_of_its_columns(tmp_path: Path) -> None:
    files = backend_files(schema_of(tmp_path, "CREATE TABLE reals (x real PRIMARY KEY, y double precision);"))
    model = one(files, "app/reals/model.py")
    assert "mapped_column(Real" in model
    assert "class Real(" not in model


def test_bytes_of_mysql_have_a_length(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text("CREATE TABLE t (id binary(16) NOT NULL PRIMARY KEY, mark varbinary(3), plain blob);")
    files = backend_files(read_ddl([path], "mysql"))
    schemas = files["backend/app/t/schemas.py"].text
    assert "Mark = Annotated[Bytes, Field(max_length=3)]" in schemas
    assert "Id = Annotated[Bytes, Field(max_length=16), padded(16)]" in schemas
    case = files["backend/tests/t/case.py"].text
    assert '"id": f"{n:08d}AAAAAAAAAAAAAA=="' in case  # 16 bytes, so that what comes back is what was sent
    assert '"/{id:text}"' in files["backend/app/t/router.py"].text
