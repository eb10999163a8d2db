"""What the models in `format` say of each key, in the form that error messages need. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from string import Template
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from runner.plan.format import Entry, PlanEntry, TaskEntry
from runner.plan.value_types import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOUNDS = ("ge", "gt", "le", "max_length")


@dataclass(frozen=True, kw_only=True, slots=True)
class FormatKey:
    """A key of the format: what to give for it, the words it may be, and the model of the mapping that it holds."""

    expected: str
    choices: tuple[str, ...]
    entry: type[Entry] | None


@cache
def format_keys() -> dict[str, FormatKey]:
    """Return all keys by the name that messages use: `priority`, `timeouts.task`. A plan's and a task's share names."""
    return {**dict(_collect(PlanEntry)), **dict(_collect(TaskEntry))}


def _collect(model: type[Entry], prefix: str = "") -> Iterator[tuple[str, FormatKey]]:
    for name, about in model.model_fields.items():
        parts = (*reversed(about.metadata), *_parts(about.annotation))
        key = _key(parts)
        yield f"{prefix}{name}", key
        if key.entry is not None:
            yield from _collect(key.entry, f"{prefix}{name}.")


def _key(parts: tuple[Any, ...]) -> FormatKey:
    entry = next((part for part in parts if isinstance(part, type) and issubclass(part, Entry)), None)
    own = next((part for part in parts if isinstance(part, Expected)), None)
    expected = own or (entry or Entry).expected
    literals = [value for part in parts if get_origin(part) is Literal for value in get_args(part)]
    choices = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in literals)
    bounds = {bound: value for bound in _BOUNDS for part in parts if (value := getattr(part, bound, None)) is not None}
    text = Template(expected.text).safe_substitute(bounds, choices=_either(choices))
    return FormatKey(expected=text, choices=choices, entry=entry)


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have and their metadata, outermost first; the items of a list are left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extras = get_args(annotation)
        for extra in reversed(extras):
            yield from extra.metadata if isinstance(extra, FieldInfo) else (extra,)
        yield from _parts(inner)
    elif origin in {Union, UnionType}:
        for choice in get_args(annotation):
            yield from _parts(choice)
    else:
        yield annotation


def _either(words: tuple[str, ...]) -> str:
    """Return `a`, `a or b`, `a, b or c`."""
    *first, last = words or ("",)
    return f"{', '.join(first)} or {last}" if first else last
