"""Which generated file a developer edits, and how, drawn from a seed.

A template set is what one part of a team works on. In each there are files of a table and files that all tables share;
most edits are drawn in files that the change of the schema changes as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.integration.merging import prose_edits, python_edits, settings_edits, typescript_edits

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Mapping

SETS = {
    "backend": r"backend/app/\w+/(model|schemas|router)\.py|backend/app/(main|core/[a-z]\w+|core/access/[a-z]\w+)\.py",
    "backend tests": r"backend/tests/\w+/(case|test_\w+)\.py",
    "services": r"frontend/src/tables/\w+/\w+(\.test)?\.ts|frontend/src/core/api/[\w.-]+\.ts",
    "components": r"frontend/src/pages/\w+/(page|nav)\.tsx?|frontend/src/core/ui/[\w.-]+\.tsx?",
    "project files": r"(backend/)?(Makefile|\.env\.example|pyproject\.toml)|frontend/package\.json",
    "schema docs": r"docs/schema/(README|tables/\w+)\.md|(backend/app|frontend/src/tables)/\w+/README\.md",
}
ONCE = re.compile(r"/own/|/customize\.tsx$|/migrations/versions/")  # theirs by design: never merged
_EDITS: Mapping[str, Mapping[str, Callable[[str, random.Random], str | None]]] = {
    ".py": python_edits.EDITS,
    ".ts": typescript_edits.EDITS,
    ".tsx": typescript_edits.EDITS,
    ".md": prose_edits.EDITS,
    ".json": settings_edits.JSON,
    ".toml": settings_edits.TOML,
    ".example": settings_edits.ENVIRONMENT,
    "Makefile": settings_edits.MAKE,
}
_TWICE = 0.3  # of the edits: followed by another one of the same file
_SHARED_FILES = 0.15  # of the edits: in any file of the set; the others where the change of the schema has effect


@dataclass(frozen=True, kw_only=True)
class HandEdit:
    """What a developer made of a generated file."""

    kind: str
    path: str
    before: str
    after: str

    @property
    def is_layout(self) -> bool:
        """Whether it changes nothing but the layout."""
        return self.kind == "format otherwise"


def draw_edit(
    template_set: str, turn: int, files: Mapping[str, str], changing: Collection[str], chance: random.Random
) -> HandEdit:
    """Return an edit of one of the files of a set, given by path.

    `changing` are the paths that the change of the schema changes. Turns that follow each other give edits of each
    kind; where no file offers a place for the kind, the next kind is taken.
    """
    inside = sorted(path for path in files if re.fullmatch(SETS[template_set], path) and not ONCE.search(path))
    both = [path for path in inside if path in changing]
    if both and chance.random() >= _SHARED_FILES:
        inside = both
    chance.shuffle(inside)
    kinds = sorted({kind for path in inside for kind in edits_of(path)})
    for kind in kinds[turn % len(kinds) :] + kinds:
        for path in (path for path in inside if kind in edits_of(path)):
            after = edits_of(path)[kind](files[path], chance)
            if after is not None and after != files[path]:
                first = HandEdit(kind=kind, path=path, before=files[path], after=after)
                return _with_another(first, chance) if chance.random() < _TWICE else first
    raise AssertionError(f"no file of {template_set} can be edited")


def edit_file(path: str, text: str, chance: random.Random) -> HandEdit | None:
    """Return an edit of a file of any kind, or None where it offers no place for one."""
    kinds = sorted(edits_of(path)) if not ONCE.search(path) else []
    chance.shuffle(kinds)
    for kind in kinds:
        after = edits_of(path)[kind](text, chance)
        if after is not None and after != text:
            return HandEdit(kind=kind, path=path, before=text, after=after)
    return None


def set_of(path: str) -> str:
    """Return the template set of a file that can be edited."""
    return next((name for name, pattern in SETS.items() if re.fullmatch(pattern, path)), "other files")


def _with_another(first: HandEdit, chance: random.Random) -> HandEdit:
    second = edit_file(first.path, first.after, chance)
    if second is None or second.kind == first.kind:
        return first
    return replace(first, kind=f"{first.kind}, {second.kind}", after=second.after)


def edits_of(path: str) -> Mapping[str, Callable[[str, random.Random], str | None]]:
    """Return the edits of a file by kind."""
    name = PurePosixPath(path)
    return _EDITS.get(name.suffix or name.name, {})
