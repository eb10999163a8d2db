"""The edits are such as a developer makes: valid code, and different from what was generated."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.integration.merging import hand_edits, python_edits
from tests.integration.merging.hand_edits import ONCE, SETS, draw_edit, edits_of
from tests.integration.merging.word_counts import words_of

if TYPE_CHECKING:
    from tests.integration.merging.pairs import Undisturbed


def test_every_kind_of_edit_is_drawn_in_every_set(undisturbed: Undisturbed) -> None:
    for name in SETS:
        drawn = [draw_edit(name, seed, undisturbed.base, (), random.Random(seed)) for seed in range(12)]
        possible = {kind for edit in drawn for kind in hand_edits.edits_of(edit.path)}
        if name in {"backend", "components"}:
            possible -= {"delete a test"}  # few of their files are tests, or none
        assert possible <= {kind for edit in drawn for kind in edit.kind.split(", ")}, name
        assert all(edit.before != edit.after for edit in drawn)
        assert not any(ONCE.search(edit.path) for edit in drawn)


def test_a_seed_gives_the_same_edit_again(undisturbed: Undisturbed) -> None:
    first, again = (draw_edit("backend", 5, undisturbed.base, (), random.Random(5)) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("kind", sorted(python_edits.EDITS))
def test_edited_python_is_valid(kind: str, undisturbed: Undisturbed) -> None:
    """Checked in four files of each kind that offer a place; ruff reports nothing that it did not report before."""
    chance, seen = random.Random(kind), 0
    for path in chance.sample(sorted(path for path in undisturbed.base if path.endswith(".py")), 60):
        before = undisturbed.base[path]
        after = edits_of(path)[kind](before, chance) if "/versions/" not in path and before.strip() else None
        if after is not None and after != before:
            assert python_edits.problems(after) == python_edits.problems(before), f"{path}\n{after}"
            seen += 1
            if seen == 4:
                break
    assert seen


def test_another_layout_has_the_same_words(undisturbed: Undisturbed) -> None:
    path = "backend/app/students/schemas.py"
    edited = python_edits.reformat(undisturbed.base[path], random.Random(1))
    assert edited is not None
    assert edited != undisturbed.base[path]
    assert words_of(path, edited) == words_of(path, undisturbed.base[path])
