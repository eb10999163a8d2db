"""What an agent reports of its steps: a wrong value is an error of the sub-task, and does not reach the supervisor."""

from __future__ import annotations

from typing import Any

import pytest

from runner.ddl.model import Schema
from runner.generation.agent import AgentContext

SCHEMA = Schema(dialect="postgres", tables=())


@pytest.mark.parametrize(
    ("step", "message", "error"),
    [
        ("load", "x", TypeError),
        (1.5, "x", TypeError),
        (3, 5, TypeError),
        (3, None, TypeError),
        (-1, "x", ValueError),
        (10**30, "x", ValueError),
    ],
)
def test_what_is_no_step_is_an_error_of_the_agent(step: Any, message: Any, error: type[Exception]) -> None:
    reported: list[tuple[int, str]] = []
    context = AgentContext(schema=SCHEMA, report=lambda *values: reported.append(values))
    context.progress(1, "load")
    with pytest.raises(error, match="progress"):
        context.progress(step, message)
    assert reported == [(1, "load")]
