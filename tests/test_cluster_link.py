"""The connection to worker hosts: what is accepted, and what counts as its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from runner.execution.cluster.host_protocol import CodeSent, HostSetup, ShardSent
from runner.execution.cluster.link import MAX_FRAME, Link, LinkLostError, Pulse
from runner.execution.worker_protocol import (
    AttemptFailed,
    FilesChanged,
    Limits,
    Shard,
    ShardEnded,
    WorkerReady,
)
from runner.records.events import SubTaskEnded, SubTaskStarted
from runner.records.status import SubTaskStatus
from runner.records.task import Classification, FileCounts, TaskInput, TaskSpec, subtasks_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

LIMIT = 60.0  # seconds
PULSE = Pulse(beat=0.05, silence=0.4)
LENGTH = struct.Struct("!I")


def talk(there: Callable[[asyncio.StreamWriter, Link], Awaitable[None]], here: Callable[[Link], Awaitable[Any]]) -> Any:
    """Run both ends of a connection and return what `here` returns."""

    async def both() -> Any:
        ended = asyncio.Event()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await there(writer, Link(reader, writer, PULSE))
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                ended.set()

        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        async with server:
            link = await Link.connect("127.0.0.1", server.sockets[0].getsockname()[1], None, PULSE)
            try:
                return await here(link)
            finally:
                await link.close()
                await ended.wait()

    with ThreadPoolExecutor(1) as own_thread:  # in this one a test in a browser may have left an event loop
        return own_thread.submit(asyncio.run, both()).result(LIMIT)


async def received(link: Link) -> tuple[Any, ...]:
    return await link.receive()


def test_all_records_arrive_as_they_were_sent(tmp_path: Path) -> None:
    task = TaskSpec(
        id="task",
        input=TaskInput(description="task", workspace_path=tmp_path, options={"a": [1, "b", None]}, templates="mine"),
        title="Task",
        classification=Classification(kind="a:B", method="explicit", confidence=1.0),
        subtasks=subtasks_of("task", "Task", ["t0"]),
        import_path=tmp_path,
        schema_digest=None,
        inputs_digest="inputs",
    )
    work = ((task.subtasks[0], 1),)
    sent = (
        ShardSent(token="t", shard=Shard(run_id="r", task=task, work=work, threads=2), schema=b"s", code="d"),
        CodeSent(digest="d", data=b"zip"),
        HostSetup(limits=Limits(memory=1), environment={"A": "b"}),
        WorkerReady(pid=1),
        SubTaskStarted(task_id="task", subtask_id="task/t0", attempt=1, total_steps=5, pid=1),
        SubTaskEnded(
            task_id="task", subtask_id="task/t0", status=SubTaskStatus.DONE, attempt=1, files=FileCounts(created=1)
        ),
        AttemptFailed(task_id="task", subtask_id="task/t0", attempt=1, error="e", retryable=True),
        FilesChanged(task_id="task", subtask_id="task/t0", changes=(("create", "a"),)),
        ShardEnded(),
    )

    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        link.send(*sent)
        await link.drain()

    assert talk(there, received) == sent


class _Runs:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("true",)


@pytest.mark.parametrize("hostile", [_Runs(), Pulse, json.loads, os], ids=["a call", "a type", "a function", "other"])
def test_a_pickle_of_anything_else_ends_the_connection_and_runs_nothing(hostile: Any) -> None:
    try:
        data = pickle.dumps((hostile,))
    except TypeError:  # a module
        data = b"cos\nsystem\n(S'true'\ntR."

    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        del link
        writer.write(LENGTH.pack(len(data)) + data)
        await writer.drain()

    with pytest.raises(LinkLostError, match="is no record that is expected here"):
        talk(there, received)


def test_frames_that_arrive_together_are_received_together_up_to_one_that_is_none() -> None:
    frames = [pickle.dumps((WorkerReady(pid=1),)), b"", pickle.dumps((WorkerReady(pid=2), WorkerReady(pid=3))), b"?"]

    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        writer.write(b"".join(LENGTH.pack(len(frame)) + frame for frame in frames))
        await link.drain()

    async def here(link: Link) -> tuple[Any, ...]:
        assert await link.receive() == tuple(WorkerReady(pid=pid) for pid in (1, 2, 3))
        return await link.receive()

    with pytest.raises(LinkLostError, match="what was sent is no message"):
        talk(there, here)


def test_a_frame_beyond_the_bound_is_not_read() -> None:
    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        del link
        writer.write(LENGTH.pack(MAX_FRAME + 1))
        await writer.drain()

    with pytest.raises(LinkLostError, match="was announced"):
        talk(there, received)


def test_silence_is_the_end_and_a_beat_is_none() -> None:
    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        del writer
        link.start_beats()
        await asyncio.sleep(3 * PULSE.silence)
        link.send(WorkerReady(pid=1))
        await link.drain()
        assert link._beats is not None
        link._beats.cancel()  # it falls silent
        await asyncio.sleep(3 * PULSE.silence)

    async def here(link: Link) -> tuple[Any, ...]:
        assert await link.receive() == (WorkerReady(pid=1),)
        return await link.receive()

    with pytest.raises(LinkLostError, match=r"no word for 0\.4 s"):
        talk(there, here)


def test_a_frame_that_is_cut_off_is_never_delivered() -> None:
    data = pickle.dumps((WorkerReady(pid=1),))

    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        del link
        writer.write(LENGTH.pack(len(data)) + data[:-1])
        await writer.drain()

    with pytest.raises(LinkLostError, match="its connection was closed"):
        talk(there, received)


@pytest.mark.parametrize("data", [LENGTH.pack(1 << 20), LENGTH.pack(2) + b"[]", LENGTH.pack(1) + b"?"])
def test_a_greeting_that_is_none_is_refused(data: bytes) -> None:
    async def there(writer: asyncio.StreamWriter, link: Link) -> None:
        del link
        writer.write(data)
        await writer.drain()

    with pytest.raises(ValueError):
        talk(there, Link.greeting)
