"""Text that a regular expression accepts, with a number in it, so that every row of a test has another.

Reads the subset of patterns that schemas use: literals, classes, groups (the first branch is taken) and counts. The
caller tests the text against the pattern.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace

from runner.generation.model.series import Counter

_COUNTER_WIDTH = 6  # digits of a run of any length
_FEWEST_DIGITS = 3  # that distinguish the rows of one test
_DIGITS = frozenset(string.digits)
_ALL = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_ ./@"
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_ESCAPES = {
    **_CLASSES,
    **{name.upper(): "".join(one for one in _ALL if one not in letters) for name, letters in _CLASSES.items()},
    "n": "\n",
    "r": "\r",
    "t": "\t",
}


@dataclass(frozen=True, slots=True)
class _Run:
    """`fewest` to `most` characters out of `letters`; `most` is None for any number."""

    letters: str
    fewest: int
    most: int | None


class _PatternReader:
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
                self._skip_branch()
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

    def _skip_branch(self) -> None:
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


def numbered(pattern: str, max_length: int | None = None, min_length: int = 0) -> Counter | str | None:
    """Return text that a pattern accepts: a counter of rows, a constant if it has no number, None if none is found.

    `max_length` and `min_length` bound the text, in characters.
    """
    try:
        runs = _lengthened(_PatternReader(pattern).sequence(), min_length)
    except (IndexError, ValueError):
        return None
    spare = None if max_length is None else max_length - sum(run.fewest for run in runs)
    place = _counter(runs, spare)
    texts = [_plainest(run.letters) * run.fewest for run in runs]
    if place is None:
        return "".join(texts)
    before, after = "".join(texts[:place]), "".join(texts[place + 1 :])
    return Counter(is_text=True, width=_width(runs[place], spare), before=before, after=after)


def _lengthened(runs: list[_Run], length: int) -> list[_Run]:
    """Return the runs with so many more characters of the first ones that the text has a length, as far as it can."""
    found: list[_Run] = []
    lacking = length - sum(run.fewest for run in runs)
    for run in runs:
        added = max(0, lacking if run.most is None else min(lacking, run.most - run.fewest))
        found.append(replace(run, fewest=run.fewest + added))
        lacking -= added
    return found


def _counter(runs: list[_Run], spare: int | None) -> int | None:
    """Return the place of the run that can hold a number: the widest of those that accept every digit."""
    able = [place for place, run in enumerate(runs) if _DIGITS.issubset(run.letters)]
    best = max(able, key=lambda place: (_width(runs[place], spare), -place), default=None)
    return best if best is not None and _width(runs[best], spare) >= _FEWEST_DIGITS else None


def _width(run: _Run, spare: int | None) -> int:
    wanted = max(run.fewest, _COUNTER_WIDTH)
    most = wanted if run.most is None else min(run.most, wanted)
    return most if spare is None else min(most, run.fewest + max(spare, 0))


def _plainest(letters: str) -> str:
    """Return the plainest character of a set."""
    for wanted in ("a", "A", "1", "0"):
        if wanted in letters:
            return wanted
    return letters[:1]
