"""The location of the corpus of real schemas: next to the project, or the folder in RUNNER_CORPUS.

The corpus is not part of the project; tests that need it are skipped without it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("RUNNER_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
EXPECTED = sorted(CORPUS.glob("expected/*/*.json"))  # the catalogs of the real databases for each schema

needs_corpus = pytest.mark.skipif(not EXPECTED, reason=f"no corpus at {CORPUS}: set RUNNER_CORPUS to its folder")
