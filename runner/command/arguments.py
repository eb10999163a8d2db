"""What the commands have in common: options, arguments, and how they print."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner.ddl.dialects import DEFAULT, NAMES
from runner.progress.reports.console_streams import width_of
from runner.progress.reports.text_layout import printable, wrapped

STATE = click.option(
    "--state",
    envvar="RUNNER_STATE",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".runner"),
    show_default=True,
    help="Folder with the state of runs.",
)
PLAN = click.argument("plan", type=click.Path(path_type=Path))
REPORT = click.Path(path_type=Path)
RUN = click.argument("run", required=False)
DIALECT = click.option("--dialect", type=click.Choice(NAMES), default=DEFAULT, show_default=True)


def say(text: object, *, err: bool = False, wrap: bool = False) -> None:
    """Print text, which may quote a schema, a path or a server's answer: control sequences in it are removed.

    With `wrap`, lines wider than the terminal are broken at blanks.
    """
    shown = printable(str(text))
    if wrap and (width := width_of(sys.stdout)) is not None:
        shown = "\n".join(each for line in shown.split("\n") for each in wrapped(line, width))
    click.echo(shown, err=err)
