"""Files that are written beside an edited one: `FILE.rej` with what could not be merged, `FILE.orig` with the edits.

A file of the user's own by such a name, or a copy from an earlier conflict, is never overwritten: the next free of
`FILE.orig.1`, `FILE.orig.2`, … is taken.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from runner.generation.workspace.line_ends import with_lf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.generation.workspace.directory import Directory

REJECTED, ORIGINAL = ".rej", ".orig"  # suffixes
REJECTION_HEAD = "plan-runner could not merge this file.\n"


def is_rejection(data: bytes) -> bool:
    """Whether a file beside a generated one was written by the runner because of a conflict: it may be removed."""
    return with_lf(data).startswith(REJECTION_HEAD.encode())


def place_of(workspace: Directory, name: str, suffix: str, data: bytes) -> tuple[str, bool]:
    """Return where `data` belongs beside a file, and whether it is there already.

    Raises OSError as the file system reports it.
    """
    for place in _places(name, suffix):
        present = workspace.read(place)
        if present is None or present.data == data:
            return place, present is not None
        if suffix == REJECTED and is_rejection(present.data):
            return place, False
    raise AssertionError(name)  # there is always a next place


def remove_rejections(workspace: Directory, name: str) -> None:
    """Remove what the runner wrote beside a file that had a conflict. Raises OSError as the file system reports it."""
    for place in _places(name, REJECTED):
        present = workspace.read(place)
        if present is None:
            return
        if is_rejection(present.data):
            workspace.remove(place)
            return  # `place_of` never makes a second one


def _places(name: str, suffix: str) -> Iterator[str]:
    yield name + suffix
    yield from (f"{name}{suffix}.{number}" for number in count(1))
