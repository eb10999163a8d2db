"""Runs a plan from the command line: everything between the parsed options and the exit code.

Runs in the supervisor's main thread. Nothing is written before the whole plan is known to be good.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.command.live_progress import LiveProgress
from runner.execution.worker_protocol import Limits
from runner.progress.reports.console import Console, print_drift
from runner.progress.reports.json_report import run_report, write_json
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import AlreadyRunningError, DDLError, PlanError, Problem, WorkspaceError
from runner.records.events import Logged
from runner.records.status import RunStatus, SubTaskStatus
from runner.scheduling.supervisor import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from runner.generation.workspace.plan_lock import PlanLock
    from runner.plan.plan_model import Plan
    from runner.progress.reporter import Sink
    from runner.records.task import TaskInput
    from runner.scheduling.orchestrator import ParallelOrchestrator
    from runner.scheduling.preparation import Preparation
    from runner.scheduling.schedule import Job

EXIT_DRIFT = 3
_MIB = 1 << 20
_RUNS_LOOKED_AT = 50  # of the state folder, for what failed last
_WORKSPACE_GONE = "the workspace was removed or replaced while the run went on. Run the plan again"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of `runner run`."""

    plan: Path
    state: Path
    check: bool = False
    force: bool = False
    fail_fast: bool = False
    rerun_failed: bool = False
    prune: bool = False
    if_running: Literal["fail", "skip", "wait"] = "fail"
    wait: float = 24 * 3600.0  # seconds that the other run is given to end
    keep_runs: int = 100
    json_file: Path | None = None
    quiet: bool = False
    log_format: Literal["text", "json"] = "text"


def run_plan(options: RunOptions) -> int:
    """Run a plan and return the exit code. Raises `RunnerError` for what keeps it from starting."""
    plan, preparation, jobs = _prepare(options.plan)
    progress = LiveProgress.choose(plan, options.state, check=options.check)
    lock: PlanLock | None = None  # of a check, which writes nothing
    with contextlib.ExitStack() as stack:
        if not options.check:
            _check_workspaces(plan)
            try:
                lock = stack.enter_context(_plan_lock(plan, options))
            except AlreadyRunningError:
                if options.if_running == "skip":
                    return 0
                raise
        return _execute(plan, preparation, jobs, options, progress, lock)


def load_jobs(path: Path) -> tuple[Plan, tuple[Job, ...]]:
    """Read and check a plan and all that it names. Raises `PlanError` with everything that is wrong."""
    plan, _, jobs = _prepare(path)
    return plan, jobs


def describe_jobs(plan: Plan, jobs: Sequence[Job]) -> str:
    """Return what a valid plan would do, a line a task."""
    lines = [f"{plan.file}: valid, {len(jobs)} tasks"]
    for job in sorted(jobs, key=lambda job: -job.spec.input.priority):
        spec = job.spec
        told = spec.classification
        how = f"{told.method}, {told.confidence:.0%}" if told.method != "explicit" else "named in the plan"
        lines.append(f"  {spec.input.priority:>2}  {spec.id}: {spec.title} ({how}), {len(spec.subtasks)} sub-tasks")
    return "\n".join(lines)


