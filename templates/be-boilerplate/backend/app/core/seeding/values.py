"""One plausible value for a column: by its name, else by its pattern, else by its type; always one it accepts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from faker import Faker
from pydantic import ValidationError
from rstr import Rstr

from app.core.seeding import plausible
from app.core.seeding.fields import Accepted, Field
from app.core.seeding.native import NATIVE

ANCHOR = dt.date(
    2026, 1, 1
)  # rows are of the two years before; never the clock's day, so that a seed says it all
_SPAN_DAYS = 730
_TRIES = 20  # proposals of each kind for one value
_LONGEST_WORD, _LONGEST_PHRASE = 24, 120  # characters of a column that holds a word or a phrase
_LETTERS = 3  # a column no longer than this holds a code
_GREATEST = Decimal(2**15 - 1)  # of a number whose type says no more


class NoValueError(Exception):
    """No value was found that a column accepts."""


class Values:
    """Makes values for the columns of one table. Everything comes from one stream of chance."""

    def __init__(self, locale: str, seed: str) -> None:
        self.fake = Faker(locale)
        self.fake.seed_instance(seed)
        self.random = self.fake.random
        self.locale = locale
        self.day = ANCHOR
        self._makers: dict[str, plausible.Text | None] = {}
        self._patterns = Rstr(self.random)

    def next_row(self) -> None:
        """Choose the day that the next row is about."""
        self.day = ANCHOR - dt.timedelta(days=self.random.randrange(120, _SPAN_DAYS))

    def is_empty(self, field: Field) -> bool:
        """Return whether a column that may be empty is empty this time."""
        often = plausible.chosen(plausible.EMPTY, field.name, plausible.OTHERWISE_EMPTY)
        return field.nullable and self.random.randrange(100) < often

    def value(self, field: Field) -> Any:
        """Return a value that a column accepts. Raises `NoValueError` where none of many proposals is."""
        for proposal in self._proposals(field):
            accepted = accept(field, proposal)
            if accepted is not None:
                return accepted
        raise NoValueError(f"{field.name} accepts none of the values that were tried")

    def _proposals(self, field: Field) -> Iterator[Any]:
        kind = field.accepted
        if kind.kind == "text":
            yield from self._texts(field)
            return
        for _ in range(_TRIES):
            yield self._typed(field, kind)

    # ------------------------------------------------------------------------------------------------------- text

    def _texts(self, field: Field) -> Iterator[str]:
        bounds = field.accepted.bounds
        if field.native:
            name = field.native.partition("(")[0]
            makers: dict[str, Callable[[], str]] = {
                "inet": self.fake.ipv4,
                "macaddr": self.fake.mac_address,
            }
            yield makers[name]() if name in makers else NATIVE.get(name, "1")
            return
        make = self._text_maker(field)
        longest = bounds.get("max_length")
        text = ""
        for _ in range(_TRIES if make else 0):
            text = make(self.fake) if make else ""
            if longest is None or len(text) <= longest:
                yield text
                yield re.sub(r"[^\w+]", "", text)  # a telephone number without its dashes
        if bounds.get("pattern"):
            for _ in range(_TRIES):
                yield self._patterns.xeger(bounds["pattern"])
        for _ in range(_TRIES):
            text = self._plain_text(longest, bounds.get("min_length") or 0)
            yield text
        yield text[:longest]

    def _text_maker(self, field: Field) -> plausible.Text | None:
        """Return what makes texts for a column of this name, or of this comment; looked up once."""
        if field.name not in self._makers:
            nothing: plausible.Text | None = None
            found = plausible.chosen(plausible.TEXTS, field.name, nothing)
            commented = f"{field.name.partition('.')[0]}.{field.comment}"
            self._makers[field.name] = found or plausible.chosen(
                plausible.TEXTS, commented, nothing
            )
        return self._makers[field.name]

    def _plain_text(self, longest: int | None, shortest: int) -> str:
        if longest is not None and longest <= _LETTERS:
            return self.fake.lexify("?" * longest).upper()
        if longest is not None and longest <= _LONGEST_WORD:
            return self.fake.word()[:longest].ljust(shortest, "x")
        if longest is not None and longest <= _LONGEST_PHRASE:
            return self.fake.sentence(nb_words=3).rstrip(".")[:longest].ljust(shortest, "x")
        return self.fake.sentence(nb_words=10).ljust(shortest, "x")

    # ------------------------------------------------------------------------------------------------ other types

    def _typed(self, field: Field, kind: Accepted) -> Any:
        if kind.kind == "array":
            return self._items(field, kind.item or Accepted())
        if kind.kind == "text" and (make := self._text_maker(field)):
            return make(self.fake)
        makers: dict[str, Callable[[], Any]] = {
            "choice": lambda: self.random.choice(kind.choices),
            "text": lambda: self._plain_text(kind.bounds.get("max_length") or _LONGEST_WORD, 0),
            "boolean": lambda: self.random.random() < 0.7,
            "integer": lambda: self._number(field, kind, places=0),
            "decimal": lambda: self._number(
                field, kind, places=kind.bounds.get("decimal_places", 2)
            ),
            "number": lambda: float(self._number(field, kind, places=2)),
            "bytes": lambda: self.random.randbytes(kind.bounds.get("max_length") or 12),
            "date": lambda: self._day(field),
            "time": lambda: self._time(field),
            "moment": lambda: self._moment(field).replace(tzinfo=dt.UTC),
            "local_moment": lambda: self._moment(field),
            "interval": lambda: dt.timedelta(minutes=5 * self.random.randrange(1, 48)),
            "uuid": lambda: UUID(int=self.random.getrandbits(128), version=4),
            "json": lambda: {self.fake.word(): self.fake.word()},
        }
        return makers[kind.kind]()

    def _items(self, field: Field, item: Accepted) -> list[Any]:
        number = self.random.randint(1, 3)
        if item.choices:
            chosen: list[Any] = self.random.sample(
                list(item.choices), min(number, len(item.choices))
            )
            return chosen
        return [self._typed(field, item) for _ in range(number)]

    def _number(self, field: Field, kind: Accepted, *, places: int) -> int | Decimal:
        low, high = self._range(field, kind)
        steps = 10**places
        number = Decimal(self.random.randint(int(low * steps), int(high * steps))) / steps
        return round(number, places) if places else int(number)

    def _range(self, field: Field, kind: Accepted) -> tuple[Decimal, Decimal]:
        """Return the plausible range of a number as far as it is allowed, else the allowed one."""
        bounds = kind.bounds
        places = bounds.get("decimal_places", 0)
        step = Decimal(1) / 10 ** (places if kind.kind == "decimal" else 0)
        digits = (
            [Decimal(10 ** (bounds["max_digits"] - places)) - step]
            if "max_digits" in bounds
            else []
        )
        least = max([*_bound(bounds, "ge", 0), *_bound(bounds, "gt", step)], default=Decimal(0))
        greatest = min(
            [*_bound(bounds, "le", 0), *_bound(bounds, "lt", -step), *digits], default=_GREATEST
        )
        low, high = map(Decimal, self._plausible_range(field, kind))
        if low > greatest or high < least:
            return least, greatest
        return max(low, least), min(high, greatest)

    def _plausible_range(self, field: Field, kind: Accepted) -> tuple[int, int]:
        if kind.kind == "decimal" and plausible.is_named(plausible.MONEY, field.name):
            unit = plausible.MONEY_UNITS.get(self.locale, 1)
            low, high = plausible.MONEY_RANGE
            return low * unit, high * unit
        return plausible.chosen(plausible.NUMBERS, field.name, plausible.OTHER_NUMBERS)

    def _day(self, field: Field) -> dt.date:
        return self.day + dt.timedelta(
            days=self._within(plausible.MOMENTS, field, plausible.OTHER_MOMENTS)
        )

    def _time(self, field: Field) -> dt.time:
        hour = self._within(plausible.TIMES, field, plausible.OTHER_TIMES)
        return dt.time(hour, 5 * self.random.randrange(12))

    def _moment(self, field: Field) -> dt.datetime:
        return dt.datetime.combine(self._day(field), self._time(field))

    def _within(
        self,
        table: tuple[tuple[str, tuple[int, int]], ...],
        field: Field,
        otherwise: tuple[int, int],
    ) -> int:
        low, high = plausible.chosen(table, field.name, otherwise)
        return int(self.random.randint(low, high))


def accept(field: Field, proposal: Any) -> Any:
    """Return a proposal as the column takes it, or None where it does not."""
    longest = field.accepted.bounds.get("max_length")
    if isinstance(proposal, str) and longest is not None and len(proposal) > longest:
        return None
    try:
        return field.adapter.validate_python(proposal)
    except ValidationError:
        return None


def _bound(bounds: dict[str, Any], name: str, shift: Decimal | int) -> list[Decimal]:
    return [Decimal(bounds[name]) + shift] if name in bounds else []
