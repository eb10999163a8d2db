"""`runner resolve`: shows the conflicts of a workspace, and records how a person settled them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.command.arguments import say
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from runner.generation.workspace.settlement import Choice

_CHOICES: tuple[Choice, ...] = ("ours", "theirs", "edited")


@click.command("resolve")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--ours", is_flag=True, help="Your version of what contradicts; the rest is merged.")
@click.option("--theirs", is_flag=True, help="The generated version of it; the rest is merged.")
@click.option("--edited", is_flag=True, help="The file as it now is, after you have edited it.")
@click.pass_context
def resolve(ctx: click.Context, /, path: Path, **options: bool) -> None:
    """Show conflicts between edits by hand and what is generated, or settle them.

    PATH is a generated file, or a folder for all conflicts in it; the current folder by default. Exits with 1 while
    there are conflicts. Files that a run kept because their text from before the edit is unknown are shown, too.
    """
    from runner.generation.workspace.settlement import NO_BASE, Settlement, workspace_of  # noqa: PLC0415 - slow to import

    choices: list[Choice] = [choice for choice in _CHOICES if options[choice]]
    if len(choices) > 1:
        given = " and ".join(f"--{each}" for each in choices)
        raise click.UsageError(f"{given} contradict each other. Use one of them")
    choice = choices[0] if choices else None
    workspace = workspace_of(path)
    settlement = Settlement(workspace)
    below = path.absolute().relative_to(workspace).as_posix()
    found = settlement.conflicts("" if below == "." else below)
    if not found and not os.path.lexists(path):
        raise click.UsageError(f"{path}: there is no such file. Name a generated file, a folder or a workspace")
    left = 0
    for conflict in found:
        if choice is None:
            say(f"conflict in {conflict.path}" if conflict.base is not None else f"kept {conflict.path}: {NO_BASE}")
            say(settlement.shown(conflict))
            continue
        try:
            saved = settlement.settle(conflict, choice)
        except WorkspaceError as error:  # the others can be settled
            left += 1
            say(f"not settled: {error}")
        else:
            say(f"settled {conflict.path}{f', your file is saved as {saved}' if saved else ''}")
    if choice is None and found:
        say("settle one with --ours or --theirs, or edit it and use --edited")
    elif not found:
        say(f"no conflict in {path}")
    ctx.exit(1 if left or (choice is None and any(conflict.base is not None for conflict in found)) else 0)
