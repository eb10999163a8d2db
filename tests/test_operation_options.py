"""The options for the operation of an application: what they add, and what each value must be."""

from __future__ import annotations

from typing import Any

import pytest

from runner.generation.model.operation_options import OperationOptions, operation_options
from runner.records.errors import AgentError
from tests.backend_lock import all_options
from tests.generated_backend import backend_files, read_schema

MODULES = ("rate_limit", "client_address", "metrics", "route_names", "tracing")


def test_all_are_off_by_default() -> None:
    assert operation_options({}) == OperationOptions(
        rate_limit=None, metrics=False, tracing="none", ci="none", e2e=False
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate_limit": "5/fortnight"}, "option rate_limit: '5/fortnight' is no rate; give one such as 100/minute"),
        ({"rate_limit": 5}, "option rate_limit: 5 is no rate"),
        ({"metrics": "yes"}, "option metrics: give true or false, not 'yes'"),
        ({"tracing": True}, "option tracing: True is unknown; give none or otel"),
        ({"ci": "jenkins"}, "option ci: 'jenkins' is unknown; give none, github or gitlab"),
        ({"e2e": 1}, "option e2e: give true or false, not 1"),
    ],
)
def test_what_does_not_suit_is_reported(given: dict[str, Any], message: str) -> None:
    with pytest.raises(AgentError, match=message):
        operation_options(given)


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ({}, set()),
        ({"rate_limit": "9/day"}, {"rate_limit", "client_address"}),
        ({"auth": "session"}, {"client_address"}),
        ({"metrics": True}, {"metrics", "route_names"}),
        ({"tracing": "otel"}, {"tracing", "route_names"}),
    ],
)
def test_only_what_is_on_is_generated(given: dict[str, Any], added: set[str]) -> None:
    files = backend_files(read_schema(), tables=(), options=given)
    assert {name for name in MODULES if f"backend/app/core/{name}.py" in files} == added
    packages = files["backend/pyproject.toml"].text + files["backend/requirements.txt"].text
    assert ("prometheus" in packages) == ("metrics" in added)
    assert ("opentelemetry-sdk" in packages) == ("tracing" in added)


def test_the_lock_files_know_every_option_that_needs_packages() -> None:
    files = backend_files(read_schema(), tables=(), options=all_options())
    assert "prometheus" in files["backend/requirements.txt"].text
    assert "opentelemetry-sdk" in files["backend/requirements-dev.txt"].text
