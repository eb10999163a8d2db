"""The command line: parses, calls one function for each command, and maps errors to exit codes.

Beside the console, it is the only module that prints. Modules that a command needs are imported when it runs, so that
`--help` and `status` answer at once.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

from runner.ddl.dialects import DEFAULT, NAMES
from runner.progress.reports.text_layout import printable
from runner.records.errors import EXHAUSTED, RunnerError, is_exhaustion
from runner.records.version import VERSION

_DEFAULT_COMMAND = "run"
_EXHAUSTED_LINE = f"{EXHAUSTED}\n".encode()  # made before there is no memory for it
_STATE = click.option(
    "--state",
    envvar="RUNNER_STATE",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".runner"),
    show_default=True,
    help="Folder with the state of runs.",
)
_PLAN = click.argument("plan", type=click.Path(path_type=Path))
_REPORT = click.Path(path_type=Path)
_RUN = click.argument("run", required=False)
_DIALECT = click.option("--dialect", type=click.Choice(NAMES), default=DEFAULT, show_default=True)


class _Commands(click.Group):
    """The commands. Arguments that do not begin with a command's name are those of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}:
            self._refuse_misspelled_command(args[0])
            args = [_DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, _with_wait_named(args))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would treat it as a failure
            return 0  # the reader of the output has closed the pipe

    def _refuse_misspelled_command(self, word: str) -> None:
        close = get_close_matches(word, self.commands, 1)
        if close and not Path(word).exists():
            raise click.UsageError(f"{word!r} is neither a command nor a file. Did you mean `runner {close[0]}`?")


def _with_wait_named(args: list[str]) -> list[str]:
    """Return the arguments with `--if-running wait SECONDS` as two options: options of click have no optional value."""
    for number in range(len(args) - 2):
        seconds = args[number + 2].replace(".", "", 1)
        if args[number : number + 2] == ["--if-running", "wait"] and seconds.isdecimal():
            return [*args[: number + 2], "--wait", *args[number + 2 :]]
    return args


def _say(text: object, *, err: bool = False) -> None:
    """Print text, which may quote a schema, a path or a server's answer: control sequences in it are removed."""
    click.echo(printable(str(text)), err=err)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="runner")
def _runner() -> None:
    """Turn a SQL schema into a working full-stack application, from a YAML plan.

    runner PLAN is short for runner run PLAN.
    """


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


