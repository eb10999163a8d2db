"""Texts that were generated earlier, from the commits of the workspace: where a plan says `merge: git`.

A record has the digest of what was generated, so any commit that has a file with that digest has the text. Only
plumbing commands are used, which run no hooks, filters or programs that the repository's configuration names, and fetch
nothing.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from runner.generation.workspace.line_ends import is_one_of, with_lf

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_COMMITS = 50  # that changed the file, the newest first
_SECONDS = 30.0  # for one command
_ENVIRONMENT: Mapping[str, str] = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def committed_text(real_root: str, path: str, sha256: str) -> bytes | None:
    """Return the text with this digest of a file in the workspace; None where no commit or no git is there."""
    listed = _git(real_root, "rev-list", f"--max-count={_MOST_COMMITS}", "HEAD", "--", path)
    for commit in (listed or b"").decode().split():
        data = _git(real_root, "cat-file", "blob", f"{commit}:./{path}")
        if data is not None and is_one_of(data, (sha256,)):
            return with_lf(data)
    return None


def _git(folder: str, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", folder, *arguments],  # noqa: S607 - the user's own
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
