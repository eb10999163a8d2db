"""TypeScript source from values, laid out as Biome formats it, so that it needs no formatting afterwards.

A value is a string, number, bool or None, a list (an array) or a mapping (an object). `Code` is source written as it
is, `Call` a call whose arguments are values, `Arrow` a function of one parameter. An object is kept on one line where
it fits; an `Open` one never is. Pure functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.generation.encoders import FILTERS as ENCODERS
from runner.generation.encoders import Code
from runner.generation.encoders.typescript_text import WIDTH, property_name, string
from runner.generation.model.naming import camel

_INDENT = 2
_SHORTEST_BROKEN = 5  # letters of a name after which a long text goes to the next line


class Open(dict[str, Any]):
    """An object with one property on each line."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `suffix` follows it: `.optional()`."""

    name: str
    arguments: tuple[Any, ...] = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A function of one parameter that returns the value of `body`."""

    parameter: str
    body: Any


def literal(value: Any) -> str:
    """Return a value's source on one line."""
    if isinstance(value, str):
        return str(value) if isinstance(value, Code) else string(value)
    if isinstance(value, Call):
        return f"{value.name}({_joined(map(literal, value.arguments))}){value.suffix}"
    if isinstance(value, Arrow):
        return f"({value.parameter}) => {literal(value.body)}"
    if isinstance(value, Mapping):
        inner = _joined(f"{property_name(name)}: {literal(item)}" for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{_joined(map(literal, value))}]"
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _joined(sources: Iterable[str]) -> str:
    return ", ".join(sources)


def laid_out(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """Return a value's source: on one line if that fits, otherwise broken.

    In characters: `indent` is that of the line on which it begins, `before` the length of what precedes it there with
    the indent, and `after` the length of what follows on its last line.
    """
    flat = literal(value)
    if not _is_open(value) and max(before, indent) + len(flat) + after <= WIDTH:
        return flat
    if isinstance(value, Call) and value.arguments:
        return _call(value, indent, before)
    if isinstance(value, Arrow):
        body = laid_out(value.body, indent + _INDENT, indent + _INDENT, after)
        return f"({value.parameter}) =>\n{' ' * (indent + _INDENT)}{body}"
    if isinstance(value, Mapping) and value:
        return _block("{", properties(value, indent + _INDENT), indent, "}")
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return _block("[", _items(value, indent + _INDENT), indent, "]")
    return flat


def properties(values: Mapping[str, Any], indent: int) -> list[str]:
    """Return the lines of an object's properties at an indent, with a comma after each."""
    pad = " " * indent
    lines = []
    for name, value in values.items():
        lead = f"{pad}{property_name(name)}:"
        source = laid_out(value, indent, len(lead) + 1, 1)
        is_text = isinstance(value, str) and not isinstance(value, Code)
        if is_text and len(lead) + len(source) + 2 > WIDTH and len(property_name(name)) >= _SHORTEST_BROKEN:
            source = f"\n{pad}  {source}"
        else:
            source = f" {source}"
        lines.append(f"{lead}{source},")
    return lines


def _items(values: Sequence[Any], indent: int) -> list[str]:
    pad = " " * indent
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return _filled(values, indent)
    return [f"{pad}{laid_out(value, indent, indent, 1)}," for value in values]


def _filled(values: Sequence[Any], indent: int) -> list[str]:
    """Return numbers, as many on a line as fit."""
    lines = [" " * indent + f"{literal(values[0])},"]
    for value in values[1:]:
        source = f"{literal(value)},"
        if len(lines[-1]) + 1 + len(source) <= WIDTH:
            lines[-1] += f" {source}"
        else:
            lines.append(" " * indent + source)
    return lines


def _call(call: Call, indent: int, before: int) -> str:
    """Return a broken call; one with a suffix is broken at each dot."""
    owner, dot, method = call.name.rpartition(".")
    if not call.suffix or not dot:
        return _single_call(call, indent, before)
    inner = indent + _INDENT
    single = laid_out(Call(f".{method}", call.arguments), inner, inner)
    return f"{owner}\n{' ' * inner}{single}\n{' ' * inner}{call.suffix}"


def _single_call(call: Call, indent: int, before: int) -> str:
    """Return a call around its last argument if that is an object or array, otherwise with an argument on each line."""
    *first, last = call.arguments
    opening = f"{call.name}({''.join(f'{literal(argument)}, ' for argument in first)}"
    hugged = isinstance(last, Mapping) or (isinstance(last, Sequence) and not isinstance(last, str))
    if hugged and last and not any(_is_open(argument) for argument in first) and before + len(opening) < WIDTH:
        marks = "{}" if isinstance(last, Mapping) else "[]"
        make = properties if isinstance(last, Mapping) else _items
        return f"{_block(opening + marks[0], make(last, indent + _INDENT), indent, marks[1])}){call.suffix}"
    return f"{_block(f'{call.name}(', _arguments(call, indent + _INDENT), indent, ')')}{call.suffix}"


def _arguments(call: Call, indent: int) -> list[str]:
    return [f"{' ' * indent}{laid_out(argument, indent, indent, 1)}," for argument in call.arguments]


def _block(opening: str, lines: list[str], indent: int, closing: str) -> str:
    return "\n".join([opening, *lines, f"{' ' * indent}{closing}"])


def _is_open(value: Any) -> bool:
    """Whether a value takes several lines in any case: an `Open` object, or several objects or arrays in an array."""
    if isinstance(value, Open):
        return bool(value)
    if isinstance(value, Mapping):
        return any(map(_is_open, value.values()))
    if isinstance(value, Call):
        return any(map(_is_open, value.arguments))
    if isinstance(value, Arrow):
        return _is_open(value.body)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    matrix = len(value) > 1 and any(all(map(has_many, value)) for has_many in (_is_object, _is_array))
    return matrix or any(map(_is_open, value))


def _is_object(value: Any) -> bool:
    """Whether a value is an object of several properties."""
    return isinstance(value, Mapping) and len(value) > 1


def _is_array(value: Any) -> bool:
    """Whether a value is an array of several items."""
    return isinstance(value, list) and len(value) > 1


FILTERS: Mapping[str, Callable[..., Any]] = {
    **ENCODERS,
    "camel": camel,
    "laid_out": laid_out,
    "properties": lambda values, indent=0: "\n".join(properties(values, indent)),
    "ts": literal,
}
