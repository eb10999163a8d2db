"""Rules over a row as sentences for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from runner.generation.model.rule_sentences import rule_message, rule_messages

if TYPE_CHECKING:
    from runner.generation.model.checks import RowRule

TABLE = """
CREATE TABLE t (
    id int PRIMARY KEY, status text CHECK (status IN ('draft', 'paid', 'void')), a int, b int, c int, note text,
    begins date, ends date, opens time, closes time, is_open boolean, CHECK ({})
)
"""
SENTENCES = {
    "a <= b": "`a` must be at most `b`",
    "a + b < c": "`a` + `b` must be less than `c`",
    "begins < ends": "`begins` must be before `ends`",
    "ends >= begins": "`ends` must not be before `begins`",
    "closes > opens": "`closes` must be after `opens`",
    "a <> b": "`a` must not be `b`",
    "ends IS NULL OR ends > begins": "`ends` must be after `begins`",
    "status NOT IN ('paid', 'void') OR ends IS NOT NULL": "`ends` is needed when `status` is 'paid' or 'void'",
    "status <> 'paid' OR (a IS NOT NULL AND b IS NOT NULL)": "`a` and `b` are needed when `status` is 'paid'",
    "NOT (status = 'void' AND a > b)": "`a` must be at most `b` when `status` is 'void'",
    "is_open OR ends IS NOT NULL": "`ends` is needed when `is_open` is false",
    "status = 'draft' OR a IS NULL": "`a` must be empty when `status` is not 'draft'",
    "a IS NOT NULL OR b IS NOT NULL": "`a` or `b` is needed",
    "num_nonnulls(a, b, c) = 1": "exactly one of `a`, `b` and `c` must have a value",
    "(a IS NULL) = (b IS NULL)": "`a` and `b` must both have a value or both be empty",
    "(a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL)": "either `a` or `b` must have a value, not both",
    "(a > b OR note <> '') AND begins < ends": "`note` must not be empty when `a` is at most `b`; "
    "`begins` must be before `ends`",
}
WITHOUT_A_SENTENCE = (
    "(a IS NULL AND c > b) OR (a IS NOT NULL AND c < b)",  # alternatives of which none is the condition of the other
    "lower(status) = lower(note)",
)


INDONESIAN = {
    "a <= b": "`a` tidak boleh lebih dari `b`",
    "begins < ends": "`begins` harus sebelum `ends`",
    "ends >= begins": "`ends` tidak boleh sebelum `begins`",
    "a <> b": "`a` tidak boleh `b`",
    "status NOT IN ('paid', 'void') OR ends IS NOT NULL": "`ends` wajib diisi bila `status` adalah 'paid' atau 'void'",
    "status = 'draft' OR a IS NULL": "`a` harus kosong bila `status` bukan 'draft'",
    "is_open OR ends IS NOT NULL": "`ends` wajib diisi bila `is_open` adalah salah",
    "num_nonnulls(a, b, c) = 1": "tepat satu dari `a`, `b` dan `c` harus terisi",
    "(a IS NULL) = (b IS NULL)": "`a` dan `b` harus sama-sama terisi atau sama-sama kosong",
    "(a > b OR note <> '') AND begins < ends": "`note` tidak boleh kosong bila `a` tidak lebih dari `b`; "
    "`begins` harus sebelum `ends`",
}


def rule_and_names(check: str) -> tuple[RowRule, dict[str, str]]:
    application = Application(read_ddl_text(TABLE.format(check), "postgres"))
    (table,) = application.tables
    (rule,) = table.rules
    return rule, {column: field.name for column, field in table.fields.items()}


def message(check: str) -> str:
    return rule_message(*rule_and_names(check))


@pytest.mark.parametrize("check", INDONESIAN)
def test_a_rule_is_a_sentence_in_each_language(check: str) -> None:
    assert rule_messages(*rule_and_names(check)) == {"en": message(check), "id": INDONESIAN[check]}


def test_what_no_sentence_says_better_names_the_fields_in_each_language() -> None:
    assert rule_messages(*rule_and_names(WITHOUT_A_SENTENCE[0])) == {
        "en": "`a`, `c` and `b` do not fit together",
        "id": "`a`, `c` dan `b` tidak sesuai satu sama lain",
    }


@pytest.mark.parametrize("check", SENTENCES)
def test_a_rule_is_a_sentence(check: str) -> None:
    assert message(check) == SENTENCES[check]


@pytest.mark.parametrize("check", WITHOUT_A_SENTENCE)
def test_what_no_sentence_says_names_its_fields_without_sql(check: str) -> None:
    assert re.fullmatch(r"(`\w+`(, | and )?)+ (do not fit together|has a value that is not allowed)", message(check))
