"""Corrupted DDL (truncated, duplicated or mixed up): the reader returns a schema with notes, or raises `DDLError`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.ddl.dialects import NAMES
from runner.ddl.reader import read_ddl_text
from runner.records.errors import DDLError
from tests.test_ddl_forms import forms

if TYPE_CHECKING:
    from runner.ddl.model import Schema

DDL: dict[str, list[str]] = {dialect: [form.ddl for form in forms() if form.dialect == dialect] for dialect in NAMES}
MARKS = ["'", '"', "`", "(", ")", "[", "]", ",", ";", "--", "/*", "*/", "$$", "\\", "\0", "\n", "é", "::", "DEFAULT"]
MARKS += ["CREATE TABLE", "ALTER TABLE t ADD", "CHECK (", "REFERENCES", "CONSTRAINT", "AS", "PRIMARY KEY", "UNIQUE"]


@st.composite
def mutilated(draw: st.DrawFn) -> tuple[str, str]:
    """Draw statements of one dialect with a few pieces cut, inserted or duplicated, and a dialect to read them as."""
    dialect: str = draw(st.sampled_from(sorted(DDL)))
    text = "\n".join(draw(st.lists(st.sampled_from(DDL[dialect]), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        change = draw(st.sampled_from(["cut", "put", "double", "end"]))
        if change == "cut":
            text = text[:start] + text[end:]
        elif change == "put":
            text = text[:start] + draw(st.sampled_from(MARKS)) + text[start:]
        elif change == "double":
            text = text[:end] + text[start:end] + text[end:]
        else:
            text = text[:end] or ";"
    return text, draw(st.sampled_from([dialect, dialect, dialect, *sorted(DDL)]))


def schema_or_none(text: str, dialect: str) -> Schema | None:
    """Read text; None if it has no table, which is a `DDLError`."""
    try:
        return read_ddl_text(text, dialect)
    except DDLError as error:
        if "fault of the reader" in str(error):
            raise
        return None


def read_and_check(text: str, dialect: str) -> None:
    schema = schema_or_none(text, dialect)
    if schema is None:
        return
    count = text.count("\n") + 1
    for note in schema.notes:
        assert 1 <= note.line <= count
        assert "fault of the reader" not in note.reason
    for table in schema.tables:
        names = {column.name for column in table.columns}
        assert len(names) == len(table.columns)
        assert set(table.key_columns) <= names
        assert all(set(key.columns) <= names for key in table.unique)
        assert all(set(key.columns) <= names for key in table.foreign_keys)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutilated())
def test_mutilated_ddl_never_breaks_the_reader(case: tuple[str, str]):
    read_and_check(*case)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abc '\"`()[],;-/*$\\\n\0é1.:", max_size=200), st.sampled_from(NAMES))
def test_noise_never_breaks_the_reader(text: str, dialect: str):
    read_and_check(text, dialect)


def test_every_dialect_has_forms():
    assert Path(__file__).parent.joinpath("ddl").is_dir()
    assert all(DDL.values())
