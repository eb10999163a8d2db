"""Where nothing was in conflict, the merged application works: its own tests pass, and its types are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.frontend_packages import packages
from tests.integration.backend import own_tests
from tests.integration.faults.aftermath import times
from tests.integration.frontend import node_tool
from tests.integration.merging.pairs import draw_everywhere, generate_again

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.merging.pairs import Undisturbed
    from tests.integration.merging.project import Project

AT_LEAST = 100  # tests of a backend of four tables


@pytest.mark.parametrize("seed", times(1, 20))
def test_a_merged_application_passes_its_tests_and_tsc(
    seed: int, generated: Project, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """What was in conflict is taken as generated, which is one of the answers that a person may give."""
    pair = draw_everywhere(1000 + seed, undisturbed)
    judged = generate_again(pair, generated, undisturbed, tmp_path / "project")
    workspace = judged.project.workspace
    for outcome in judged.outcomes:
        if outcome.is_conflict:
            (workspace / outcome.path).write_text(outcome.fresh, encoding="utf-8")
    assert own_tests(workspace / "backend") >= AT_LEAST
    frontend = workspace / "frontend"
    (frontend / "node_modules").symlink_to(packages())
    result = node_tool(frontend, "tsc", "--noEmit")
    assert result.returncode == 0, result.stdout + result.stderr
