"""A run at one moment, as `runner watch` shows it: its tasks with their progress and running sub-tasks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.progress.reports.text_layout import as_line, one_line
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.progress.stores.state_reader import StateReader

_BAR = 20  # characters of a task's bar
_MARKS = {
    TaskStatus.PENDING: " ",
    TaskStatus.RUNNING: ">",
    TaskStatus.DONE: "+",
    TaskStatus.FAILED: "x",
    TaskStatus.CANCELLED: "-",
    TaskStatus.SKIPPED: "-",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The current step of a running sub-task; `step` counts from 1, 0 before the first."""

    title: str
    step: int
    total_steps: int
    message: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A task on the board, with the numbers of its sub-tasks."""

    id: str
    title: str
    priority: int
    status: TaskStatus
    completed: int
    failed: int
    total: int
    error: str | None
    running: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A run and its tasks, in the plan's order."""

    run_id: str
    plan: str
    status: RunStatus
    started_at: str
    ended_at: str | None
    cards: tuple[Card, ...]

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.status.ended


def read_board(reader: StateReader, run_id: str) -> Board:
    """Return the board of a run in the state file."""
    run = reader.run(run_id)
    steps: dict[str, list[Step]] = {}
    for subtask in reader.subtasks(run_id):
        if subtask.status is SubTaskStatus.RUNNING:
            step = Step(
                title=subtask.title, step=subtask.step, total_steps=subtask.total_steps, message=subtask.message
            )
            steps.setdefault(subtask.task_id, []).append(step)
    cards = tuple(
        Card(
            id=task.id,
            title=task.title,
            priority=task.priority,
            status=task.status,
            completed=task.progress.completed,
            failed=task.progress.failed,
            total=task.progress.total,
            error=task.error,
            running=tuple(steps.get(task.id, ())),
        )
        for task in reader.tasks(run_id)
    )
    return Board(
        run_id=run.id,
        plan=run.plan,
        status=run.status,
        started_at=run.started_at,
        ended_at=run.ended_at,
        cards=cards,
    )


def board_from_convex(value: Mapping[str, Any]) -> Board:
    """Return the board of a run from the result of Convex's query `runs:board`, whose numbers are floats."""
    run = value["run"]
    found = sorted((card for column in value["columns"].values() for card in column), key=lambda card: card["position"])
    return Board(
        run_id=run["externalId"],
        plan=run["plan"],
        status=RunStatus(run["status"]),
        started_at=run["startedAt"],
        ended_at=run["endedAt"],
        cards=tuple(_card(card) for card in found),
    )


def _card(card: Mapping[str, Any]) -> Card:
    progress = card["progress"]
    return Card(
        id=card["externalId"],
        title=card["title"],
        priority=int(card["priority"]),
        status=TaskStatus(card["status"]),
        completed=int(progress["completed"]),
        failed=int(progress["failed"]),
        total=int(progress["total"]),
        error=card["error"],
        running=tuple(
            Step(
                title=each["title"],
                step=int(each["step"]),
                total_steps=int(each["totalSteps"]),
                message=each["message"],
            )
            for each in card["running"]
        ),
    )


def board_lines(board: Board) -> list[str]:
    """Return the board as lines of text: one for each task, and one for each running sub-task."""
    done = sum(card.status.ended for card in board.cards)
    lines = [f"{board.plan}  {board.run_id}  {board.status.value}  {done}/{len(board.cards)} tasks"]
    for card in board.cards:
        lines.append(_task_line(card))
        lines.extend(f"      {_step_line(step)}" for step in card.running)
    return [as_line(line) for line in lines]


def changed_lines(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return the lines of `now` that are not in `before`, for output that is not a terminal."""
    seen = set(before)
    return [line for line in now if line not in seen]


def _task_line(card: Card) -> str:
    ended = card.completed + card.failed
    filled = _BAR * ended // card.total if card.total else 0
    line = f"  {_MARKS[card.status]} [{'#' * filled}{'.' * (_BAR - filled)}] {ended}/{card.total}  {card.id}: "
    line += f"{card.title}  {card.status.value}"
    if card.failed:
        line += f", {card.failed} failed"
    return f"{line}: {one_line(card.error)}" if card.error else line


def _step_line(step: Step) -> str:
    text = f"{step.title}  {step.step}/{step.total_steps}"
    return f"{text} {one_line(step.message)}" if step.message else text
