"""The files of a run that have a conflict, as the list of what to do at its end."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import shown_path

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
    commands = _commands(files[:_LISTED], folder)
    if len(files) > _LISTED:
        commands += [f"and {len(files) - _LISTED} more; all of them:", *_commands(sorted(set(workspaces)), folder)]
    return "\n".join([f"to do: your edits contradict what is generated now; {_STEPS[policy]}", *commands])


def _commands(paths: Iterable[Path], folder: Path) -> list[str]:
    return [f"  runner resolve {shlex.quote(shown_path(path, folder))}" for path in paths]
