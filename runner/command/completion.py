"""Completion in bash, zsh and fish: the scripts, and what can stand for a plan, a run or a task.

A shell starts the command for each press of the Tab key: nothing that is slow to import is needed here, and nothing is
written or printed but the answer.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, get_completion_class

from runner.progress.reports.summary import SHORT_ID
from runner.progress.reports.text_layout import printable
from runner.progress.stores.state_reader import LATEST, StateReader
from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from runner.progress.stores.run_records import RunRecord

VARIABLE = "_RUNNER_COMPLETE"  # in the environment of the command when a shell asks; its name is click's convention

_PLAN_SUFFIXES = (".yaml", ".yml")
_PLAN_HEAD = 1 << 16  # bytes in which the tasks of a plan begin
_PLAIN = re.compile(r"[\w./+@~-]+")  # paths that need no quoting in any of the shells, which the scripts do not do
_ENTRIES = 2000  # of a folder that are looked at: an answer has to come at once
_RUNS = 30
_PLACES: dict[str, str] = {
    "bash": 'eval "$(runner completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(runner completion zsh)"    in ~/.zshrc, after compinit',
    "fish": "runner completion fish > ~/.config/fish/completions/runner.fish",
}


def script(command: click.Command, program: str, shell: str) -> str:
    """Return what makes a shell complete the command of this name, as text for that shell.

    Raises KeyError for an unknown shell.
    """
    found = get_completion_class(shell)
    if found is None:
        raise KeyError(shell)
    return f"# {_PLACES[shell]}\n{found(command, {}, program, VARIABLE).source()}"


def plans(incomplete: str) -> list[CompletionItem]:
    """Return the plans in the current folder and in the folders of it, or in the folder that is named."""
    folder, _ = os.path.split(incomplete)
    places = [folder] if folder else ["", *(name for name, is_folder in _entries(".") if is_folder)]
    found = [path for place in places for path in _plans_in(place) if _PLAIN.fullmatch(path)]
    return [CompletionItem(path) for path in sorted(found) if path.startswith(incomplete)]


def files(incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a path of any file."""
    return [CompletionItem(incomplete, type="file")]


def runs(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the latest runs of the state folder by the beginning of their id, with plan and status."""
    with suppress(RunnerError, OSError), StateReader.open(_state(ctx)) as reader:
        named = [(run.id[:SHORT_ID], printable(f"{run.plan}, {run.status.value}")) for run in reader.runs(_RUNS)]
        found = [*named, *([(LATEST, "the newest")] if named else [])]
        return [CompletionItem(name, help=text) for name, text in found if name.startswith(incomplete)]
    return []


def tasks(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the tasks of the run that the command line names, or else of all that the command may mean."""
    with suppress(RunnerError, OSError), StateReader.open(_state(ctx)) as reader:
        found = [task.id for run in _meant(ctx, reader) for task in reader.tasks(run.id)]
        return [CompletionItem(name) for name in dict.fromkeys(found) if name.startswith(incomplete)]
    return []


def _meant(ctx: click.Context, reader: StateReader) -> Iterable[RunRecord]:
    if ctx.info_name == "cancel":
        return (run for run in reader.runs(_RUNS) if not run.status.ended)
    return (reader.run(ctx.params.get("run") or LATEST),)


def _state(ctx: click.Context) -> Path:
    return Path(ctx.params.get("state") or os.environ.get("RUNNER_STATE") or ".runner")


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """Yield the entries of a folder that are not hidden, each with whether it is a folder."""
    with suppress(OSError), os.scandir(folder or ".") as entries:
        for entry in islice(entries, _ENTRIES):
            if entry.name[0] != ".":
                yield entry.name, entry.is_dir()


def _plans_in(folder: str) -> Iterator[str]:
    for name, is_folder in _entries(folder):
        path = os.path.join(folder, name)  # noqa: PTH118 - as the user has begun to write it
        if not is_folder and name.endswith(_PLAN_SUFFIXES) and _is_plan(Path(path)):
            yield path


def _is_plan(path: Path) -> bool:
    """Return whether a YAML file has the key that only plans have."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return b"\ntasks:" in b"\n" + file.read(_PLAN_HEAD)
    return False
