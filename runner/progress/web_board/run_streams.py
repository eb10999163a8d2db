"""Sends each page of the board what it needs: one reader a run for all pages, whatever their number.

Everything runs in the server's event loop but the queries, which run in a thread, one at a time.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from runner.progress.stores.state_reader import StateReader
from runner.progress.web_board.run_feed import Message, RunFeed, history
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

POLL_INTERVAL = 0.2  # seconds between two looks for new events
HISTORY_INTERVAL = 1.0  # seconds between two looks for new runs
KEEP_ALIVE = 15.0  # seconds of silence after which a comment is sent, so that a lost connection is noticed
_QUEUED = 200  # messages that a slow page may be behind, after which it gets the whole state


class _Page:
    """A page that is connected: the messages that it has not been sent."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[str | None] = asyncio.Queue(_QUEUED)

    def send(self, text: str | None) -> None:
        """Queue a message, or None, which ends the connection; a page that is far behind is disconnected, too."""
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(None)


class RunStreams:
    """The streams of all pages; `close` at the end."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._one_at_a_time = asyncio.Lock()
        self._feeds: dict[str, RunFeed] = {}
        self._pages: dict[str, set[_Page]] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._history = ""
        self._watch: asyncio.Task[None] | None = None
        self._reader: StateReader | None = None

    async def runs(self) -> list[Message]:
        """Return the newest runs, the newest first."""
        return await self._ask(lambda: history(self._open()))

    async def events(self, run_id: str, after: int | None) -> AsyncGenerator[str]:
        """Yield server-sent events of a run: what came after event `after`, or the whole state, then each change.

        Raises StoreError where the run is not known.
        """
        page = _Page()
        async with self._one_at_a_time:  # no change can come between the first message and the next ones
            parts = await asyncio.to_thread(self._first, run_id, after)
            first = await asyncio.to_thread(next, parts)
            self._pages.setdefault(run_id, set()).add(page)
        try:
            yield _event(first)
            for part in parts:  # of records in memory: what they need of the file is in the first one
                yield _event(part)
            yield _history_event(await self.runs())
            self._start(run_id)
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        text = await page.waiting.get()
                except TimeoutError:
                    text = ": still here\n\n"
                if text is None:
                    return  # the page connects again, and gets what it missed
                yield text
        finally:
            self._pages[run_id].discard(page)
            if not self._pages[run_id]:
                self._stop(run_id)

    async def close(self) -> None:
        """End all streams."""
        tasks = [*self._polls.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pages in self._pages.values():
            for page in pages:
                page.send(None)
        if self._reader is not None:
            self._reader.close()

    def _open(self) -> StateReader:
        """Return the reader of the state file; as long as there is none, one that has no runs."""
        if self._reader is None:
            reader = StateReader.open(self._state)
            if not reader.path.exists():
                return reader
            self._reader = reader
        return self._reader

    def _first(self, run_id: str, after: int | None) -> Iterator[Message]:
        feed = self._feeds.get(run_id)
        if feed is None:
            feed = self._feeds[run_id] = RunFeed(self._open(), run_id)
        return feed.whole() if after is None else feed.since(after)

    async def _ask(self, query: Callable[[], T]) -> T:
        async with self._one_at_a_time:
            return await asyncio.to_thread(query)

    def _start(self, run_id: str) -> None:
        if run_id not in self._polls:
            self._polls[run_id] = asyncio.create_task(self._poll(run_id))
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_history())

    def _stop(self, run_id: str) -> None:
        del self._pages[run_id]
        self._feeds.pop(run_id, None)
        if (poll := self._polls.pop(run_id, None)) is not None:
            poll.cancel()

    async def _poll(self, run_id: str) -> None:
        feed = self._feeds[run_id]
        while not feed.has_ended:
            async with self._one_at_a_time:
                try:
                    change = await asyncio.to_thread(feed.advance)
                except StoreError as error:
                    self._send(run_id, f"event: problem\ndata: {_json(str(error))}\n\n")
                    return
                if change is not None:
                    self._send(run_id, _event(change))
            await asyncio.sleep(POLL_INTERVAL)

    def _send(self, run_id: str, text: str) -> None:
        for page in self._pages.get(run_id, ()):
            page.send(text)

    async def _watch_history(self) -> None:
        while True:
            text = _history_event(await self.runs())
            if text != self._history:
                self._history = text
                for run_id in self._pages:
                    self._send(run_id, text)
            await asyncio.sleep(HISTORY_INTERVAL)


def _event(message: Message) -> str:
    position = f"id: {message['seq']}\n" if "seq" in message else ""
    return f"{position}data: {_json(message)}\n\n"


def _history_event(runs: list[Message]) -> str:
    return f"event: runs\ndata: {_json(runs)}\n\n"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
