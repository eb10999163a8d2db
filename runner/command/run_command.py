"""`runner run`: its options, which of them exclude each other, and how the command goes on from there.

Modules that a run needs are imported when it begins, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.command.arguments import PLAN, REPORT, STATE, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.command.run_options import RunOptions


def _executor(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return `local`, or the address of a scheduler with its port."""
    del ctx, param
    if not value or value == "local":
        return value or None
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 - slow to import

    from runner.plan.value_types import scheduler_url  # noqa: PLC0415

    try:
        return scheduler_url(value)
    except PydanticCustomError as error:
        expected = "Give local, tls://HOST:PORT, or tcp://HOST:PORT without encryption"
        raise click.BadParameter(f"{value!r} {error.message()}. {expected}.") from error


@click.command("run")
@PLAN
@STATE
@click.option("--check", is_flag=True, help="Write nothing; list what would change and exit 3 if anything would.")
@click.option("--diff", is_flag=True, help="With --check: show how the files would change.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show which tasks would run, and what of their files.")
@click.option("--explain", is_flag=True, help="Say of each sub-task why it ran or did not.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@click.option(
    "--conflict",
    type=click.Choice(["reject", "markers", "keep", "theirs"]),
    default="reject",
    show_default=True,
    help="Where your edits contradict what is generated: write the new text to FILE.rej, put both into the file, "
    "leave the file alone, or take what is generated and save yours as FILE.orig.",
)
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a sub-task has failed.")
@click.option(
    "--rerun-failed",
    is_flag=True,
    help="Run only what failed, was skipped or got a conflict when this plan last ran.",
)
@click.option("--prune", is_flag=True, help="Remove unedited files of tables that the plan no longer has.")
@click.option(
    "--if-running",
    type=click.Choice(["fail", "skip", "wait"]),
    default="fail",
    show_default=True,
    help="When this plan is already running: fail with 75, skip with 0, or `wait [SECONDS]` for it to end.",
)
@click.option("--wait", type=click.FloatRange(min=0), default=86400.0, hidden=True)
@click.option(
    "--keep-runs",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    envvar="RUNNER_KEEP_RUNS",
    show_envvar=True,
    help="How many earlier runs of the plan stay in the state folder; unsent ones always stay.",
)
@click.option(
    "--executor",
    callback=_executor,
    envvar="RUNNER_EXECUTOR",
    show_envvar=True,
    metavar="local|URL",
    help="Where the workers are, in place of the plan's: this machine, or a Dask scheduler such as tls://host:8786.",
)
@click.option("--json", type=REPORT, help="Write a report of the run to this file, as JSON.")
@click.option("--junit", type=REPORT, help="The same as JUnit's XML, for CI.")
@click.option("--report", "page", type=REPORT, help="The same as a page of HTML, with a timeline.")
@click.option("--trace", type=REPORT, help="The same as a trace, for Perfetto.")
@click.option("--code-quality", type=REPORT, help="Write what is stale or failed, at its lines, for GitLab.")
@click.option("--notify", metavar="URL", help="Send the JSON report to this address when the run has failed.")
@click.option(
    "--notify-on",
    type=click.Choice(["failure", "always"]),
    default="failure",
    show_default=True,
    help="When to send it. A header with a secret goes in RUNNER_NOTIFY_HEADER, as `Name: value`.",
)
@click.option(
    "--watch", is_flag=True, help="Run again whenever DDL, plan, templates or agents were saved, until Ctrl-C."
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Print nothing unless something has failed, except what --explain and --dry-run show.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:
    """Run a plan: generate what is not up to date.

    Exit codes: 0 done or up to date, 1 a task failed or was cancelled, or a file has a conflict, 2 plan, DDL or usage
    invalid (nothing was run), 3 --check found drift, 75 this plan is already running, 130 and 143 interrupted by SIGINT
    and SIGTERM.
    """
    _refuse_contradictions(ctx, options)
    watch = options.pop("watch")
    options["check"] = options["check"] or options["dry_run"]
    if not watch and options["executor"] in {None, "local"} and not options["state"].exists():
        from runner.execution.forkserver import ensure_forkserver  # noqa: PLC0415

        ensure_forkserver()  # nothing ran here before: workers will be needed
    chosen = _run_options(options)
    if watch:
        ctx.exit(_watch(ctx, chosen))
    from runner.command.run_plan import run_plan  # noqa: PLC0415 - see the module's docstring

    ctx.exit(run_plan(chosen))


def _refuse_contradictions(ctx: click.Context, options: Mapping[str, Any]) -> None:
    """Raise `click.UsageError` for an option that makes no sense with, or without, another one."""
    if options["diff"] and not options["check"]:
        raise click.UsageError("--diff shows what --check finds: use both")
    if options["notify"] is None and ctx.get_parameter_source("notify_on") is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--notify-on says when --notify URL is told: use both")
    if options["watch"] and options["rerun_failed"]:
        raise click.UsageError("--watch runs what has changed, --rerun-failed what has failed: use one of them")
    if options["dry_run"] and options["check"]:
        raise click.UsageError("--dry-run shows what would happen, --check fails if anything would: use one of them")


def _run_options(options: dict[str, Any]) -> RunOptions:
    """Return the options as the run takes them; those of reports and of the notification are removed from `options`."""
    from runner.command.run_options import RunOptions  # noqa: PLC0415 - see the module's docstring
    from runner.progress.reports.report_files import ReportFiles  # noqa: PLC0415

    reports = ReportFiles(**{name: options.pop(name) for name in ("json", "junit", "page", "trace")})
    url, when = options.pop("notify"), options.pop("notify_on")
    notifier = None
    if url is not None:
        from runner.progress.notification import Notifier  # noqa: PLC0415

        notifier = Notifier.create(url, os.environ, always=when == "always")
    return RunOptions(**options, reports=reports, notifier=notifier)


def _watch(ctx: click.Context, options: RunOptions) -> int:
    """Run a plan again whenever it has changed; return the exit code for the signal that ended this."""
    from runner.command.plan_watch import command_of_one_run, watch_plan  # noqa: PLC0415 - see the module's docstring

    options.check_reports()
    command = command_of_one_run(sys.orig_argv)
    if ctx.get_parameter_source("if_running") is click.core.ParameterSource.DEFAULT:
        command += ["--if-running", "wait"]  # a change must not be lost because another process runs the plan
    return watch_plan(options.plan, command, _say_nothing if options.quiet else partial(say, err=True))


def _say_nothing(text: str) -> None:
    """Print nothing."""


def with_wait_named(args: list[str], *, strict: bool) -> list[str]:
    """Return the arguments with `--if-running wait SECONDS` as two options: options of click have no optional value.

    Raises `click.UsageError` for a wrong number of seconds if `strict`.
    """
    for number in range(len(args) - 2):
        if args[number : number + 2] == ["--if-running", "wait"]:
            value = args[number + 2]
            if value.replace(".", "", 1).isdecimal():
                return [*args[: number + 2], "--wait", *args[number + 2 :]]
            if strict and not _may_follow(value):
                raise click.UsageError(f"--if-running wait takes a number of seconds, not {value!r}")
    return args


def _may_follow(argument: str) -> bool:
    """Return whether an argument is an option or a plan, and no wrong number."""
    if argument.startswith("-"):
        return not argument[1:2].isdigit()
    return Path(argument).suffix in {".yaml", ".yml"} or Path(argument).exists()
