"""Messages arrive over a pipe complete and in order, however the pipe fragments them."""

from __future__ import annotations

import os
import pickle
import threading
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from runner.execution.worker_protocol import AttemptFailed, FilesChanged, ShardBegun, ShardEnded
from runner.records.events import TaskStarted
from runner.records.message_pipe import CompactPickle, Receiver, Sender

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(CompactPickle):
    number: int
    text: str = ""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


@pytest.mark.parametrize(
    "record",
    [
        Note(number=1, text="ü\ud800"),
        ShardBegun(),
        ShardEnded(error="why"),
        FilesChanged(task_id="t", subtask_id="t/a", changes=(("create", "a.py"),)),
        AttemptFailed(task_id="t", subtask_id="t/a", attempt=1, error="", retryable=True),
        TaskStarted(task_id="t", at=datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)),
        TaskStarted(task_id="t", at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        TaskStarted(task_id="t", at=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=7)))),
    ],
)
def test_a_record_survives_pickling_and_stays_frozen(record: CompactPickle) -> None:
    again: Any = pickle.loads(pickle.dumps(record, pickle.HIGHEST_PROTOCOL))
    with pytest.raises((FrozenInstanceError, TypeError)):
        again.task_id = "other"
    assert again == record
    assert type(again) is type(record)


def test_queued_messages_are_sent_before_the_next_one(pipe: tuple[int, int]) -> None:
    receiver, sender = Receiver(pipe[0]), Sender(pipe[1])
    sender.queue(Note(number=1))
    sender.queue(Note(number=2))
    sender.send(Note(number=3))
    sender.send(Note(number=4))
    assert [note.number for note in receiver.receive()] == [1, 2, 3, 4]


def test_messages_arrive_whole_in_whatever_pieces(pipe: tuple[int, int]) -> None:
    inner = os.pipe()
    sender, receiver = Sender(inner[1]), Receiver(pipe[0])
    found = []
    for number in range(3):
        sender.send(Note(number=number, text="x" * number * 300))
        for byte in os.read(inner[0], 65536):
            os.write(pipe[1], bytes([byte]))
            found += receiver.receive()
    for end in inner:
        os.close(end)
    assert [(note.number, len(note.text)) for note in found] == [(0, 0), (1, 300), (2, 600)]


def test_large_messages_of_several_threads_arrive_whole(pipe: tuple[int, int]) -> None:
    receiver, sender = Receiver(pipe[0]), Sender(pipe[1])

    def send(number: int) -> None:
        for _ in range(5):
            sender.send(Note(number=number, text=str(number) * 100_000))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    found: list[Note] = []
    while len(found) < 20:
        found += receiver.receive()
    for thread in threads:
        thread.join()
    assert sorted(note.number for note in found) == sorted([*range(4)] * 5)
    assert all(note.text == str(note.number) * 100_000 for note in found)


def test_an_incomplete_message_of_a_dead_writer_is_dropped(pipe: tuple[int, int]) -> None:
    receiver = Receiver(pipe[0])
    Sender(pipe[1]).send(Note(number=1))
    os.write(pipe[1], b"\0\0\1\0half of a frame")
    os.close(pipe[1])
    assert [note.number for note in receiver.receive()] == [1]
    with pytest.raises(EOFError):
        receiver.receive()


def test_sending_without_a_reader_raises(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        Sender(pipe[1]).send(Note(number=1))
