"""A thread that runs an asyncio event loop, for code that runs in another thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_Result = TypeVar("_Result")


class LoopThread:
    """An event loop in a thread of its own. `on_failure` takes the error of a task that nobody awaits."""

    def __init__(self, name: str, on_failure: Callable[[BaseException], None]) -> None:
        self._on_failure = on_failure
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine, wait for its end and return its result; call it from another thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine as a task. In the order of the calls, from any thread."""
        self._loop.call_soon_threadsafe(self._start, coroutine)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function soon."""
        self._loop.call_soon_threadsafe(function)

    def keep(self, task: asyncio.Task[Any] | None) -> None:
        """Watch over a task that something else has started."""
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def finish(self, seconds: float) -> None:
        """Wait for the tasks, and cancel those that still run after so many seconds."""
        tasks = self._tasks - {asyncio.current_task()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()

    def close(self) -> None:
        """End the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.keep(self._loop.create_task(coroutine))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)
