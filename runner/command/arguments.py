"""What the commands have in common: options, arguments, and how they print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.ddl.dialects import DEFAULT, NAMES
from runner.progress.reports.console_streams import width_of
from runner.progress.reports.text_layout import printable, wrapped

PROGRAM = "runner"  # also for those who run it as `python -m runner`
DEFAULT_STATE = Path(".runner")  # in the current folder
SHELLS = ("bash", "zsh", "fish")  # that `runner completion` knows

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_plan(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what can complete the path of a plan."""
    del ctx, param
    from runner.command import completion  # noqa: PLC0415 - for the Tab key only, here and below

    return completion.plans(incomplete) or completion.files(incomplete)


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what can complete the id of a run."""
    del param
    from runner.command import completion  # noqa: PLC0415

    return completion.runs(ctx, incomplete)


def complete_task(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what can complete the id of a task."""
    del param
    from runner.command import completion  # noqa: PLC0415

    return completion.tasks(ctx, incomplete)


def complete_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a path; the value may be something else."""
    del ctx, param
    from runner.command import completion  # noqa: PLC0415

    return completion.files(incomplete)


class _ReportPath(click.Path):
    """The path of a report, which is not empty: the current folder would be meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the path is empty; name a file", param, ctx)
        return super().convert(value, param, ctx)


STATE = click.option(
    "--state",
    envvar="RUNNER_STATE",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_STATE,
    show_default=True,
    help="Folder with the state of runs.",
)
PLAN = click.argument("plan", type=click.Path(path_type=Path), shell_complete=complete_plan)
REPORT = _ReportPath(path_type=Path)
RUN = click.argument("run", required=False, shell_complete=complete_run)
DIALECT = click.option("--dialect", type=click.Choice(NAMES), default=DEFAULT, show_default=True)


def say(text: object, *, err: bool = False, wrap: bool = False) -> None:
    """Print text, which may quote a schema, a path or a server's answer: control sequences in it are removed.

    With `wrap`, lines wider than the terminal are broken at blanks.
    """
    shown = printable(str(text))
    if wrap and (width := width_of(sys.stdout)) is not None:
        shown = "\n".join(each for line in shown.split("\n") for each in wrapped(line, width))
    click.echo(shown, err=err)
