"""Regular expressions of PostgreSQL that Python, Pydantic's engine (Rust's `regex`) and JSON Schema all accept.

Rust compiles a pattern to an automaton of bounded size and refuses one that exceeds it when the application starts, so
its size is estimated here. What is not portable is left to the database.
"""

from __future__ import annotations

import re

_POSTGRESQL_ONLY = re.compile(r"\\[^dswDSWnrt.\\/+*?()\[\]{}|^$-]|\(\?|\[\[|\*\*\*")
_CLASSES = {"[:digit:]": "0-9", "[:alpha:]": "A-Za-z", "[:alnum:]": "A-Za-z0-9", "[:upper:]": "A-Z",
            "[:lower:]": "a-z", "[:space:]": r"\s"}  # fmt: skip

_PIECE = re.compile(
    r"(?s:\{(?P<least>\d{1,6})(?:(?P<comma>,)(?P<most>\d{0,6}))?\}|(?P<open>\()|(?P<close>\))|(?P<repeated>[*+?])"
    r"|(?P<atom>\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|.))"
)
_CLASS = re.compile(r"(?s)(\[\^?)([^\]^-].*)\]")  # in front of whose members others can be written
_MEMBER = re.compile(r"(?s)\\.|(.)(?:-([^\\]))?")
_IN_CLASS_ONLY_RUST = re.compile(r"(?<!\\)\[|&&|--|~~")  # sets within sets, and operations on sets
_ANY = r"[\s\S]"  # what PostgreSQL's dot is; that of the others does not match a line feed
# Bytes of a compiled character class, measured; `\w` has hundreds of ranges in Unicode.
_COSTS = (
    (_ANY, 1_050), (r"\w", 51_000), (r"\W", 51_000), (r"\D", 13_000), (r"\d", 5_200), (r"\S", 2_000), ("[^", 2_000),
    (r"\s", 750), (".", 1_050),
)  # fmt: skip
_COST = 170  # of any other
_MOST_BYTES = 8_000_000  # Rust's bound is 10 MiB
_MOST_DEPTH = 100  # of groups; Rust's bound is 250


def portable_pattern(pattern: str, *, any_case: bool = False) -> str | None:
    """Return a pattern of PostgreSQL that means the same in Python, Rust and JSON Schema, None where there is none.

    `any_case` is whether the pattern is matched without regard to case.
    """
    found = python_pattern(pattern, any_case=any_case)
    return None if found is None or (_compiled_size(found) or 0) > _MOST_BYTES else found


def python_pattern(pattern: str, *, any_case: bool = False) -> str | None:
    """Return a pattern of PostgreSQL that means the same in Python and, if it is not too large, in Rust; or None."""
    for name, letters in _CLASSES.items():
        pattern = pattern.replace(name, letters)
    if _POSTGRESQL_ONLY.search(pattern) or _compiled_size(pattern) is None:
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    pattern = "".join(_ANY if found["atom"] == "." else found[0] for found in _PIECE.finditer(pattern))
    return _in_any_case(pattern) if any_case else pattern


def ends_in_no_blank(pattern: str) -> bool:
    """Whether a text that a pattern matches, unless it is empty, certainly ends in something else than a space."""
    pieces = list(_PIECE.finditer(pattern))
    if not pieces or pieces[-1]["atom"] != "$" or any(piece["atom"] == "|" for piece in pieces):
        return False
    is_optional = False
    for piece in reversed(pieces[:-1]):
        atom = piece["atom"]
        if atom == "^":
            return True
        if atom is not None:
            if re.fullmatch(atom, " "):
                return False
            if not is_optional:
                return True
        elif piece["open"] or piece["close"]:
            return False
        is_optional = atom is None and (piece["repeated"] in ("*", "?") or piece["least"] == "0")
    return False


def _in_any_case(pattern: str) -> str | None:
    """Return a pattern that names each letter in both cases; None where letters other than ASCII's have cases."""
    if pattern.lower() != pattern.upper() and not pattern.isascii():
        return None
    pieces: list[str] = []
    for found in _PIECE.finditer(pattern):
        piece = found[0]
        if found["atom"] and piece[0] == "[":
            letters = _CLASS.fullmatch(piece)
            if letters is None:
                return None
            piece = f"{letters[1]}{_other_cases(letters[2])}{letters[2]}]"
        elif found["atom"] and piece != piece.swapcase() and len(piece) == 1:
            piece = f"[{piece}{piece.swapcase()}]"
        pieces.append(piece)
    return "".join(pieces)


def _other_cases(letters: str) -> str:
    """Return the ASCII letters that the members of a character class lack in the other case, as ranges and letters."""
    parts = (found.groups() for found in _MEMBER.finditer(letters))
    held = {chr(code) for first, last in parts if first for code in range(ord(first), ord(last or first) + 1)}
    lacking = sorted(letter.swapcase() for letter in held if letter.isascii() and letter.isalpha())
    runs: list[str] = []
    for letter in lacking:
        if letter in held:
            continue
        if runs and ord(runs[-1][-1]) + 1 == ord(letter):
            runs[-1] = runs[-1][0] + letter
        else:
            runs.append(letter)
    return "".join("-".join(dict.fromkeys(run)) for run in runs)


def _compiled_size(pattern: str) -> int | None:
    """Return about how many bytes Rust needs for a pattern; None for one that it has no such syntax for."""
    groups: list[list[int]] = [[]]  # the sizes of the pieces of each group that is open
    for found in _PIECE.finditer(pattern):
        pieces, atom = groups[-1], found["atom"]
        if found["open"]:
            groups.append([])
        elif found["close"]:
            if len(groups) == 1:
                return None
            groups[-2].append(sum(groups.pop()) + _COST)
        elif atom is None:
            if not pieces:
                return None
            pieces[-1] *= _repetitions(found)
        elif atom == "{" or (atom[0] == "[" and (len(atom) == 1 or _IN_CLASS_ONLY_RUST.search(atom, 1))):
            return None
        else:
            pieces.append(next((cost for mark, cost in _COSTS if mark in atom), _COST))
        if len(groups) > _MOST_DEPTH:
            return None
    return sum(groups[0]) if len(groups) == 1 else None


def _repetitions(found: re.Match[str]) -> int:
    if found["repeated"]:
        return 1
    if found["comma"] and not found["most"]:
        return int(found["least"]) + 1
    return max(int(found["most"] or found["least"]), 1)
