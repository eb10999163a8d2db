"""What does not fit the format, in the words of the plan: which value, what is wrong with it, what to give.

Called in the supervisor's main thread while a plan is loaded; pure functions and the tables of their words, which add
what they find wrong to the findings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.dialects import NAMES, NAMES_IN_WORDS, meant_dialect
from runner.plan.findings import MAX_PROBLEMS
from runner.plan.format import (
    ConcurrencyEntry,
    ConvexEntry,
    Entry,
    LLMEntry,
    PlanEntry,
    RetriesEntry,
    TablesEntry,
    TaskEntry,
    TimeoutsEntry,
    WorkersEntry,
)
from runner.plan.value_types import MAX_SECONDS
from runner.plan.yaml_nodes import did_you_mean, field_name, kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from runner.plan.findings import Findings
    from runner.plan.yaml_nodes import Node

_ENTRIES: dict[str, type[Entry]] = {
    "timeouts": TimeoutsEntry,
    "retries": RetriesEntry,
    "concurrency": ConcurrencyEntry,
    "workers": WorkersEntry,
    "convex": ConvexEntry,
    "llm": LLMEntry,
    "tables": TablesEntry,
}
_REQUIRED = {name for name, about in PlanEntry.model_fields.items() if about.is_required()}
_FREE = "options"  # the one key below which anything goes, empty values too

# What to give, by the name of the key; the second half of every message about it.
_SECONDS = f"Give seconds: more than 0, at most {MAX_SECONDS} (a week)."
_EXPECTED = {
    "version": "Write version: 1.",
    "name": "Give a name of at most 100 characters, such as school.",
    "description": "Say in a few words what to do, such as BE CRUD APIs for school management.",
    "priority": "Give a whole number from 1 (last) to 10 (first).",
    "dialect": f"Give {NAMES_IN_WORDS}.",
    "workspace": "Give the folder to generate into, such as ../build/school.",
    "templates": "Give a folder.",
    "ddl": "Give a .sql file, a glob, a folder, or a list of these.",
    "tasks": "List at least one: - description: BE setup for the school management backend.",
    "needs": "List ids of other tasks: [be-setup].",
    "agent": "Give a kind such as be-crud, or a class as package.module:ClassName.",
    "tables": 'Give globs, such as {include: ["*"], exclude: ["audit_*"]}.',
    "tables.include": 'Give globs, such as ["*"].',
    "tables.exclude": 'Give globs, such as ["audit_*"].',
    "options": "Give a mapping of what the agent takes.",
    "id": "Give lower-case letters, digits and '-', such as be-setup.",
    "timeouts": "Give seconds, such as {task: 600, subtask: 300}.",
    "retries": "Give how to try again, such as {attempts: 2, backoff: 1.0}.",
    "concurrency": "Give how much runs at once, such as {tasks: 5, subtasks: 5}.",
    "convex": "Give its settings, such as {enabled: auto}.",
    "llm": "Give its settings, such as {enabled: auto}.",
    "workers": "Give what a worker process may use, such as {memory: 2048, max_subtasks: 1000}.",
    "workers.memory": "Give MiB: a whole number from 64 to 1048576.",
    "workers.max_subtasks": "Give a whole number from 1 to 1000000.",
    "concurrency.tasks": "Give a whole number from 1 to 64.",
    "concurrency.subtasks": "Give a whole number from 1 to 64.",
    "timeouts.task": _SECONDS,
    "timeouts.subtask": _SECONDS,
    "timeouts.grace": _SECONDS,
    "retries.attempts": "Give how often to try in all: a whole number from 1 to 20.",
    "retries.backoff": "Give seconds from 0 to 3600.",
    "convex.url": "Give an address such as https://happy-otter-123.convex.cloud.",
    "convex.enabled": "Give auto, true or false.",
    "llm.enabled": "Give auto, true or false.",
    "llm.model": "Give a model's name.",
}
_OTHER_WORDS = {
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
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_SAID = {
    "literal_error": "is not known",
    "too_short": "is empty",
    "too_long": "is too long",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
}


def check_format(findings: Findings, root: Node, errors: list[ErrorDetails]) -> None:
    """Say what pydantic found, in the words of the plan."""
    meant: set[tuple[tuple[int | str, ...], str]] = set()  # keys that are there, misspelled
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
                whose = "this task" if len(loc) > 1 else "the plan"
                findings.add_key(node, f"{whose} has no {loc[-1]}", _expected(name))
        elif kind == "plan":
            value = "" if name == "convex.url" else str(node)  # it may hold a password
            said, expected = one["ctx"]["message"], one["ctx"]["expected"]
            findings.add(node, _joined(name, value, said), expected or _expected(name))
        elif kind != "extra_forbidden":
            findings.add(node, *_wrong_value(name, node, kind))


def _wrong_value(name: str, node: Node, kind: str) -> tuple[str, str]:
    """Return what is wrong with a value, by the name that pydantic has for it, and what to do."""
    expected = _expected(name)
    if wanted := _WANTED.get(kind):
        said = f"is {kind_of(node.value)}, not {wanted}"
        if wanted == "a whole number" and isinstance(node.value, float):
            said = "is not a whole number"
        if kind == "string_type" and node.text is not None:
            expected = f'Put it in quotes: "{node}".'
        elif node.quoted and re.fullmatch(r"-?\d+(\.\d+)?", node.text or ""):
            expected = f"Remove the quotes: {shown(node.text or '')}."
    else:
        said = _SAID.get(kind, "is out of range")
        if name == "dialect":
            expected = _joined(_guess(str(node.value), NAMES, meant_dialect(str(node.value))), expected)
    return _joined(name, str(node), said), expected


def _expected(name: str) -> str:
    """Return what to give, by what a message calls the value."""
    if name.startswith("task "):
        return "Write a task: - description: BE CRUD APIs for school management."
    return _EXPECTED.get(name, "Write key: value.")


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _guess(word: str, known: Sequence[str], other: str | None) -> str:
    """Return the question for a word that is not known: `other` is what it is often written for, if anything."""
    return f"Did you mean {other}?" if other and other in known else did_you_mean(word, known)


def _known_key(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the key that was perhaps meant, and what to do with this one."""
    key = str(loc[-1])
    owner = loc[-2] if len(loc) > 1 else None
    model = PlanEntry if owner is None else TaskEntry if isinstance(owner, int) else _ENTRIES[owner]
    known = list(model.model_fields)
    if guess := _guess(key, known, _OTHER_WORDS.get(key.lower())):
        return guess.removeprefix("Did you mean ").rstrip("?"), guess
    if key in {"token", "api_key", "secret", "password"}:
        return "", "Remove it: secrets come from the environment only."
    if model is PlanEntry and key in TaskEntry.model_fields:
        return "", f"{key} is a key of a task: move it there."
    if model is TaskEntry and key in PlanEntry.model_fields:
        return "", f"{key} is a key of the plan: move it to the top."
    return "", f"Known here: {', '.join(known)}."


def check_empty_values(findings: Findings, root: Node) -> None:
    """Find keys without a value, which YAML reads as null and pydantic as left out."""
    waiting: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        name = field_name(path)
        if node.value is None and (name in _EXPECTED or isinstance(path[-1], int)):
            listed = isinstance(path[-1], int)
            needed = listed or name == "description" or (len(path) == 1 and name in _REQUIRED)
            expected = _expected(name) if needed else f"{_expected(name)[:-1]}, or leave it out."
            findings.add(node, f"{name} is empty", expected)
        elif path[-1:] != (_FREE,):
            waiting += [((*path, key), value) for key, value in node.values.items()]
            waiting += [((*path, index), value) for index, value in enumerate(node.items)]
