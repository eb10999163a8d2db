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
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from runner.command.arguments import DIALECT, PLAN, PROGRAM, REPORT, SHELLS, STATE, complete_file, say
from runner.command.help_text import OVERVIEW, add_examples
from runner.command.resolve_command import resolve
from runner.command.run_commands import COMMANDS
from runner.progress.reports.console_streams import width_of
from runner.records.errors import EXHAUSTED, RunnerError, is_exhaustion
from runner.records.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from runner.command.run_options import RunOptions

_DEFAULT_COMMAND = "run"
_EXHAUSTED_LINE = f"{EXHAUSTED}\n".encode()  # made before there is no memory for it


class _Commands(click.Group):
    """The commands. Arguments that do not begin with a command's name are those of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}:
            if not ctx.resilient_parsing:  # as in a completion, which prints no errors
                self._refuse_misspelled_command(args[0])
            args = [_DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, _with_wait_named(args, strict=not ctx.resilient_parsing))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview, which fits on one screen."""
        del ctx
        formatter.write(OVERVIEW)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands, and since `run` need not be written, the options of it and the plans."""
        found = super().shell_complete(ctx, incomplete)
        run = self.commands[_DEFAULT_COMMAND]
        if incomplete.startswith("-"):
            inner = click.Context(run, info_name=run.name, parent=ctx, resilient_parsing=True)
            return [*found, *(item for item in run.shell_complete(inner, incomplete) if item.value != "--help")]
        from runner.command import completion  # noqa: PLC0415 - for the Tab key only

        found += completion.plans(incomplete)
        return found or completion.files(incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would treat it as a failure
            return 0  # the reader of the output has closed the pipe

    def _refuse_misspelled_command(self, word: str) -> None:
        close = get_close_matches(word, self.commands, 1)
        if close and not Path(word).exists():
            raise click.UsageError(f"{word!r} is neither a command nor a file. Did you mean `runner {close[0]}`?")


def _with_wait_named(args: list[str], *, strict: bool) -> list[str]:
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
def _run(ctx: click.Context, /, **options: Any) -> None:
    """Run a plan: generate what is not up to date.

    Exit codes: 0 done or up to date, 1 a task failed or was cancelled, or a file has a conflict, 2 plan, DDL or usage
    invalid (nothing was run), 3 --check found drift, 75 this plan is already running, 130 and 143 interrupted by SIGINT
    and SIGTERM.
    """
    if options["diff"] and not options["check"]:
        raise click.UsageError("--diff shows what --check finds: use both")
    if options["notify"] is None and ctx.get_parameter_source("notify_on") is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--notify-on says when --notify URL is told: use both")
    watch = options.pop("watch")
    if watch and options["rerun_failed"]:
        raise click.UsageError("--watch runs what has changed, --rerun-failed what has failed: use one of them")
    if options["dry_run"] and options["check"]:
        raise click.UsageError("--dry-run shows what would happen, --check fails if anything would: use one of them")
    options["check"] = options["check"] or options["dry_run"]
    local = options["executor"] in {None, "local"}
    if not watch and local and not options["state"].exists():  # nothing ran here before: workers will be needed
        from runner.execution.forkserver import ensure_forkserver  # noqa: PLC0415

        ensure_forkserver()
    from runner.command.run_options import RunOptions  # noqa: PLC0415 - see the module's docstring
    from runner.command.run_plan import run_plan  # noqa: PLC0415
    from runner.progress.reports.report_files import ReportFiles  # noqa: PLC0415

    reports = ReportFiles(**{name: options.pop(name) for name in ("json", "junit", "page", "trace")})
    url, when = options.pop("notify"), options.pop("notify_on")
    notifier = None
    if url is not None:
        from runner.progress.notification import Notifier  # noqa: PLC0415

        notifier = Notifier.create(url, os.environ, always=when == "always")
    chosen = RunOptions(**options, reports=reports, notifier=notifier)
    ctx.exit(_watch(ctx, chosen) if watch else run_plan(chosen))


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


@_runner.command("validate")
@PLAN
@STATE
def _validate(plan: Path, state: Path) -> None:
    """Check a plan, its DDL and its agents. Imports the modules of agents that the plan names."""
    from runner.command.plan_jobs import describe_jobs, prepare_plan  # noqa: PLC0415

    loaded, _, jobs = prepare_plan(plan, state, refresh=False)
    say(describe_jobs(loaded, jobs))


@_runner.command("schema")
@click.argument("ddl", nargs=-1, required=True, shell_complete=complete_file)
@DIALECT
@click.option("--json", "as_json", is_flag=True, help="Print the whole model as JSON.")
@click.pass_context
def _schema(ctx: click.Context, ddl: tuple[str, ...], dialect: str, *, as_json: bool) -> None:
    """Print what the reader understood of a schema, and what it did not.

    DDL is files, folders or globs of SQL, or one live database: a URL, or the path of a SQLite file.
    """
    from runner.progress.reports.schema_view import schema_report  # noqa: PLC0415

    text, complete = schema_report(ddl, dialect, as_json=as_json)
    say(text)
    ctx.exit(0 if complete else 2)


@_runner.command("init")
@click.argument("ddl", shell_complete=complete_file)
@DIALECT
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
        say(f"wrote {source}")
    if (tool := migration_tool(Path(ddl))) is not None:
        say(f"{ddl}: migrations of {tool}; what leads up is read, in its order")
    for reason in misread:
        say(f"warning: {reason}", err=True)
    first = "simplify these statements, or leave their tables out, then" if misread else "next:"
    say(f"wrote {path}\n{first} runner {path}")


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
    run_local_cluster(workers, port, say)


@_runner.command("plan-schema")
def _plan_schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    import json  # noqa: PLC0415

    from runner.plan.plan_schema import plan_schema  # noqa: PLC0415

    say(json.dumps(plan_schema(), indent=2))


@_runner.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def _completion(shell: str) -> None:
    """Print what makes a shell complete commands, options, plans, runs and tasks; its first line says where it goes."""
    from runner.command.completion import script  # noqa: PLC0415

    click.echo(script(_runner, PROGRAM, shell), nl=False)


@_runner.command("doctor")
@STATE
@click.pass_context
def _doctor(ctx: click.Context, state: Path) -> None:
    """Look at what the runner needs of this machine, and say what to do where something is missing."""
    from runner.command.doctor import findings, report_line  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    bad = False
    for found in findings(state, os.environ):
        click.echo(report_line(found, colour=colour, width=width_of(sys.stdout)))
        bad = bad or found.state == "bad"
    ctx.exit(1 if bad else 0)


for _command in (*COMMANDS, resolve):
    _runner.add_command(_command)
add_examples(_runner)


def command_line() -> click.Group:
    """Return the command with all its commands, which the command reference is generated from."""
    return _runner


def main() -> NoReturn:
    """Run the command line and exit with its exit code."""
    _open_standard_streams()
    threading.excepthook = _thread_failed
    try:
        code = _runner.main(prog_name=PROGRAM, standalone_mode=False)
    except RunnerError as error:
        say(f"error: {error}", err=True)
        code = error.exit_code
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for the end of a person's input, and we read none
            say("error: another process of this run ended unexpectedly; run it again", err=True)
            code = 1
        else:
            say("interrupted", err=True)
            code = 130
    except OSError as error:
        say(f"error: {error}", err=True)
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
        say(f"{level}: {EXHAUSTED} ({reason})", err=True)
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
