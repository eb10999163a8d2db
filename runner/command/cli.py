"""The command line: parses, calls one function for each command, and maps errors to exit codes.

It has the group of all commands and the small ones; `run_command`, `resolve_command` and `state_commands` have the
others. Beside these modules only the console prints. Modules that a command needs are imported when it runs, so that
`--help` and `status` answer at once.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from runner.command.arguments import DIALECT, PLAN, PROGRAM, SHELLS, STATE, complete_file, say
from runner.command.help_text import OVERVIEW, add_examples
from runner.command.resolve_command import resolve
from runner.command.run_command import run, with_wait_named
from runner.command.state_commands import STATE_COMMANDS
from runner.progress.reports.console_streams import width_of
from runner.records.errors import EXHAUSTED, RunnerError, is_exhaustion
from runner.records.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_DEFAULT_COMMAND = "run"
_EXHAUSTED_LINE = f"{EXHAUSTED}\n".encode()  # made before there is no memory for it


class _Commands(click.Group):
    """The commands. Arguments that do not begin with a command's name are those of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}:
            if not ctx.resilient_parsing:  # as in a completion, which prints no errors
                self._refuse_misspelled_command(args[0])
            args = [_DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, with_wait_named(args, strict=not ctx.resilient_parsing))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview, which fits on one screen."""
        del ctx
        formatter.write(OVERVIEW)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands, and since `run` need not be written, the options of it and the plans."""
        found = super().shell_complete(ctx, incomplete)
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
        from difflib import get_close_matches  # noqa: PLC0415 - most commands answer without it

        close = get_close_matches(word, self.commands, 1)
        if close and not Path(word).exists():
            raise click.UsageError(f"{word!r} is neither a command nor a file. Did you mean `runner {close[0]}`?")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="runner")
def _runner() -> None:
    """Turn a SQL schema into a working full-stack application, from a YAML plan.

    runner PLAN is short for runner run PLAN.
    """


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


for _command in (run, *STATE_COMMANDS, resolve):
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
