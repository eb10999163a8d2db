"""Waits between attempts."""

from __future__ import annotations

from runner.records.backoff import JITTER, backoff_delay


def test_delays_double_up_to_the_longest_with_jitter() -> None:
    for _ in range(20):
        delays = [backoff_delay(failures, first=0.2, longest=10.0) for failures in range(1, 13)]
        for number, delay in enumerate(delays):
            most = min(10.0, 0.2 * 2**number)
            assert most * (1 - JITTER) <= delay <= most
        assert len(set(delays)) == len(delays)


def test_any_number_of_failures_and_no_first_delay_are_fine() -> None:
    assert 7.5 <= backoff_delay(100_000, first=1.0, longest=10.0) <= 10.0
    assert backoff_delay(3, first=0.0, longest=10.0) == 0.0


def test_a_server_may_ask_for_a_longer_wait_but_not_for_any() -> None:
    assert backoff_delay(1, first=0.2, longest=10.0, at_least=5.0) == 5.0
    assert backoff_delay(1, first=0.2, longest=10.0, at_least=3600.0) == 10.0