@_runner.command("run")
@_PLAN
@_STATE
@click.option("--check", is_flag=True, help="Write nothing; list what would change and exit 3 if anything would.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a sub-task has failed.")
@click.option("--rerun-failed", is_flag=True, help="Run only what failed or was skipped when this plan last ran.")
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
@click.option("--json", type=_REPORT, help="Write a report of the run to this file, as JSON.")
@click.option("--junit", type=_REPORT, help="The same as JUnit's XML, for CI.")
@click.option("--report", "page", type=_REPORT, help="The same as a page of HTML, with a timeline.")
@click.option("--trace", type=_REPORT, help="The same as a trace, for Perfetto.")
@click.option("-q", "--quiet", is_flag=True, help="Print failures and the last line only.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> None:
    """Run a plan: generate what is not up to date.

    Exit codes: 0 done or up to date, 1 a task failed or was cancelled, 2 plan, DDL or usage invalid (nothing was
    run), 3 --check found drift, 75 this plan is already running, 130 and 143 interrupted by SIGINT and SIGTERM.
    """
    local = options["executor"] in {None, "local"}
    if local and not options["state"].exists():  # nothing ran here before: workers will be needed
        from runner.execution.forkserver import ensure_forkserver  # noqa: PLC0415

        ensure_forkserver()
    from runner.command.run_plan import RunOptions, run_plan  # noqa: PLC0415 - see the module's docstring
    from runner.command.run_reports import ReportFiles  # noqa: PLC0415

    reports = ReportFiles(**{name: options.pop(name) for name in ("json", "junit", "page", "trace")})
    ctx.exit(run_plan(RunOptions(**options, reports=reports)))


@_runner.command("validate")
@_PLAN
@_STATE
def _validate(plan: Path, state: Path) -> None:
    """Check a plan, its DDL and its agents. Imports the modules of agents that the plan names."""
    from runner.command.plan_jobs import describe_jobs, prepare_plan  # noqa: PLC0415

    loaded, _, jobs = prepare_plan(plan, state, refresh=False)
    _say(describe_jobs(loaded, jobs))


@_runner.command("status")
@_RUN
@_STATE
@click.option("--json", "as_json", is_flag=True, help="Print the report of the run as JSON.")
@click.option("-f", "--follow", is_flag=True, help="Print again after each change, until the run has ended.")
def _status(run: str | None, state: Path, *, as_json: bool, follow: bool) -> None:
    """Show runs, or one run: RUN is an id or its beginning, or `latest`."""
    from runner.progress.reports.commands import follow_status, status  # noqa: PLC0415

    if follow and as_json:
        raise click.UsageError("--follow prints text and --json one report: use one of them")
    for text in follow_status(state, run) if follow else (status(state, run, as_json=as_json),):
        _say(text)


@_runner.command("logs")
@_RUN
@_STATE
@click.option("--task", help="Of this task only.")
@click.option("-f", "--follow", is_flag=True, help="Continue until the run has ended.")
def _logs(run: str | None, state: Path, task: str | None, *, follow: bool) -> None:
    """Print the log of a run, the latest one unless RUN names another."""
    from runner.progress.reports.commands import logs  # noqa: PLC0415

    for line in logs(state, run, task, follow=follow):
        _say(line)


def _control(kind: Literal["pause", "resume", "cancel"], state: Path, task: str | None = None) -> None:
    from runner.progress.reports.commands import control  # noqa: PLC0415

    _say(control(state, kind, task))


@_runner.command("pause")
@_STATE
def _pause(state: Path) -> None:
    """Have the running plan start no new task; running ones go on."""
    _control("pause", state)


@_runner.command("resume")
@_STATE
def _resume(state: Path) -> None:
    """Let a paused plan go on."""
    _control("resume", state)


@_runner.command("cancel")
@click.argument("task", required=False)
@_STATE
def _cancel(task: str | None, state: Path) -> None:
    """Cancel the running plan, or one TASK of it."""
    _control("cancel", state, task)


@_runner.command("sync")
@_STATE
@click.option("--url", envvar="CONVEX_URL", help="The deployment.", show_envvar=True)
@click.pass_context
def _sync(ctx: click.Context, state: Path, url: str | None) -> None:
    """Send events to Convex that runs could not send."""
    from runner.command.live_progress import sync_state  # noqa: PLC0415

    synced = sync_state(state, url)
    _say(synced)
    ctx.exit(1 if synced.waiting else 0)


@_runner.command("watch")
@_STATE
@click.option("--run", help="A run's id or its beginning; the latest run by default.")
def _watch(run: str | None, state: Path) -> None:
    """Watch a run while it lasts: from Convex where that is set up, else from the state file."""
    from runner.progress.reports.watch import watch  # noqa: PLC0415

    for text in watch(state, run, os.environ, terminal=sys.stdout.isatty()):
        click.echo(text, nl=False)  # made printable line by line: on a terminal it moves the cursor
        sys.stdout.flush()


@_runner.command("board")
@_STATE
@click.option("--port", type=click.IntRange(0, 65535), default=8640, show_default=True, help="0 for any free port.")
@click.option("--allow-control", is_flag=True, help="Let the page pause, resume and cancel runs.")
def _board(state: Path, port: int, *, allow_control: bool) -> None:
    """Show runs in a browser of this machine while they last; ends with Ctrl-C."""
    from runner.progress.web_board.board_server import serve_board  # noqa: PLC0415

    serve_board(state, port, lambda address: _say(f"board: {address}"), allow_control=allow_control)


@_runner.command("schema")
@click.argument("ddl", nargs=-1, required=True)
@_DIALECT
@click.option("--json", "as_json", is_flag=True, help="Print the whole model as JSON.")
@click.pass_context
def _schema(ctx: click.Context, ddl: tuple[str, ...], dialect: str, *, as_json: bool) -> None:
    """Print what the reader understood of a schema, and what it did not.

    DDL is files, folders or globs of SQL, or one live database: a URL, or the path of a SQLite file.
    """
    from runner.progress.reports.schema_view import schema_report  # noqa: PLC0415

    text, complete = schema_report(ddl, dialect, as_json=as_json)
    _say(text)
    ctx.exit(0 if complete else 2)


@_runner.command("init")
@click.argument("ddl")
@_DIALECT
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; beside the DDL by default.",
)
def _init(ddl: str, dialect: str, output: Path | None) -> None:
    """Write a starter plan for a schema; it runs as it is where all of the schema was understood.

    DDL is a file or folder of SQL, or a live database: a URL such as postgresql://reader@localhost/school, or the path
    of a SQLite file. A database's schema is written beside the plan, in SQL and in its own dialect.
    """
    from runner.command.plan_jobs import write_starter_plan  # noqa: PLC0415
    from runner.ddl.migration_folders import migration_tool  # noqa: PLC0415

    (*sources, path), misread = write_starter_plan(ddl, dialect, output)
    for source in sources:
        _say(f"wrote {source}")
    if (tool := migration_tool(Path(ddl))) is not None:
        _say(f"{ddl}: migrations of {tool}; what leads up is read, in its order")
    for reason in misread:
        _say(f"warning: {reason}", err=True)
    first = "simplify these statements, or leave their tables out, then" if misread else "next:"
    _say(f"wrote {path}\n{first} runner {path}")


