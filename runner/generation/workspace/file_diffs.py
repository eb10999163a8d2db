"""The difference between a file and what would be generated, as unified diffs, for `--check --diff`. Pure."""

from __future__ import annotations

import difflib

MOST_LINES = 400  # of one file's diff
_NULL = "/dev/null"


def unified_diff(path: str, before: bytes | None, after: bytes) -> str:
    """Return the diff that would turn the present file, None for none, into the generated one.

    It has at most `MOST_LINES` lines, then a line that counts the others. A file that is not text is only named.
    """
    old, new = _lines(before or b""), _lines(after)
    first, second = f"a/{path}" if before is not None else _NULL, f"b/{path}"
    if old is None or new is None:
        return f"Binary files {first} and {second} differ\n"
    lines = list(difflib.unified_diff(old, new, first, second, lineterm=""))
    left = len(lines) - MOST_LINES
    if left > 0:
        lines[MOST_LINES:] = [f"({left:,} more lines)"]
    return "".join(f"{line}\n" for line in lines)


def _lines(data: bytes) -> list[str] | None:
    """Return the lines of a text, with a line that says so where the last one does not end; None for other data."""
    if b"\0" in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    if lines[-1]:
        return [*lines, "\\ No newline at end of file"]
    return [line.removesuffix("\r") for line in lines[:-1]]
