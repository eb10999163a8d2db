"""The names that PostgreSQL gives to indexes over expressions; each was read from a server of version 18.4."""

from __future__ import annotations

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.model.constraint_names import name_constraints
from runner.generation.model.schema_names import name_schema


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ("daterange(s, e), (int4range(n, n+1))", "t_daterange_int4range_idx"),
        ("(n+1), (n+2)", "t_expr_expr1_idx"),
        ("lower(a), (n+1), (n+2)", "t_lower_expr_expr1_idx"),
        ("(a::varchar(3))", "t_a_idx"),
        ("(n::text)", "t_n_idx"),
        ("coalesce(n, 1)", "t_coalesce_idx"),
        ("(s IS NULL)", "t_expr_idx"),
        ("btrim(lower(a)), n", "t_btrim_n_idx"),
        ("(a || 'x')", "t_expr_idx"),
        ("(lower(a) || upper(a))", "t_expr_idx"),
    ],
)
def test_an_index_is_named_after_what_it_is_over(parts: str, name: str) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (s date, e date, n int, a text); CREATE INDEX ON t ({parts});", "postgres")
    (constraints,) = name_constraints(schema, name_schema(schema)).values()
    assert [*constraints.indexes] == [name]


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        ("a int, r int4range, EXCLUDE USING gist (a WITH =, r WITH &&)", True),
        ("a text, r int4range, UNIQUE (a, r WITHOUT OVERLAPS)", True),
        ("a mood, r int4range, UNIQUE (a, r WITHOUT OVERLAPS)", True),
        ("a int4range, r int4range, UNIQUE (a, r WITHOUT OVERLAPS)", False),
        ("c circle, EXCLUDE USING gist (c WITH &&)", False),
        ("a int, EXCLUDE USING gist (int4range(a, NULL) WITH &&)", False),
        ("a text, EXCLUDE USING gist (lower(a) WITH =)", True),
        ("a text, EXCLUDE (a WITH =)", False),
        ("a inet, EXCLUDE USING gist (a inet_ops WITH &&)", False),
        ("a inet, EXCLUDE USING gist (a public.gist_inet_ops WITH =)", True),
        ("a int UNIQUE", False),
    ],
)
def test_scalars_in_an_exclusion_need_an_extension(table: str, needed: bool) -> None:
    schema = read_ddl_text(f"CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t ({table});", "postgres")
    assert schema.extensions == (("btree_gist",) if needed else ())
    assert not schema.notes
