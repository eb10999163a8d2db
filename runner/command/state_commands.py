"""The commands about recorded runs: they work on the state folder, also while a run lasts.

Modules that a command needs are imported when it runs, so that these commands answer at once.
"""

from __future__ import annotations

import os
import sys
import typing
from typing import TYPE_CHECKING, Literal

import click

from runner.command.arguments import RUN, STATE, complete_run, complete_task, say
from runner.progress.reports.console_streams import width_of
from runner.records.events import LogLevel

if TYPE_CHECKING:
    from pathlib import Path


@click.command("status")
@RUN
@STATE
@click.option("--json", "as_json", is_flag=True, help="Print the report of the run as JSON.")
@click.option("-f", "--follow", is_flag=True, help="Print again after each change, until the run has ended.")
def _status(run: str | None, state: Path, *, as_json: bool, follow: bool) -> None:
    """Show runs, or one run: RUN is an id or its beginning, or `latest`."""
    from runner.progress.reports.commands import follow_status, status  # noqa: PLC0415

    if follow and as_json:
        raise click.UsageError("--follow prints text and --json one report: use one of them")
    width = width_of(sys.stdout)
    shown = follow_status(state, run, width=width) if follow else (status(state, run, as_json=as_json, width=width),)
    for text in shown:
        say(text, wrap=not as_json)


@click.command("logs")
@RUN
@STATE
@click.option("--task", shell_complete=complete_task, help="Of this task only.")
@click.option(
    "--level",
    type=click.Choice(typing.get_args(LogLevel)),
    default="debug",
    show_default=True,
    help="Of this level and above; the steps of sub-tasks are below all.",
)
@click.option("--since", metavar="TIME", help="From then on: 10m, 2h, 3d, or a time such as 2026-03-01T12:00.")
@click.option("-f", "--follow", is_flag=True, help="Continue until the run has ended.")
def _logs(run: str | None, state: Path, task: str | None, level: LogLevel, since: str | None, *, follow: bool) -> None:
    """Print the log of a run, the latest one unless RUN names another."""
    from runner.progress.reports.commands import logs  # noqa: PLC0415
    from runner.progress.reports.log_selection import LogSelection  # noqa: PLC0415

    for line in logs(state, run, LogSelection.create(task, level, since), follow=follow):
        say(line)


@click.group("runs", invoke_without_command=True)
@STATE
@click.pass_context
def _runs(ctx: click.Context, state: Path) -> None:
    """List the runs of the state folder, the newest first."""
    from runner.progress.reports.commands import list_runs  # noqa: PLC0415

    if ctx.invoked_subcommand is None:
        say(list_runs(state, width_of(sys.stdout)), wrap=True)


@_runs.command("prune")
@STATE
@click.option("--keep", type=click.IntRange(min=0), default=10, show_default=True, help="So many of each plan.")
def _prune(state: Path, keep: int) -> None:
    """Delete the oldest ended runs of each plan; those that Convex still lacks events of stay."""
    from runner.progress.reports.commands import prune_runs  # noqa: PLC0415

    say(prune_runs(state, keep))


def _control(kind: Literal["pause", "resume", "cancel"], state: Path, task: str | None = None) -> None:
    from runner.progress.reports.commands import control  # noqa: PLC0415

    say(control(state, kind, task))


@click.command("pause")
@STATE
def _pause(state: Path) -> None:
    """Have the running plan start no new task; running ones go on."""
    _control("pause", state)


@click.command("resume")
@STATE
def _resume(state: Path) -> None:
    """Let a paused plan go on."""
    _control("resume", state)


@click.command("cancel")
@click.argument("task", required=False, shell_complete=complete_task)
@STATE
def _cancel(task: str | None, state: Path) -> None:
    """Cancel the running plan, or one TASK of it."""
    _control("cancel", state, task)


@click.command("sync")
@STATE
@click.option("--url", envvar="CONVEX_URL", help="The deployment.", show_envvar=True)
@click.pass_context
def _sync(ctx: click.Context, state: Path, url: str | None) -> None:
    """Send events to Convex that runs could not send."""
    from runner.command.live_progress import sync_state  # noqa: PLC0415

    synced = sync_state(state, url)
    say(synced)
    ctx.exit(1 if synced.waiting else 0)


@click.command("watch")
@STATE
@click.option("--run", shell_complete=complete_run, help="A run's id or its beginning; the latest run by default.")
def _watch(run: str | None, state: Path) -> None:
    """Watch a run while it lasts: from Convex where that is set up, else from the state file."""
    from runner.progress.reports.watch import watch  # noqa: PLC0415

    for text in watch(state, run, os.environ, terminal=sys.stdout.isatty()):
        click.echo(text, nl=False)  # made printable line by line: on a terminal it moves the cursor
        sys.stdout.flush()


@click.command("board")
@STATE
@click.option("--port", type=click.IntRange(0, 65535), default=8640, show_default=True, help="0 for any free port.")
@click.option("--allow-control", is_flag=True, help="Let the page pause, resume and cancel runs.")
@click.option("--convex", is_flag=True, help="Show the runs of the deployment that CONVEX_URL names.")
def _board(state: Path, port: int, *, allow_control: bool, convex: bool) -> None:
    """Show runs in a browser of this machine while they last; ends with Ctrl-C."""
    from runner.progress.convex.target import required_reading_target  # noqa: PLC0415
    from runner.progress.web_board.board_server import serve_board  # noqa: PLC0415

    if convex and allow_control:
        raise click.UsageError("--allow-control is for runs of this machine: leave out --convex, or --allow-control")
    serve_board(
        state,
        port,
        lambda address: say(f"board: {address}"),
        allow_control=allow_control,
        target=required_reading_target(os.environ) if convex else None,
    )


STATE_COMMANDS: tuple[click.Command, ...] = (_status, _logs, _runs, _pause, _resume, _cancel, _sync, _watch, _board)
