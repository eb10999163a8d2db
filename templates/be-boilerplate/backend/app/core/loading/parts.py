"""Numbered values: the parts of a row that differ from row to row, each as a function of the row's number.

A row takes one of `size` values from each of its parts. Different numbers below `size` give different values, which is
what makes the rows of a unique constraint unique without a look at the rows that exist.
"""

from __future__ import annotations

import datetime as dt
import math
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from app.core.seeding.fields import Field
from app.core.seeding.values import END_DATE, accept

NUMBERS = ("integer", "decimal")  # kinds of fields
_UNBOUNDED = 10**12
_MAX_INTEGER = 2**31 - 1  # where the field has no bound of its own
_DAYS = 3650  # over which dates are spread
_DIGITS = 12  # of the largest number that is written into a text
_CHARACTERS = (string.digits, string.ascii_uppercase, string.ascii_lowercase)

Values = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Attributes of a row that have one of `size` values.

    `value` returns their values for a number from 0 and the values that the copied row has.
    """

    names: tuple[str, ...]
    size: int
    value: Callable[[int, Values], Values]


def keys_part(names: Sequence[str], keys: Sequence[Values]) -> Part:
    """Return the part of a foreign key that refers to one row after the other."""
    return Part(names=tuple(names), size=len(keys), value=lambda number, _: keys[number])


def field_part(
    field: Field, values: Sequence[Any], *, first: int, last: int, random: Random
) -> Part | None:
    """Return the part of one field, or None if its type has no numbered values.

    Args:
        field: the field.
        values: its values in the rows that are copied, and the highest one of the table if it is a number.
        first: the number of the first row.
        last: the highest number of a row.
        random: the source of UUIDs.
    """
    makers: dict[str, Callable[[], Part | None]] = {
        "choice": lambda: _listed(field, field.type.choices),
        "boolean": lambda: _listed(field, (False, True)),
        "integer": lambda: _number(field, values, first=first, last=last),
        "decimal": lambda: _number(field, values, first=first, last=last),
        "date": lambda: _part(field, _DAYS, lambda number, _: END_DATE - dt.timedelta(days=number)),
        "timestamp": lambda: _moment(field, dt.UTC),
        "local_timestamp": lambda: _moment(field, None),
        "uuid": lambda: _part(
            field, _UNBOUNDED, lambda *_: UUID(int=random.getrandbits(128), version=4)
        ),
        "text": lambda: None if field.native else _text(field, values, last),
    }
    make = makers.get(field.type.kind)
    return make() if make else None


def _part(field: Field, size: int, value: Callable[[int, Any], Any]) -> Part:
    return Part(
        names=(field.attribute,),
        size=size,
        value=lambda number, copied: (value(number, copied[0]),),
    )


def _listed(field: Field, choices: Sequence[Any]) -> Part:
    return _part(field, len(choices), lambda number, _: choices[number])


def _moment(field: Field, zone: dt.timezone | None) -> Part:
    end = dt.datetime.combine(END_DATE, dt.time(), zone)
    return _part(field, _UNBOUNDED, lambda number, _: end - dt.timedelta(seconds=number))


def _number(field: Field, values: Sequence[Any], *, first: int, last: int) -> Part:
    """Return numbers above those that exist, or all numbers that the field accepts where there is no room above."""
    bounds = field.type.bounds
    whole = bounds.get("max_digits", _DIGITS) - bounds.get("decimal_places", 0)
    high = min(
        int(bounds.get("le", _MAX_INTEGER)), int(bounds.get("lt", _MAX_INTEGER)) - 1, 10**whole - 1
    )
    low = max(int(bounds.get("ge", 0)), int(bounds.get("gt", -1)) + 1)
    numbers = (value for value in values if isinstance(value, (int, Decimal)))
    above = max((int(value) for value in numbers if math.isfinite(value)), default=0) + 1
    of_type = Decimal if field.type.kind == "decimal" else int
    if above + last - first <= high:
        return _part(field, _UNBOUNDED, lambda number, _: of_type(above - first + number))
    return _part(field, max(1, high - low + 1), lambda number, _: of_type(low + number))


# ---------------------------------------------------------------------------------------------------------------- texts


def _text(field: Field, values: Sequence[Any], last: int) -> Part | None:
    """Return texts that contain the number or, where the field accepts none of those, whose digits and letters count."""
    texts = [value for value in values if isinstance(value, str) and value]
    if not texts:
        return None
    digits = len(str(last))
    if all(accept(field, _with_number(field, text, 0, digits)) is not None for text in texts):
        return _part(
            field,
            10**digits,
            lambda number, copied: _with_number(field, copied, number, digits),
        )
    places = [_alternatives(field, texts[0], place) for place in range(len(texts[0]))]
    return _part(field, math.prod(map(len, places)), lambda number, _: _counted(places, number))


def _with_number(field: Field, text: str, number: int, digits: int) -> str:
    """Return a text with the number at its end, or before the `@` of an address, within the field's length."""
    name, at, domain = text.partition("@")
    length = field.type.bounds.get("max_length")
    if length is not None:
        name = name[: max(0, length - digits - len(at) - len(domain))]
    return f"{name}{number:0{digits}}{at}{domain}"


def _alternatives(field: Field, text: str, place: int) -> str:
    """Return the characters like the one at a place of a text that the field accepts in its stead."""
    own, after = text[place], text[place + 1 :]
    like = next((characters for characters in _CHARACTERS if own in characters), own)
    accepted = (
        other for other in like if accept(field, f"{text[:place]}{other}{after}") is not None
    )
    return "".join(accepted) or own


def _counted(places: Sequence[str], number: int) -> str:
    """Return the number as a text with these characters for each of its digits, the last of which changes first."""
    found = []
    for characters in reversed(places):
        number, index = divmod(number, len(characters))
        found.append(characters[index])
    return "".join(reversed(found))
