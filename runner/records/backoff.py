"""How long to wait before the next try: exponential backoff with jitter. Pure but for the random share."""

from __future__ import annotations

import random

JITTER = 0.25  # share of a wait by which it is shortened at most, so that many waiters do not come back together
_MOST_DOUBLINGS = 64  # more would only overflow: every bound is reached by then


def backoff_delay(failures: int, *, first: float, longest: float, at_least: float = 0.0) -> float:
    """Return the seconds to wait after `failures` failures in a row, 1 or more.

    `first` after the first failure, doubled with each further one up to `longest`, less up to `JITTER` of it.
    `at_least` is a wish of the other side, which is met up to `longest`.
    """
    doubled = min(longest, first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
    return max(min(at_least, longest), doubled * random.uniform(1.0 - JITTER, 1.0))  # noqa: S311 - no secret
