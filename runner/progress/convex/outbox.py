"""Cuts the events of a run into the batches that are sent to Convex, in the form that its validators take. Pure.

The outbox is not a separate store: it is the event table of the state file and, for each sink, the number up to which a
run's events were acknowledged. A batch is cut from it for every attempt, so nothing is kept here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from runner.records.events import Logged, SubTaskEnded, SubTaskRetrying, SubTaskStep, TaskAdded, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.progress.reporter import Recorded
    from runner.records.events import Event

MAX_EVENTS = 500  # in one call: 45 to 70 times faster than one call for each event, and far from every limit
MAX_BYTES = 512 * 1024  # of one call; Convex takes 16 MiB, but on a slow line a failed call should cost little
MAX_SUBTASKS = 500  # announced in one call; an array may have 8,192 items and a call may read 4,096 ranges
MAX_TEXT = 128 * 1024  # bytes of one text: a task has six, and its document must stay under 1 MiB
_EVENT_SIZE = 250  # bytes of a usual event, without its free text
_MARK = "… [cut: {:,} characters in all]"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """Further sub-tasks of a task that has too many for its `TaskAdded`."""

    task_id: str
    at: str
    subtasks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """The events `first_seq` to `last_seq` of a run, without superseded ones.

    It is delivered once its `announcements`, which are sent after it, are delivered, too.
    """

    first_seq: int
    last_seq: int
    events: tuple[dict[str, Any], ...]
    announcements: tuple[Announcement, ...] = ()


@dataclass(slots=True)
class _Cut:
    """A batch while it is being cut."""

    events: dict[int, dict[str, Any]] = field(default_factory=dict)  # by seq
    sizes: dict[int, int] = field(default_factory=dict)
    newest_step: dict[str, int] = field(default_factory=dict)  # seq by sub-task
    size: int = 0

    def add(self, seq: int, event: dict[str, Any], size: int) -> None:
        if event["type"] == SubTaskStep.__name__:
            superseded = self.newest_step.get(event["subtaskId"])
            if superseded is not None:
                del self.events[superseded]
                self.size -= self.sizes.pop(superseded)
            self.newest_step[event["subtaskId"]] = seq
        self.events[seq] = event
        self.sizes[seq] = size
        self.size += size


def cut_batch(waiting: Iterable[Recorded]) -> Batch | None:
    """Return the next batch of a run's waiting events, which are in order and without gaps; None where there are none.

    Of the steps of one sub-task only the newest is sent: it supersedes the others. The last event is always sent: the
    server reads its own position from it.
    """
    cut = _Cut()
    first = last = 0
    announcements: tuple[Announcement, ...] = ()
    for recorded in waiting:
        event, rest = as_sent(recorded)
        size = len(_encode(event).encode())
        if cut.events and (cut.size + size > MAX_BYTES or recorded.seq - first >= MAX_EVENTS):
            break
        first = first or recorded.seq
        last = recorded.seq
        cut.add(recorded.seq, event, size)
        if rest:
            announcements = tuple(_announcements(event, rest))
            break
    if not first:
        return None
    return Batch(first_seq=first, last_seq=last, events=tuple(cut.events.values()), announcements=announcements)


def as_sent(recorded: Recorded) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an event in the form of the deployment's validators, and the sub-tasks that did not fit into it."""
    data = to_json(recorded.event)
    kind = data.pop("event")
    if data.get("host", "") is None:
        del data["host"]  # a deployment of an older version does not know it, and a run on one machine has none
    event = {"type": kind, "seq": recorded.seq, **_translated(data)}
    if not isinstance(recorded.event, TaskAdded):
        return event, []
    subtasks = [{**subtask, "position": position} for position, subtask in enumerate(event["subtasks"])]
    fitting = next(_parts(subtasks), [])
    return {**event, "subtasks": fitting}, subtasks[len(fitting) :]


def estimated_size(event: Event) -> int:
    """Return roughly how many bytes an event takes in a call, without encoding it."""
    match event:
        case Logged() | SubTaskStep():
            return _EVENT_SIZE + len(event.message)
        case SubTaskEnded() | SubTaskRetrying():
            return _EVENT_SIZE + len(event.error or "")
        case TaskAdded():
            return _EVENT_SIZE * (1 + len(event.subtasks))
        case _:
            return _EVENT_SIZE


def fit_text(text: str) -> str:
    """Return text that fits into a document: valid UTF-8, and shortened, with a mark, where it is too long."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) * 4 <= MAX_TEXT:
        return text
    encoded = text.encode("utf-8")
    if len(encoded) <= MAX_TEXT:
        return text
    mark = _MARK.format(len(text))
    kept = encoded[: MAX_TEXT - len(mark.encode("utf-8"))].decode("utf-8", "ignore")
    return kept + mark


def _announcements(event: dict[str, Any], rest: list[dict[str, Any]]) -> Iterator[Announcement]:
    for part in _parts(rest):
        yield Announcement(task_id=event["taskId"], at=event["at"], subtasks=tuple(part))


def _parts(subtasks: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Split sub-tasks into lists that each fit into one call."""
    part: list[dict[str, Any]] = []
    size = 0
    for subtask in subtasks:
        weight = len(_encode(subtask).encode())
        if part and (len(part) >= MAX_SUBTASKS or size + weight > MAX_BYTES // 2):
            yield part
            part, size = [], 0
        part.append(subtask)
        size += weight
    if part:
        yield part


def _translated(value: Any) -> Any:
    """Return JSON values with field names in camel case and texts that fit."""
    if isinstance(value, dict):
        return {camel_case(name): _translated(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_translated(item) for item in value]
    return fit_text(value) if isinstance(value, str) else value


@cache
def camel_case(name: str) -> str:
    """Return the name that the deployment has for a field: `up_to_date` is `upToDate`."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
