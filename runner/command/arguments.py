"""What the commands have in common: options, arguments, and how they print."""

from __future__ import annotations

from pathlib import Path

import click

from runner.ddl.dialects import DEFAULT, NAMES
from runner.progress.reports.text_layout import printable

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


def say(text: object, *, err: bool = False) -> None:
    """Print text, which may quote a schema, a path or a server's answer: control sequences in it are removed."""
    click.echo(printable(str(text)), err=err)
