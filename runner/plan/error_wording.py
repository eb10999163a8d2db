"""Error messages for what does not fit the format: which value, what is wrong with it, and what to give instead.

Bounds, choices and what to give come from the models in `format`. The functions add what they find to the findings of
the plan that is being loaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.dialects import meant_dialect
from runner.plan.findings import MAX_PROBLEMS
from runner.plan.format import Entry, PlanEntry, TaskEntry
from runner.plan.format_keys import format_keys
from runner.plan.yaml_nodes import did_you_mean, field_name, kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from runner.plan.findings import Findings
    from runner.plan.yaml_nodes import Node

_REQUIRED = {name for name, about in PlanEntry.model_fields.items() if about.is_required()}
_FREE = "options"  # the key below which anything is allowed, including empty values
_SYNONYMS = {
    "depends_on": "needs",
    "depends": "needs",
    "after": "needs",
    "title": "description",
    "prompt": "description",
    "schema": "ddl",
    "sql": "ddl",
    "output": "workspace",
    "kind": "agent",
}
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_REASONS = {
    "literal_error": "is not known",
    "too_short": "is empty",
    "too_long": "is too long",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "has another form",
}


def check_format(findings: Findings, root: Node, errors: list[ErrorDetails]) -> None:
    """Report the errors that pydantic found, in the terms of the plan."""
    meant: set[tuple[tuple[int | str, ...], str]] = set()  # keys that are present, but misspelled
    for one in errors:
        loc = one["loc"]
        if one["type"] == "extra_forbidden":
            guess, expected = _known_key(loc) if len(meant) < MAX_PROBLEMS else ("", "")
            meant.add((loc[:-1], guess))
            key = str(loc[-1])
            findings.add_key(root.find(loc[:-1]).keys[key], f"unknown key {shown(key)}", expected)
    for one in errors:
        loc, kind = one["loc"], one["type"]
        name, node = field_name(loc), root.find(loc)
        if kind == "missing":
            if (loc[:-1], loc[-1]) not in meant:
                whose = "the plan" if len(loc) == 1 else "this task" if loc[0] == "tasks" else loc[0]
                findings.add_key(node, f"{whose} has no {loc[-1]}", _expected(name))
        elif kind == "plan":
            value = "" if name == "convex.url" else str(node)  # it may contain a password
            reason, expected = one["ctx"]["message"], one["ctx"]["expected"]
            findings.add(node, _joined(name, value, reason), expected or _expected(name))
        elif kind != "extra_forbidden":
            findings.add(node, *_wrong_value(name, node, kind))


def _wrong_value(name: str, node: Node, kind: str) -> tuple[str, str]:
    """Return what is wrong with a value and what to do; `kind` is pydantic's name for the error."""
    expected = _expected(name)
    if wanted := _WANTED.get(kind):
        reason = f"is {kind_of(node.value)}, not {wanted}"
        if wanted == "a whole number" and isinstance(node.value, float):
            reason = "is not a whole number"
        if kind == "string_type" and node.text is not None:
            expected = f'Put it in quotes: "{node}".'
        elif node.quoted and re.fullmatch(r"-?\d+(\.\d+)?", node.text or ""):
            expected = f"Remove the quotes: {shown(node.text or '')}."
    else:
        reason = _REASONS.get(kind, "is out of range")
        if kind == "literal_error":
            meant = meant_dialect(str(node.value)) if name == "dialect" else None
            expected = _joined(_guess(str(node.value), format_keys()[name].choices, meant), expected)
    return _joined(name, str(node), reason), expected


def _expected(name: str) -> str:
    """Return what to give for the value with this name."""
    if name.startswith("task "):
        return TaskEntry.expected.text
    key = format_keys().get(name)
    return Entry.expected.text if key is None else key.expected


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _guess(word: str, known: Sequence[str], other: str | None) -> str:
    """Return `Did you mean …?` for an unknown word, or nothing. `other` is the known word that it often stands for."""
    return f"Did you mean {other}?" if other and other in known else did_you_mean(word, known)


def _known_key(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the key that was probably meant, and what to do with this one."""
    key = str(loc[-1])
    owner = field_name(loc[:-1])
    model = TaskEntry if owner.startswith("task ") else PlanEntry if not owner else format_keys()[owner].entry
    assert model is not None  # noqa: S101 - only a mapping has keys
    known = list(model.model_fields)
    if guess := _guess(key, known, _SYNONYMS.get(key.lower())):
        return guess.removeprefix("Did you mean ").rstrip("?"), guess
    if key in {"token", "api_key", "secret", "password"}:
        return "", "Remove it: secrets come from the environment only."
    if model is PlanEntry and key in TaskEntry.model_fields:
        return "", f"{key} is a key of a task: move it there."
    if model is TaskEntry and key in PlanEntry.model_fields:
        return "", f"{key} is a key of the plan: move it to the top."
    return "", f"Known keys: {', '.join(known)}."


def check_empty_values(findings: Findings, root: Node) -> None:
    """Report keys without a value: YAML reads them as null, and pydantic would take them for keys that are left out."""
    waiting: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        name = field_name(path)
        if node.value is None and (name in format_keys() or isinstance(path[-1], int)):
            listed = isinstance(path[-1], int)
            needed = listed or name == "description" or (len(path) == 1 and name in _REQUIRED)
            expected = _expected(name) if needed else f"{_expected(name)[:-1]}, or leave it out."
            findings.add(node, f"{name} is empty", expected)
        elif path[-1:] != (_FREE,):
            waiting += [((*path, key), value) for key, value in node.values.items()]
            waiting += [((*path, index), value) for index, value in enumerate(node.items)]
