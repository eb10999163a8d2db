"""Generation of plausible values that a column accepts: by its name, else by its pattern, else by its type."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from faker import Faker
from pydantic import ValidationError
from rstr import Rstr

from app.core.seeding import plausible
from app.core.seeding.fields import Field, ValueType
from app.core.seeding.native import NATIVE

# Dates lie in the two years before this day. It is constant, so that rows depend only on the seed.
END_DATE = dt.date(2026, 1, 1)
_SPAN_DAYS = 730
_MAX_PROPOSALS = 20  # of each kind for one value
_MAX_WORD, _MAX_PHRASE = 24, 120  # length in characters of columns that hold a word or a phrase
_MAX_CODE = 3  # length in characters of columns that hold a code
_MAX_NUMBER = Decimal(2**15 - 1)  # where the type has no bound
_MAX_FLOAT_PLACES = 15
_MAX_PLACES = 6  # after the point, of a number in a wide range


class NoValueError(Exception):
    """No value was found that a column accepts."""


class Values:
    """Generates values for the columns of one table, from a single seeded random generator."""

    def __init__(self, locale: str, seed: str) -> None:
        self.fake = Faker(locale)
        self.fake.seed_instance(seed)
        self.random = self.fake.random
        self.locale = locale
        self.day = END_DATE
        self._makers: dict[str, plausible.Text | None] = {}
        self._patterns = Rstr(self.random)

    def next_row(self) -> None:
        """Choose the reference date of the next row."""
        self.day = END_DATE - dt.timedelta(days=self.random.randrange(120, _SPAN_DAYS))

    def is_empty(self, field: Field) -> bool:
        """Decide at random whether a nullable column is empty in this row."""
        percent = plausible.lookup(
            plausible.EMPTY_PERCENT, field.name, plausible.DEFAULT_EMPTY_PERCENT
        )
        return field.nullable and self.random.randrange(100) < percent

    def value(self, field: Field) -> Any:
        """Return a value that a column accepts. Raises `NoValueError` if it accepts none of the proposals."""
        for proposal in self._proposals(field):
            accepted = accept(field, proposal)
            if accepted is not None:
                return accepted
        raise NoValueError(f"{field.name} accepts none of the values that were tried")

    def matching(self, pattern: str) -> str:
        """Return a text that a regular expression matches, or the expression itself where it is none for Python."""
        try:
            return self._patterns.xeger(pattern)
        except re.error:
            return pattern

    def _proposals(self, field: Field) -> Iterator[Any]:
        if field.type.kind == "text":
            yield from self._texts(field)
            return
        for _ in range(_MAX_PROPOSALS):
            yield self._typed(field, field.type)

    # ------------------------------------------------------------------------------------------------------- text

    def _texts(self, field: Field) -> Iterator[str]:
        bounds = field.type.bounds
        if field.native:
            name, _, size = field.native.rstrip(")").partition("(")
            makers: dict[str, Callable[[], str]] = {
                "bit": lambda: "".join(self.random.choices("01", k=int(size or 1))),
                "inet": self.fake.ipv4,
                "macaddr": self.fake.mac_address,
            }
            yield makers[name]() if name in makers else NATIVE.get(name, "1")
            return
        make = self._text_maker(field)
        max_length = bounds.get("max_length")
        text = ""
        for _ in range(_MAX_PROPOSALS if make else 0):
            text = make(self.fake) if make else ""
            if max_length is None or len(text) <= max_length:
                yield text
                yield re.sub(r"[^\w+]", "", text)  # such as a phone number without dashes
        if bounds.get("pattern"):
            for _ in range(_MAX_PROPOSALS):
                yield self.matching(bounds["pattern"])
        for _ in range(_MAX_PROPOSALS):
            text = self._plain_text(max_length, bounds.get("min_length") or 0)
            yield text
        yield text[:max_length]

    def _text_maker(self, field: Field) -> plausible.Text | None:
        """Return the text generator for the name of a column, or for its comment; None where there is none."""
        if field.name not in self._makers:
            default: plausible.Text | None = None
            by_name = plausible.lookup(plausible.TEXTS, field.name, default)
            comment = f"{field.name.partition('.')[0]}.{field.comment}"
            by_comment = plausible.lookup(plausible.TEXTS, comment, default)
            self._makers[field.name] = by_name or by_comment
        return self._makers[field.name]

    def _plain_text(self, max_length: int | None, min_length: int) -> str:
        if max_length is not None and max_length <= _MAX_CODE:
            return self.fake.lexify("?" * max_length).upper()
        if max_length is not None and max_length <= _MAX_WORD:
            return self.fake.word()[:max_length].ljust(min_length, "x")
        if max_length is not None and max_length <= _MAX_PHRASE:
            return self.fake.sentence(nb_words=3).rstrip(".")[:max_length].ljust(min_length, "x")
        return self.fake.sentence(nb_words=10).ljust(min_length, "x")

    # ------------------------------------------------------------------------------------------------ other types

    def _typed(self, field: Field, kind: ValueType) -> Any:
        if kind.kind == "array":
            return self._items(field, kind.item or ValueType())
        if kind.kind == "text" and (make := self._text_maker(field)):
            return make(self.fake)
        makers: dict[str, Callable[[], Any]] = {
            "choice": lambda: self.random.choice(kind.choices),
            "text": lambda: self._plain_text(kind.bounds.get("max_length") or _MAX_WORD, 0),
            "boolean": lambda: self.random.random() < 0.7,
            "integer": lambda: self._number(field, kind, places=0),
            "decimal": lambda: self._number(
                field, kind, places=kind.bounds.get("decimal_places", 2)
            ),
            "number": lambda: float(self._number(field, kind, places=_float_places(kind.bounds))),
            "bytes": lambda: self.random.randbytes(min(kind.bounds.get("max_length") or 12, 16)),
            "date": lambda: self._day(field),
            "time": lambda: self._time(field),
            "timestamp": lambda: self._timestamp(field).replace(tzinfo=dt.UTC),
            "local_timestamp": lambda: self._timestamp(field),
            "interval": lambda: dt.timedelta(minutes=5 * self.random.randrange(1, 48)),
            "uuid": lambda: UUID(int=self.random.getrandbits(128), version=4),
            "json": lambda: {self.fake.word(): self.fake.word()},
        }
        return makers[kind.kind]()

    def _items(self, field: Field, item: ValueType) -> list[Any]:
        number = self.random.randint(1, 3)
        if item.choices:
            chosen: list[Any] = self.random.sample(
                list(item.choices), min(number, len(item.choices))
            )
            return chosen
        return [self._typed(field, item) for _ in range(number)]

    def _number(self, field: Field, kind: ValueType, *, places: int) -> int | Decimal:
        low, high = self._range(field, kind)
        if high - low > 1:
            places = min(places, _MAX_PLACES)
        steps = Decimal(1).scaleb(places)
        first, last = math.ceil(low * steps), math.floor(high * steps)
        number = self.random.randint(min(first, last), last)
        return Decimal(f"{number}E{-places}") if places else number

    def _range(self, field: Field, kind: ValueType) -> tuple[Decimal, Decimal]:
        """Return the plausible range of a number, limited to what the column accepts."""
        bounds = kind.bounds
        places = bounds.get("decimal_places", 0)
        step_places = {"decimal": places, "number": _float_places(bounds)}.get(kind.kind, 0)
        step = Decimal(1).scaleb(-step_places)
        digits = (
            [Decimal(1).scaleb(bounds["max_digits"] - places) - step]
            if "max_digits" in bounds
            else []
        )
        lowest = max([*_bound(bounds, "ge", 0), *_bound(bounds, "gt", step)], default=Decimal(0))
        highest = min(
            [*_bound(bounds, "le", 0), *_bound(bounds, "lt", -step), *digits], default=_MAX_NUMBER
        )
        low, high = map(Decimal, self._plausible_range(field, kind))
        if low > highest or high < lowest:
            return lowest, highest
        return max(low, lowest), min(high, highest)

    def _plausible_range(self, field: Field, kind: ValueType) -> tuple[int, int]:
        if kind.kind == "decimal" and plausible.has_word(plausible.MONEY, field.name):
            unit = plausible.MONEY_UNITS.get(self.locale, 1)
            low, high = plausible.MONEY_RANGE
            return low * unit, high * unit
        return plausible.lookup(plausible.NUMBERS, field.name, plausible.DEFAULT_NUMBERS)

    def _day(self, field: Field) -> dt.date:
        days = self._within(plausible.DATE_OFFSETS, field, plausible.DEFAULT_DATE_OFFSETS)
        return self.day + dt.timedelta(days=days)

    def _time(self, field: Field) -> dt.time:
        hour = self._within(plausible.HOURS, field, plausible.DEFAULT_HOURS)
        return dt.time(hour, 5 * self.random.randrange(12))

    def _timestamp(self, field: Field) -> dt.datetime:
        return dt.datetime.combine(self._day(field), self._time(field))

    def _within(
        self,
        table: tuple[tuple[str, tuple[int, int]], ...],
        field: Field,
        default: tuple[int, int],
    ) -> int:
        low, high = plausible.lookup(table, field.name, default)
        return int(self.random.randint(low, high))


def accept(field: Field, proposal: Any) -> Any:
    """Return a proposal as validated by the column's type, or None if it is rejected."""
    max_length = field.type.bounds.get("max_length")
    if isinstance(proposal, str) and max_length is not None and len(proposal) > max_length:
        return None
    try:
        return field.adapter.validate_python(proposal)
    except ValidationError:
        return None


def _bound(bounds: dict[str, Any], name: str, shift: Decimal | int) -> list[Decimal]:
    return [Decimal(str(bounds[name])) + shift] if name in bounds else []


def _float_places(bounds: dict[str, Any]) -> int:
    """Return the digits after the point of a float: two more than its bounds have."""
    given = [Decimal(str(bounds[name])) for name in ("ge", "gt", "le", "lt") if name in bounds]
    digits = [-int(bound.as_tuple().exponent) for bound in given]
    return min(max([2, *(count + 2 for count in digits if count > 0)]), _MAX_FLOAT_PLACES)
