"""The plan format as a JSON Schema: valid itself, and consistent with `load_plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from runner.plan.plan_schema import plan_schema
from runner.plan.starter import starter_plan

TESTS = Path(__file__).parent
PLANS = [*sorted((TESTS.parent / "plans").glob("*.yaml")), TESTS / "plans" / "everything.yaml"]
HEAD: dict[str, Any] = {"version": 1, "name": "a", "workspace": "b"}
TASK = {"description": "BE setup"}


@pytest.fixture(scope="module")
def schema():
    return Draft202012Validator(plan_schema())


def nodes(part: Any, path: str = ""):
    """Yield every schema inside a schema."""
    yield path, part
    for group in ("properties", "$defs"):
        for name, inner in part.get(group, {}).items():
            yield from nodes(inner, f"{path}/{name}")


def test_schema_is_a_json_schema_of_2020_12():
    Draft202012Validator.check_schema(plan_schema())
    assert plan_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.name)
def test_schema_accepts_plans(schema, plan):
    schema.validate(yaml.safe_load(plan.read_text()))


def test_schema_accepts_the_starter_plan(schema):
    schema.validate(yaml.safe_load(starter_plan(Path("school.sql"), "sqlite")))


@pytest.mark.parametrize(
    "plan",
    [
        {},
        [],
        HEAD,
        {**HEAD, "tasks": []},
        {**HEAD, "tasks": None},
        {**HEAD, "tasks": [{}]},
        {**HEAD, "tasks": [TASK], "version": 2},
        {**HEAD, "tasks": [TASK], "name": 5},
        {**HEAD, "tasks": [TASK], "name": ""},
        {**HEAD, "tasks": [TASK], "nmae": "x"},
        {**HEAD, "tasks": [TASK], "dialect": "oracle"},
        {**HEAD, "tasks": [TASK], "dialect": None},
        {**HEAD, "tasks": [TASK], "ddl": []},
        {**HEAD, "tasks": [TASK], "timeouts": {"task": 0}},
        {**HEAD, "tasks": [TASK], "timeouts": {"task": None}},
        {**HEAD, "tasks": [TASK], "llm": {"enabled": "yes"}},
        {**HEAD, "tasks": [TASK], "concurrency": {"tasks": 0}},
        {**HEAD, "tasks": [{**TASK, "priority": 11}]},
        {**HEAD, "tasks": [{**TASK, "priority": "7"}]},
        {**HEAD, "tasks": [{**TASK, "id": "BE Setup"}]},
        {**HEAD, "tasks": [{**TASK, "needs": [1]}]},
        {**HEAD, "tasks": [{**TASK, "tables": {"include": []}}]},
        {**HEAD, "tasks": [{**TASK, "tables": {"only": "a"}}]},
        {**HEAD, "tasks": [{**TASK, "options": []}]},
    ],
    ids=str,
)
def test_schema_refuses_what_the_plan_refuses(schema, plan):
    assert not schema.is_valid(plan)


def test_schema_describes_every_key():
    for path, part in nodes(plan_schema()):
        if path and "$ref" not in part:
            assert part.get("title") or "$ref" in str(part), path
        if path:
            assert part.get("description") or "$ref" in part, path


def test_schema_has_the_defaults_and_no_null():
    parts = dict(nodes(plan_schema()))
    assert parts["/TaskEntry/priority"]["default"] == 5
    assert parts["/ConcurrencyEntry/subtasks"]["default"] == 5
    assert parts["/ConvexEntry/enabled"]["default"] == "auto"
    assert not [path for path, part in parts.items() if part.get("default", 0) is None or "'null'" in str(part)]


def test_schema_examples_are_valid():
    whole = plan_schema()
    for path, part in nodes(whole):
        for value in part.get("examples", []):
            assert Draft202012Validator({**part, "$defs": whole["$defs"]}).is_valid(value), path
