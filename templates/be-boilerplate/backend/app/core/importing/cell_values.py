"""The values of cells: numbers, dates and choices as people write them, in the forms that request bodies have.

A text that is not understood stays as it is, so that the validation of the field rejects it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Decimal = Literal[".", ","]
DateOrder = Literal["dmy", "mdy", "ymd"]
Reader = Callable[[Any], Any]  # from a cell that is not empty

_TRUE = frozenset({"true", "yes", "y", "1", "x", "ya"})
_FALSE = frozenset({"false", "no", "n", "0", "-", "tidak"})
_SPACES = re.compile(r"(?<=\d)[\s\u00a0\u202f'’](?=\d)")  # between groups of digits, in any locale
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ].*(Z|[+-]\d\d(:?\d\d)?)", re.IGNORECASE)
_TIME = re.compile(
    r"[\s,T]+(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(\.\d{1,6})?)?(?:\s*([ap])\.?\s?m\.?)?$", re.IGNORECASE
)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d(?:[:.]\d\d)?)")
_FORMULA_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
_EXACT_DIGITS = 15  # that a spreadsheet keeps of a number
_PARTS = {"y": "year", "m": "month", "d": "day"}
_WIDTHS = {"y": 4, "m": 2, "d": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """How people write numbers and dates; times without an offset are those of `zone`."""

    decimal: Decimal = "."
    dates: DateOrder = "ymd"
    zone: dt.tzinfo = dt.UTC

    def number(self, cell: Any) -> Any:
        """Return a number: `1.250,5` becomes `1250.5`.

        A separator that cannot separate groups is the decimal one: `87,5` and `87.5` are the same number everywhere.
        """
        if not isinstance(cell, str):
            return plain_text(cell) if isinstance(cell, (int, float)) else cell
        plain = _SPACES.sub("", cell.strip().replace("\u2212", "-"))
        group = "." if self.decimal == "," else ","
        sign = plain[:1] if plain[:1] in ("+", "-") else ""
        whole, *fractions = plain[len(sign) :].split(self.decimal)
        if len(fractions) <= 1 and _is_grouped(whole, group):
            return ".".join([sign + whole.replace(group, ""), *fractions])
        number = plain.replace(",", ".", 1)
        return number if _PLAIN.fullmatch(number) else plain

    def date(self, cell: Any) -> Any:
        """Return a date: `31/01/2024` becomes `2024-01-31`. ISO 8601 dates are understood in every notation."""
        if isinstance(cell, dt.datetime):
            return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
        if not isinstance(cell, str):
            return cell.isoformat() if isinstance(cell, dt.date) else plain_text(cell)
        return self._date(cell) or cell

    def _date(self, text: str) -> str | None:
        order: str = "ymd" if _ISO_DATE.fullmatch(text.strip()) else self.dates
        numbers: Sequence[str] = re.findall(r"\d+", text)
        if len(numbers) == 1:
            numbers = _split(numbers[0], order)
        if len(numbers) != 3:
            return None
        parts = dict(zip((_PARTS[part] for part in order), numbers, strict=True))
        if len(parts["year"]) != 4:
            return None
        try:
            return dt.date(*(int(parts[name]) for name in ("year", "month", "day"))).isoformat()
        except ValueError:
            return None

    def local_moment(self, cell: Any) -> Any:
        """Return a date and time without an offset: `31/01/2024 8.05` becomes `2024-01-31T08:05`."""
        if isinstance(cell, dt.date):  # or a datetime
            return cell.isoformat()
        if not isinstance(cell, str):
            return plain_text(cell)
        found = _TIME.search(cell.strip())
        date = self._date(cell.strip()[: found.start()]) if found else self._date(cell)
        if date is None or found is None:
            return cell if date is None else f"{date}T00:00"
        hour, minute, second, fraction, period = found.groups()
        hours = int(hour)
        if period:
            hours = hours % 12 + (12 if period.lower() == "p" else 0)
        seconds = "" if second is None else f":{second}{fraction or ''}"
        return f"{date}T{hours:02}:{minute}{seconds}"

    def moment(self, cell: Any) -> Any:
        """Return a date and time with its offset."""
        if isinstance(cell, str) and _ISO_MOMENT.fullmatch(cell.strip()):
            return cell.strip()
        text = self.local_moment(cell)
        try:
            local = dt.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            return text
        return local.isoformat() if local.tzinfo else local.replace(tzinfo=self.zone).isoformat()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How cells are read: how numbers and dates are written, and the labels of choices by field."""

    notation: Notation
    choices: Mapping[str, Mapping[str, str]]


