"""The reference pages as Markdown: of plans from their JSON Schema, of commands from click. Pure.

A page has a line `<!-- reference: plan -->` or `<!-- reference: commands -->`, which the build replaces.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from runner.command.cli import command_line
from runner.plan.plan_schema import plan_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKER = "<!-- reference: {} -->"
Schema = dict[str, Any]
_KINDS = {
    "array": "a list",
    "boolean": "`true` or `false`",
    "integer": "a number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}  # of values, by their type in a JSON Schema


def with_references(text: str) -> str:
    """Return the text of a page with its markers replaced."""
    for name, reference in REFERENCES.items():
        marker = MARKER.format(name)
        if marker in text:
            text = text.replace(marker, reference())
    return text


# ---------------------------------------------------------------------------------------------------------- plans


def plan_reference() -> str:
    """Return a section for the keys of a plan, of a task, of both, and of each mapping that they hold."""
    schema = plan_schema()
    plan = schema["properties"]
    definitions = schema["$defs"]
    task = definitions.pop("TaskEntry")
    shared = {key: about for key, about in plan.items() if task["properties"].get(key) == about}
    parts = [
        _keys("Of a plan", _without(plan, shared), schema["required"]),
        _keys("Of a task", _without(task["properties"], shared), task["required"]),
        _keys("Of a plan or a task", shared, (), "A task's value replaces that of the plan."),
    ]
    for definition in definitions.values():
        title = f"`{_key_of(definition['title'], plan, task['properties'])}`"
        required = definition.get("required", ())
        parts.append(_keys(title, definition["properties"], required, definition["description"]))
    return "\n\n".join(parts)


def _without(properties: Schema, left_out: Schema) -> Schema:
    return {key: about for key, about in properties.items() if key not in left_out}


def _key_of(title: str, *groups: Schema) -> str:
    """Return the key that holds the mapping of a title."""
    return next(key for group in groups for key in group if key.replace("_", "") == title.lower().replace(" ", ""))


def _keys(title: str, properties: Schema, required: Any, about: str = "") -> str:
    rows = [
        f"| `{key}` | {_cell(_values(value))} | {_cell(_meaning(value, required=key in required))} |"
        for key, value in properties.items()
    ]
    lines = [f"## {title}", "", *([about, ""] if about else []), "| key | value | meaning |", "| --- | --- | --- |"]
    return "\n".join([*lines, *rows])


def _values(about: Schema) -> str:
    """Return what values a key takes."""
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(_values(each) for each in about["anyOf"]))
    if "$ref" in about:
        return f"[a mapping](#{about['$ref'].rpartition('/')[2].removesuffix('Entry').lower()})"
    choices = about.get("enum") or ([about["const"]] if "const" in about else [])
    if choices:
        return ", ".join(f"`{_yaml(choice)}`" for choice in choices)
    kind = about.get("type", "string")
    if "$ref" in about.get("items", {}):
        return "a list of [mappings](#of-a-task)"
    return " ".join([_KINDS[kind], *_bounds(about)])


def _bounds(about: Schema) -> Iterator[str]:
    if "exclusiveMinimum" in about:
        yield f"above {about['exclusiveMinimum']:,}"
    elif "minimum" in about:
        yield f"from {about['minimum']:,}"
    if "maximum" in about:
        yield f"to {about['maximum']:,}"


def _meaning(about: Schema, *, required: bool) -> str:
    sentences = [about.get("description", "")]
    if required:
        sentences.append("Required.")
    if about.get("default") not in (None, [], {}):
        sentences.append(f"Default: `{_yaml(about['default'])}`.")
    if examples := about.get("examples"):
        sentences.append("Example: " + ", ".join(f"`{_yaml(example)}`" for example in examples) + ".")
    return " ".join(sentence for sentence in sentences if sentence)


def _yaml(value: Any) -> str:
    """Return a value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and value and not set(value) & set(",:{}[]\"'#*"):
        return value
    return json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# ------------------------------------------------------------------------------------------------------- commands


def command_reference() -> str:
    """Return a section for each command: its usage, what it does, and its options."""
    return "\n\n".join(_commands(command_line(), None, "runner"))


def _commands(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100)
    if parent is not None:
        yield _command(command, context)
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            if inner is not None and not inner.hidden:
                yield from _commands(inner, context, word)


def _command(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"## {context.command_path}", "", "```text", usage, "```", "", *_help(command.help or "")]
    options = (each for each in command.params if isinstance(each, click.Option))  # arguments are in the usage
    rows = [record for each in options if (record := each.get_help_record(context)) is not None]
    if rows:
        lines += ["| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_cell(option)}` | {_cell(_escaped(meaning))} |" for option, meaning in rows]
    if command.epilog:
        about, _, example = command.epilog.partition(": ")
        lines += ["", f"{about}:", "", "```text", example, "```"]
    return "\n".join(lines)


def _help(text: str) -> Iterator[str]:
    r"""Yield the paragraphs of a help text; one that begins with \b, which click does not fill, as it is."""
    for paragraph in text.replace("\f", "").strip().split("\n\n"):
        if paragraph.startswith("\b"):
            yield from ("```text", *paragraph.splitlines()[1:], "```", "")
        else:
            yield from (_escaped(" ".join(paragraph.split())), "")


def _escaped(text: str) -> str:
    """Return plain text as Markdown; what stands between backticks stays as it is."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for sign in "\\<*_[":
            parts[place] = parts[place].replace(sign, f"\\{sign}")
    return "`".join(parts)


REFERENCES: dict[str, Callable[[], str]] = {"plan": plan_reference, "commands": command_reference}
