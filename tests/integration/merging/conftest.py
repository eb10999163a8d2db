"""The project that all pairs start from, and what each schema generates where nothing was edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.merging.pairs import Undisturbed
from tests.integration.merging.project import make_project
from tests.integration.merging.schema_changes import SCHOOL

if TYPE_CHECKING:
    from tests.integration.merging.project import Project


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the school's project after its first run. Tests copy it."""
    project = make_project(tmp_path_factory.mktemp("merging") / "generated", SCHOOL.ddl)
    result = project.generate()
    assert result.returncode == 0, result.stdout + result.stderr
    return project


@pytest.fixture(scope="session")
def undisturbed(generated: Project, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Return what a second run writes where nothing was edited, by schema."""
    return Undisturbed(generated, tmp_path_factory.mktemp("undisturbed"))
