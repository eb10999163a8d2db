"""Edits by hand and a changed schema, generated again: every word of both is there, or the file is named in conflict.

A seed is a change of the schema and an edit in each template set. `make merges` runs 200.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.faults.aftermath import times
from tests.integration.merging.pairs import draw_everywhere, draw_pair, generate_again

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.merging.pairs import Undisturbed
    from tests.integration.merging.project import Project


@pytest.mark.parametrize("seed", times(6, 200))
def test_nothing_of_the_user_and_nothing_new_is_lost(
    seed: int, generated: Project, undisturbed: Undisturbed, tmp_path: Path, record_property
) -> None:
    pair = draw_pair(seed, undisturbed)
    judged = generate_again(pair, generated, undisturbed, tmp_path / "project")
    record_property("merges", judged.counted())
    assert judged.problems == [], f"{pair}\n{judged.result.stdout}"


@pytest.mark.parametrize("seed", times(1, 20))
def test_every_file_that_changes_may_be_edited(
    seed: int, generated: Project, undisturbed: Undisturbed, tmp_path: Path, record_property
) -> None:
    pair = draw_everywhere(seed, undisturbed)
    judged = generate_again(pair, generated, undisturbed, tmp_path / "project")
    record_property("merges", judged.counted())
    assert judged.problems == [], judged.result.stdout
