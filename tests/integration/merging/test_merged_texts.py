"""The pairs of `test_pairs` as texts: rendered and merged in this process, so that many fit into a short time."""

from __future__ import annotations

import pytest

from runner.generation.merging.merged_text import merge
from tests.integration.faults.aftermath import times
from tests.integration.merging.formatters import unformatted
from tests.integration.merging.oracle import Outcome, judge
from tests.integration.merging.pairs import Rendered, draw_pair


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return Rendered()


@pytest.mark.parametrize("seed", times(24, 1000))
def test_the_texts_of_a_pair_are_merged(seed: int, rendered: Rendered) -> None:
    pair = draw_pair(100 + seed, rendered)  # other seeds than those of `test_pairs`
    fresh = rendered.fresh(pair.change)
    outcomes = []
    for edit in pair.edits:
        merged = merge(edit.path, edit.before, edit.after, fresh[edit.path])
        outcome = Outcome(
            path=edit.path,
            base=edit.before,
            edited=edit.after,
            fresh=fresh[edit.path],
            found=edit.after if merged.conflicts else merged.text(),
            rejected=fresh[edit.path] if merged.conflicts else None,
            named=merged.conflicts > 0,
            is_layout=edit.is_layout,
        )
        assert judge(outcome) == [], pair
        outcomes.append(outcome)
    assert unformatted(outcomes) == [], pair
