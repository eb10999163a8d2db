"""Text that a regular expression accepts, numbered, so that every call of a test gives another.

Reads the subset of patterns that schemas use: literals, classes, groups (the first branch is taken) and counts. What
it makes is tried against the pattern by the caller.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

_COUNTER_WIDTH = 6  # of a run that may be as long as it likes
_FEWEST_DIGITS = 3  # of a run that can tell rows of one test apart
_DIGITS = frozenset(string.digits)
_ESCAPES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_ALL = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_ ./@"


@dataclass(frozen=True, slots=True)
class _Run:
    """So many characters out of a set."""

    letters: str
    fewest: int
    most: int | None


class _Reader:
    """Reads a pattern into runs, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def sequence(self) -> list[_Run]:
        runs: list[_Run] = []
        while self.position < len(self.pattern):
            mark = self.pattern[self.position]
            if mark == ")":
                break
            if mark == "|":
                self._pass_over_branch()
                break
            self.position += 1
            if mark in "^$":
                continue
            made = self._group() if mark == "(" else [_Run(self._letters(mark), 1, 1)]
            runs.extend(self._counted(made))
        return runs

    def _group(self) -> list[_Run]:
        if self.pattern.startswith("?:", self.position):
            self.position += 2
        inner = self.sequence()
        self.position += 1  # the closing bracket
        return inner

    def _pass_over_branch(self) -> None:
        depth = 0
        while self.position < len(self.pattern):
            mark = self.pattern[self.position]
            if mark == "\\":
                self.position += 1
            depth += (mark == "(") - (mark == ")")
            if depth < 0:
                return
            self.position += 1

    def _letters(self, mark: str) -> str:
        if mark == "[":
            return self._class()
        if mark == "\\":
            self.position += 1
            escaped = self.pattern[self.position - 1]
            return _ESCAPES.get(escaped, escaped)
        return _ALL if mark == "." else mark

    def _class(self) -> str:
        negated = self.pattern.startswith("^", self.position)
        self.position += negated
        found = ""
        while self.pattern[self.position] != "]" or not found:
            mark = self.pattern[self.position]
            self.position += 1
            if mark == "\\":
                found += self._letters("\\")
            elif self.pattern.startswith("-", self.position) and self.pattern[self.position + 1] != "]":
                last = self.pattern[self.position + 1]
                found += "".join(map(chr, range(ord(mark), min(ord(last), 0x17F) + 1)))
                self.position += 2
            else:
                found += mark
        self.position += 1
        return "".join(letter for letter in _ALL if letter not in found) if negated else found

    def _counted(self, runs: list[_Run]) -> list[_Run]:
        rest = self.pattern[self.position :]
        fewest, most, width = 1, 1, 0
        if rest[:1] in ("?", "*", "+"):
            fewest, most, width = (1 if rest[0] == "+" else 0), (1 if rest[0] == "?" else -1), 1
        elif rest[:1] == "{" and "}" in rest:
            low, comma, high = rest[1 : rest.index("}")].partition(",")
            fewest = int(low or 0)
            most = int(high) if high else (-1 if comma else fewest)
            width = rest.index("}") + 1
        self.position += width
        if len(runs) == 1:
            return [_Run(runs[0].letters, fewest, None if most < 0 else most)]
        return runs * fewest


def numbered(pattern: str, max_length: int | None = None) -> str | None:
    """Return a format for `str.format(n=…)` whose results the pattern accepts, or None where that is beyond reach."""
    try:
        runs = _Reader(pattern).sequence()
    except (IndexError, ValueError):
        return None
    room = None if max_length is None else max_length - sum(run.fewest for run in runs)
    counter = _counter(runs, room)
    pieces = []
    for place, run in enumerate(runs):
        if place == counter:
            pieces.append(f"{{n:0{_width(run, room)}d}}")
        else:
            pieces.append((_favourite(run.letters) * run.fewest).replace("{", "{{").replace("}", "}}"))
    return "".join(pieces)


def _counter(runs: list[_Run], room: int | None) -> int | None:
    """Return which run can hold a number: the widest of those that take every digit."""
    able = [place for place, run in enumerate(runs) if _DIGITS.issubset(run.letters)]
    best = max(able, key=lambda place: (_width(runs[place], room), -place), default=None)
    return best if best is not None and _width(runs[best], room) >= _FEWEST_DIGITS else None


def _width(run: _Run, room: int | None) -> int:
    wished = max(run.fewest, _COUNTER_WIDTH)
    most = wished if run.most is None else min(run.most, wished)
    return most if room is None else min(most, run.fewest + max(room, 0))


def _favourite(letters: str) -> str:
    """Return the plainest character of a set."""
    for wished in ("a", "A", "1", "0"):
        if wished in letters:
            return wished
    return letters[:1]
