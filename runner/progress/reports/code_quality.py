"""The report for `--code-quality FILE`: problems at their places, as GitLab shows them in a merge request. Pure.

The format is the subset of Code Climate's that GitLab reads: "Code Quality report format" in its documentation.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.records.errors import Problem


def code_quality_json(problems: Iterable[Problem], check_name: str) -> str:
    """Return the report; `check_name` is what found the problems.

    A fingerprint does not depend on the line, so that a problem stays the same one where lines above it change.
    """
    found = []
    for problem in problems:
        text = one_line(f"{problem.message}. {problem.expected}" if problem.expected else problem.message)
        identity = f"{check_name}\0{problem.file}\0{text}"
        found.append(
            {
                "description": text,
                "check_name": check_name,
                "fingerprint": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest(),
                "severity": "major",
                "location": {"path": problem.file, "lines": {"begin": max(1, problem.line)}},
            }
        )
    return json.dumps(found, indent=2) + "\n"