def write_starter_plan(ddl: Path, dialect: str, output: Path | None) -> tuple[Path, tuple[str, ...]]:
    """Write a plan that generates an application for this schema. Never overwrites.

    Return its path, and what keeps it from being run: statements about tables that were not understood.
    """
    from runner.ddl.reader import read_ddl  # noqa: PLC0415 - the parser is slow to import
    from runner.plan.starter import starter_plan  # noqa: PLC0415 - so is pydantic
    from runner.scheduling.preparation import misread_tables  # noqa: PLC0415

    schema = read_ddl([ddl], dialect)
    path = output or ddl.with_suffix(".yaml")
    text = starter_plan(
        ddl,
        schema.dialect,
        tables=[schema.label(table.name) for table in schema.tables],
        folder=path.parent,
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        problem = Problem(file=str(path), message="already exists", expected="Name another file with --output")
        raise PlanError(problem) from None
    except OSError as error:
        raise PlanError(Problem(file=str(path), message=f"cannot be written: {error.strerror}")) from error
    return path, misread_tables(schema)


def _prepare(path: Path) -> tuple[Plan, Preparation, tuple[Job, ...]]:
    from runner.plan.dispatcher import AgentDispatcher  # noqa: PLC0415 - after the forkserver has been started
    from runner.plan.loading import load_plan  # noqa: PLC0415
    from runner.scheduling.preparation import Preparation  # noqa: PLC0415

    plan = load_plan(path)
    dispatcher = AgentDispatcher(enable_llm=plan.llm.enabled is not False, model=plan.llm.model)
    preparation = Preparation(dispatcher, plan.folder)
    jobs: list[Job] = []
    problems: list[Problem] = []
    for task in plan.tasks:
        job = _job(plan, task, preparation, problems)
        if job is not None:
            jobs.append(job)
    if problems:
        raise PlanError(dict.fromkeys(problems))  # a DDL that several tasks name is wrong once
    return plan, preparation, tuple(jobs)


def _job(plan: Plan, task: TaskInput, preparation: Preparation, problems: list[Problem]) -> Job | None:
    from runner.scheduling.preparation import TaskInputError  # noqa: PLC0415 - with its module, after the forkserver

    try:
        return preparation.prepare(task)
    except TaskInputError as problem:
        problems.append(plan.problem(task, problem.key, problem.message, problem.expected))
    except DDLError as error:
        problems.extend(error.problems)
    return None


def _check_workspaces(plan: Plan) -> None:
    """Make every workspace, or say at which line of the plan the one stands that cannot be used."""
    from runner.generation.workspace.runner_folder import prepare  # noqa: PLC0415

    problems = []
    owners = {Path(task.workspace_path): task for task in reversed(plan.tasks)}
    for workspace, owner in reversed(owners.items()):
        try:
            prepare(workspace)
        except WorkspaceError as error:
            problems.append(plan.problem(owner, "workspace", str(error)))
    if problems:
        raise PlanError(problems)


@contextlib.contextmanager
def _plan_lock(plan: Plan, options: RunOptions) -> Iterator[PlanLock]:
    from runner.generation.workspace.plan_lock import PlanLock  # noqa: PLC0415

    lock = PlanLock(plan.workspace, plan.path)
    lock.acquire(options.wait if options.if_running == "wait" else 0.0)
    try:
        yield lock
    finally:
        lock.release()


def _execute(
    plan: Plan,
    preparation: Preparation,
    jobs: Sequence[Job],
    options: RunOptions,
    progress: LiveProgress,
    lock: PlanLock | None,
) -> int:
    from runner.scheduling.orchestrator import ParallelOrchestrator, RunInfo, warnings_of  # noqa: PLC0415

    settings = Settings(
        workers=plan.concurrency.tasks,
        subtasks=plan.concurrency.subtasks,
        force=options.force,
        check=options.check,
        fail_fast=options.fail_fast,
        limits=Limits(
            memory=None if plan.workers.memory is None else plan.workers.memory * _MIB,
            max_subtasks=plan.workers.max_subtasks,
        ),
    )
    with _run_store(options) as store:
        console = Console(quiet=options.quiet, log_format=options.log_format, check=options.check)
        for notice in store.notices:
            console.notice(notice)
        for dead in store.mark_interrupted(str(plan.path)):
            console.notice(f"run {dead.id} of this plan was interrupted; what it had done is up to date")
        store.forget_old(options.keep_runs)
        plan_jobs = jobs
        if options.rerun_failed:
            with _history(options, store) as history:
                jobs = unfinished(jobs, history, str(plan.path))
            if not jobs:
                console.notice("nothing failed when this plan last ran")
        info = RunInfo(plan=plan.name, plan_path=str(plan.path))
        sinks: list[Sink] = [console, *progress.sinks(store)]
        orchestrator = ParallelOrchestrator(store=store, sinks=sinks, settings=settings, info=info)
        progress.attach(orchestrator)
        interrupted = _Interrupted(orchestrator)
        with interrupted.watch(), contextlib.closing(orchestrator):
            orchestrator.start_run()
            for warning in (*progress.warnings(), *warnings_of(preparation.schemas)):
                orchestrator.note(warning)
            orchestrator.submit_jobs(jobs)
            orchestrator.on_idle()
            code = _exit_code(orchestrator, interrupted, options)
            status = RunStatus.CANCELLED if interrupted.signal else None
            if code == 0 and lock is not None and not lock.is_in_place():
                orchestrator.note(Logged(level="error", message=f"{plan.workspace}: {_WORKSPACE_GONE}"))
                status, code = RunStatus.FAILED, 1
            if code == 0 and not options.check:
                _after_success(plan_jobs, jobs, orchestrator, console, options)
            orchestrator.close(status, code)
            progress.drain(store, console)
        if options.check:
            with contextlib.suppress(BrokenPipeError):  # the exit code tells the same
                print_drift(change for _, change in orchestrator.changes)
        if options.json_file is not None:
            write_json(options.json_file, run_report(store, orchestrator.run_id))
    return code


def _after_success(
    plan_jobs: Sequence[Job],
    jobs: Sequence[Job],
    orchestrator: ParallelOrchestrator,
    console: Console,
    options: RunOptions,
) -> None:
    """Deal with tables that the plan no longer has, and say how to start what was made."""
    from runner.command import dropped_tables as gone_tables  # noqa: PLC0415 - with its modules, after the forkserver

    gone = gone_tables.find(job.spec for job in plan_jobs)
    if options.prune:
        for table in gone:
            for event in gone_tables.prune(table, orchestrator.run_id):
                orchestrator.note(event)
    elif gone:
        console.notice(gone_tables.notice(gone))
    if options.log_format == "text":
        for hint in start_hints(jobs, Path.cwd()):
            console.notice(hint)


@contextlib.contextmanager
def _run_store(options: RunOptions) -> Iterator[SqliteStore]:
    """Open the store of this run: the state folder's, or for a check, which writes nothing there, a temporary one."""
    with contextlib.ExitStack() as stack:
        folder = options.state
        if options.check:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runner-check-")))
        yield stack.enter_context(SqliteStore(folder))


@contextlib.contextmanager
def _history(options: RunOptions, store: SqliteStore) -> Iterator[StateReader]:
    """Yield the reader of earlier runs: the run's own store, or for a check the state folder, opened read-only."""
    if not options.check:
        yield store
        return
    with StateReader.open(options.state) as reader:
        yield reader


def unfinished(jobs: Sequence[Job], store: StateReader, plan_path: str) -> tuple[Job, ...]:
    """Return what failed, was skipped or was cancelled the last time that it was run, and nothing else.

    A sub-task that no run knows is taken for unfinished. Needs that are not run again count as met.
    """
    latest: dict[str, SubTaskStatus] = {}
    for run in store.runs(_RUNS_LOOKED_AT):  # the newest comes first
        if run.plan_path == plan_path:
            latest = {subtask.id: subtask.status for subtask in store.subtasks(run.id)} | latest
    done = {subtask_id for subtask_id, status in latest.items() if status is SubTaskStatus.DONE}
    left = {job.spec.id: [subtask for subtask in job.spec.subtasks if subtask.id not in done] for job in jobs}
    return tuple(
        replace(
            job,
            spec=replace(
                job.spec,
                subtasks=tuple(left[job.spec.id]),
                input=replace(job.spec.input, needs=tuple(need for need in job.spec.input.needs if left.get(need))),
            ),
        )
        for job in jobs
        if left[job.spec.id]
    )


def start_hints(jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """Return how to start what the jobs have made, from a folder: a line of shell each."""
    hints = []
    for job in jobs:
        if job.start is not None:
            place = job.spec.workspace / job.start.folder
            near = place.relative_to(folder) if place.is_relative_to(folder) else place
            hints.append(f"start {job.start.what}:  cd {shlex.quote(str(near))} && {job.start.command}")
    return tuple(dict.fromkeys(hints))


def _exit_code(orchestrator: ParallelOrchestrator, interrupted: _Interrupted, options: RunOptions) -> int:
    if interrupted.signal is not None:
        return 128 + interrupted.signal
    if not all(result.success for result in orchestrator.results.values()):
        return 1
    if options.check and any(verb != "keep" for _, (verb, _) in orchestrator.changes):
        return EXIT_DRIFT
    return 0


class _Interrupted:
    """Remembers the signal that asked this run to end, and passes it on: once gently, then at once."""

    def __init__(self, orchestrator: ParallelOrchestrator) -> None:
        self._orchestrator = orchestrator
        self.signal: int | None = None

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        if before[signal.SIGHUP] is signal.SIG_IGN:  # as nohup has it: the run is to outlive its terminal
            del before[signal.SIGHUP]
        for number in before:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        name = signal.Signals(number).name
        if self.signal is None:
            self.signal = number
            self._orchestrator.cancel(reason=f"interrupted by {name}")
        else:
            self._orchestrator.kill(f"interrupted by {name} again")
