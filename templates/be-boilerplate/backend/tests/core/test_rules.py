"""Tests of the functions that rules are made of."""

from __future__ import annotations

import time

import pytest

from app.core import rules


def test_patterns_match_anywhere_in_a_text() -> None:
    assert rules.matches("ab12", "[0-9]{2}") is True
    assert rules.matches("ab1", "[0-9]{2}") is False
    assert rules.matches("ab\n", "^ab$") is False
    assert rules.matches(None, "a") is None


def test_patterns_that_the_engine_rejects_are_left_to_the_database(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for pattern in ("(?=a)", r"(a)\1", r"\w{1,10000}"):
        assert rules.matches("a", pattern) is None
        assert caplog.messages[-1].endswith(pattern)


def test_the_time_to_match_a_pattern_is_bounded_by_the_length_of_the_text() -> None:
    start = time.perf_counter()
    assert rules.matches("a" * 10_000 + "!", "^[a-z]+$") is False
    assert time.perf_counter() - start < 1
