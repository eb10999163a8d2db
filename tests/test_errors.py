"""Which errors of an agent are retryable."""

from __future__ import annotations

import subprocess
import urllib.error

import anthropic
import httpx
import httpx2
import pytest

from runner.records.errors import (
    AgentError,
    Cancelled,
    LockTimeoutError,
    NonRetryable,
    Retryable,
    TemplateError,
    UnsafePathError,
    WorkspaceError,
    is_retryable,
)


def answer(status: int) -> anthropic.APIStatusError:
    """Return the SDK's error for an answer with this status."""
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1/v1/messages"))
    return anthropic.Anthropic(api_key="none")._make_status_error_from_response(response)


def raised(error: Exception, cause: BaseException) -> Exception:
    """Return an error that was raised from another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError("busy"),
        TimeoutError(),
        ConnectionResetError(),
        urllib.error.URLError("no route"),
        MemoryError(),
        LockTimeoutError("held"),
        subprocess.TimeoutExpired("git", 3),
        httpx.ReadTimeout("no answer"),
        httpx2.ConnectError("refused"),
        answer(429),
        answer(500),
        answer(529),
        Retryable("ask again"),
        raised(WorkspaceError("cannot write it"), OSError(28, "No space left on device")),
        raised(ValueError("no answer"), raised(KeyError("x"), TimeoutError())),
        raised(Retryable("a locked database"), ValueError("locked")),
    ],
    ids=repr,
)
def test_failures_of_the_environment_are_retryable(error: BaseException) -> None:
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("as always"),
        KeyError("name"),
        TypeError(),
        ZeroDivisionError(),
        RecursionError(),
        SystemExit(3),
        KeyboardInterrupt(),
        AgentError("cannot"),
        WorkspaceError("a folder is in the way"),
        UnsafePathError("../x"),
        Cancelled("asked to stop"),
        httpx.InvalidURL("what"),
        answer(400),
        answer(401),
        NonRetryable("for good"),
        raised(NonRetryable("for good"), OSError("gone")),
        raised(TemplateError("no such file"), FileNotFoundError()),
        raised(RuntimeError("wrapped"), NonRetryable("for good")),
    ],
    ids=repr,
)
def test_failures_of_code_are_not_retryable(error: BaseException) -> None:
    assert not is_retryable(error)


def test_a_cycle_of_causes_ends() -> None:
    first, second = ValueError("one"), ValueError("two")
    first.__cause__, second.__cause__ = second, first
    assert not is_retryable(first)
