"""Where the corpus of real schemas is: beside the project, or where RUNNER_CORPUS says.

The corpus is no part of the project; tests that need it are skipped without it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("RUNNER_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
EXPECTED = sorted(CORPUS.glob("expected/*/*.json"))  # what the real databases say of each schema

needs_corpus = pytest.mark.skipif(not EXPECTED, reason=f"no corpus at {CORPUS}: set RUNNER_CORPUS to its folder")
