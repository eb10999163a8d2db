"""The files of a run that have a conflict, as the list of what to do at its end."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from runner.records.task import ConflictPolicy

_LISTED = 20  # files in a notice
_STEPS: Mapping[ConflictPolicy, str] = {
    "reject": "the file is as you left it, what is generated now is in FILE.rej beside it",
    "markers": "both versions are in the file, between markers",
    "keep": "the file is as you left it",
    "theirs": "the generated text could not be merged",
}


def conflicts(changes: Iterable[tuple[str, tuple[str, str]]], workspaces: Mapping[str, Path]) -> tuple[Path, ...]:
    """Return the files in conflict among the changes of a run. `workspaces` has folders by the ids of sub-tasks."""
    return tuple(sorted({workspaces[owner] / path for owner, (verb, path) in changes if verb == "conflict"}))


def notice(files: Sequence[Path], workspaces: Iterable[Path], policy: ConflictPolicy, folder: Path) -> str:
    """Return the message about files in conflict, with the commands that settle them in `folder`."""
    commands = [f"  runner resolve {_shown(file, folder)}" for file in files[:_LISTED]]
    more = [f"and {len(files) - _LISTED} more; all of them:"] if len(files) > _LISTED else []
    more += [f"  runner resolve {_shown(workspace, folder)}" for workspace in sorted(set(workspaces))] if more else []
    return "\n".join([f"to do: your edits contradict what is generated now; {_STEPS[policy]}", *commands, *more])


def _shown(path: Path, folder: Path) -> str:
    return shlex.quote(str(path.relative_to(folder) if path.is_relative_to(folder) else path))