@_runner.command("cluster")
@click.option(
    "--local",
    "workers",
    type=click.IntRange(min=1, max=64),
    required=True,
    help="Start a scheduler and so many workers on this machine.",
)
@click.option(
    "--port", type=click.IntRange(min=0, max=65535), default=8786, show_default=True, help="Of the scheduler."
)
def _cluster(workers: int, port: int) -> None:
    """Start a Dask cluster to try: runner PLAN --executor tcp://127.0.0.1:8786 uses it."""
    from runner.command.executor_choice import require_dask  # noqa: PLC0415
    from runner.command.local_cluster import run_local_cluster  # noqa: PLC0415

    require_dask()
    run_local_cluster(workers, port, _say)


@_runner.command("plan-schema")
def _plan_schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    import json  # noqa: PLC0415

    from runner.plan.format import plan_schema  # noqa: PLC0415

    _say(json.dumps(plan_schema(), indent=2))


def main() -> NoReturn:
    """Run the command line and exit with its exit code."""
    _open_standard_streams()
    threading.excepthook = _thread_failed
    try:
        code = _runner.main(standalone_mode=False)
    except RunnerError as error:
        _say(f"error: {error}", err=True)
        code = error.exit_code
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for the end of a person's input, and we read none
            _say("error: another process of this run ended unexpectedly; run it again", err=True)
            code = 1
        else:
            _say("interrupted", err=True)
            code = 130
    except OSError as error:
        _say(f"error: {error}", err=True)
        code = 1
    except (MemoryError, RuntimeError) as error:
        if not is_exhaustion(error):
            raise
        _report_exhaustion("error", str(error) or type(error).__name__)
        code = 1
    finally:
        _end_children()
    sys.exit(_flushed(int(code or 0)))


def _open_standard_streams() -> None:
    """Open the null device for closed standard streams: otherwise the next opened file would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - it gets the lowest free number
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may not be text, or not of the output's encoding


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """Print a line for a thread of the process pool that the system refused something; the run deals with its end."""
    if is_exhaustion(failure.exc_value):
        _report_exhaustion("warning", str(failure.exc_value) or failure.exc_type.__name__)
    else:
        threading.__excepthook__(failure)


@cache
def _report_exhaustion(level: Literal["warning", "error"], reason: str) -> None:
    """Print a line, once for each reason: each worker that cannot be used repeats it."""
    try:
        _say(f"{level}: {EXHAUSTED} ({reason})", err=True)
    except MemoryError:
        os.write(2, _EXHAUSTED_LINE)


def _end_children() -> None:
    """Kill what a run that could not end its workers has left: the interpreter would wait for it forever."""
    if (multiprocessing := sys.modules.get("multiprocessing")) is not None:
        for child in multiprocessing.active_children():
            child.kill()


def _flushed(code: int) -> int:
    """Flush standard output; an error of a closed pipe must not become a traceback at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