def _is_grouped(digits: str, group: str) -> bool:
    """Whether digits have no separators, or separators between groups of which the last has three digits."""
    first, *groups = digits.split(group)
    if not groups:
        return digits.isdecimal()
    inner = all(part.isdecimal() and len(part) in (2, 3) for part in groups[:-1])
    last = groups[-1].isdecimal() and len(groups[-1]) == 3
    return first.isdecimal() and len(first) <= 3 and inner and last


def _split(digits: str, order: str) -> Sequence[str]:
    """Split eight digits without separators into year, month and day."""
    if len(digits) != 8:
        return ()
    parts, end = [], 0
    for part in order:
        parts.append(digits[end : end + _WIDTHS[part]])
        end += _WIDTHS[part]
    return parts


def plain_text(cell: Any) -> str:
    """Return the text of a cell as a text field stores it.

    Raises ValueError for the error of a formula, and for a number that has lost digits: a spreadsheet keeps 15 of them.
    """
    if isinstance(cell, str):
        if cell in _FORMULA_ERRORS:
            raise ValueError("is the error of a formula")
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    if isinstance(cell, (int, float)):
        if abs(cell) >= 10**_EXACT_DIGITS:
            raise ValueError(
                f"is a number of which a spreadsheet keeps {_EXACT_DIGITS} digits: format its column as text"
            )
        return str(int(cell)) if cell == int(cell) else f"{cell:.{_EXACT_DIGITS}g}"
    return str(cell)


def boolean(cell: Any) -> Any:
    """Return a boolean for the words and marks that mean yes or no."""
    text = plain_text(cell).lower()
    if text in _TRUE:
        return True
    return False if text in _FALSE else text


def clock(cell: Any) -> Any:
    """Return a time with two digits for the hour: `7.05` becomes `07:05`."""
    text = plain_text(cell)
    found = _CLOCK.fullmatch(text)
    return f"{found[1]:0>2}:{found[2].replace('.', ':')}" if found else text


def structure(cell: Any) -> Any:
    """Return the JSON value of a text; raises ValueError where it is not JSON."""
    if not isinstance(cell, str):
        return cell if isinstance(cell, (bool, int, float)) else plain_text(cell)
    try:
        return json.loads(cell)
    except ValueError:
        raise ValueError("must be JSON") from None


def choice_reader(choices: Sequence[Any], labels: Mapping[str, str]) -> Reader:
    """Return a function that returns the choice of a text in any case, with any separators of words.

    `labels` are further texts, with the choices as texts.
    """
    exact = {str(choice): choice for choice in choices}
    by_text: Mapping[str, Any] = {
        **{letters_and_digits(text): choice for text, choice in exact.items()},
        **{letters_and_digits(text): exact.get(choice, choice) for text, choice in labels.items()},
    }

    def read(cell: Any) -> Any:
        text = plain_text(cell)
        return exact.get(text, by_text.get(letters_and_digits(text), text))

    return read


def list_reader(item: Reader) -> Reader:
    """Return a function that reads a JSON list, or items separated by semicolons or commas."""

    def read(cell: Any) -> Any:
        text = plain_text(cell)
        if text.startswith(("[", "{")):
            return structure(text)
        parts = text.split(";" if ";" in text else ",")
        return [item(part.strip()) for part in parts]

    return read


def letters_and_digits(text: str) -> str:
    """Return a text in the form in which titles and choices are compared: `Born on` and `born_on` are equal."""
    return "".join(character for character in text.casefold() if character.isalnum())
