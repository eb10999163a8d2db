"""The words of the sentences about rules, for each language of the generated interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class _Be(Protocol):
    def __call__(self, what: str, *, demanded: bool, equal: bool) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """Words of one language; `{}` stands for a value or for an enumeration of fields.

    `be` returns that a field is or must be something, which may begin with `not`. `numbers` and `moments` are
    comparisons by operator; `counts` are how many of several fields, by operator and number.
    """

    conjunction: str
    disjunction: str
    when: str
    true: str
    false: str
    empty: str
    today: str
    is_empty: str
    must_be_empty: str
    has_value: str
    must_have_value: str
    is_needed: str
    are_needed: str
    both_or_none: str
    either: str
    do_not_fit: str
    not_allowed: str
    rule_broken: str
    numbers: Mapping[str, str]
    moments: Mapping[str, str]
    counts: Mapping[tuple[str, int], str]
    be: _Be


def _english(what: str, *, demanded: bool, equal: bool) -> str:
    del equal
    positive = what.removeprefix("not ")
    negation = " not" if positive != what else ""
    return f"must{negation} be {positive}" if demanded else f"is{negation} {positive}"


def _indonesian(what: str, *, demanded: bool, equal: bool) -> str:
    positive = what.removeprefix("not ")
    is_negated = positive != what
    if demanded:
        return f"{'tidak boleh' if is_negated else 'harus'} {positive}"
    if equal:
        return f"{'bukan' if is_negated else 'adalah'} {positive}"
    return f"tidak {positive}" if is_negated else positive


ENGLISH = Wording(
    conjunction="and",
    disjunction="or",
    when="{} when {}",
    true="true",
    false="false",
    empty="empty",
    today="today",
    is_empty="is empty",
    must_be_empty="must be empty",
    has_value="has a value",
    must_have_value="must have a value",
    is_needed="is needed",
    are_needed="are needed",
    both_or_none="{} must both have a value or both be empty",
    either="either {} must have a value, not both",
    do_not_fit="{} do not fit together",
    not_allowed="{} has a value that is not allowed",
    rule_broken="the row breaks a rule of the database",
    numbers={
        "=": "{}", "<>": "not {}", "<": "less than {}", "<=": "at most {}", ">": "more than {}", ">=": "at least {}",
    },
    moments={
        "=": "{}", "<>": "not {}", "<": "before {}", "<=": "not after {}", ">": "after {}", ">=": "not before {}",
    },
    counts={("=", 1): "exactly one of {}", ("<=", 1): "at most one of {}", (">=", 1): "at least one of {}"},
    be=_english,
)  # fmt: skip

INDONESIAN = Wording(
    conjunction="dan",
    disjunction="atau",
    when="{} bila {}",
    true="benar",
    false="salah",
    empty="kosong",
    today="hari ini",
    is_empty="kosong",
    must_be_empty="harus kosong",
    has_value="terisi",
    must_have_value="harus terisi",
    is_needed="wajib diisi",
    are_needed="wajib diisi",
    both_or_none="{} harus sama-sama terisi atau sama-sama kosong",
    either="salah satu dari {} harus terisi, tidak keduanya",
    do_not_fit="{} tidak sesuai satu sama lain",
    not_allowed="{} berisi nilai yang tidak diperbolehkan",
    rule_broken="data ini melanggar aturan basis data",
    numbers={
        "=": "{}", "<>": "not {}", "<": "kurang dari {}", "<=": "not lebih dari {}", ">": "lebih dari {}",
        ">=": "not kurang dari {}",
    },
    moments={
        "=": "{}", "<>": "not {}", "<": "sebelum {}", "<=": "not setelah {}", ">": "setelah {}",
        ">=": "not sebelum {}",
    },
    counts={
        ("=", 1): "tepat satu dari {}", ("<=", 1): "paling banyak satu dari {}", (">=", 1): "sedikitnya satu dari {}",
    },
    be=_indonesian,
)  # fmt: skip

WORDINGS: Mapping[str, Wording] = {"en": ENGLISH, "id": INDONESIAN}
