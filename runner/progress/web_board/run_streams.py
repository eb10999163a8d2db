"""Sends each page of the board what it needs: one reader a run for all pages, whatever their number.

Everything runs in the server's event loop but the queries, which run in one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from runner.progress.web_board.board_source import AwayError
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from typing import TypeVar

    from runner.progress.web_board.board_source import BoardSource, Feed, Message

    T = TypeVar("T")

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

    def __init__(self, source: BoardSource) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(1, "board")
        self._one_at_a_time = asyncio.Lock()
        self._feeds: dict[str, Feed] = {}
        self._pages: dict[str, set[_Page]] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._runs: list[Message] = []
        self._watch: asyncio.Task[None] | None = None

    async def runs(self) -> list[Message]:
        """Return the newest runs, the newest first; those known last where the source is away."""
        async with self._one_at_a_time:
            with contextlib.suppress(AwayError):
                self._runs = await self._ask(self._source.runs)
        return self._runs

    async def events(self, run_id: str, after: int | None) -> AsyncGenerator[str]:
        """Yield server-sent events of a run: what came after event `after`, or the whole state, then each change.

        Raises StoreError where the run is not known, AwayError where the source is away.
        """
        page = _Page()
        try:
            async with self._one_at_a_time:  # no change can come between the first message and the next ones
                self._pages.setdefault(run_id, set()).add(page)  # keeps the feed from here on
                parts = await self._ask(lambda: self._first(run_id, after))
                first = await self._ask(lambda: next(parts))
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
            self._leave(run_id, page)

    async def close(self) -> None:
        """End all streams."""
        tasks = [*self._polls.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pages in self._pages.values():
            for page in pages:
                page.send(None)
        await self._ask(self._source.close)
        self._thread.shutdown()

    async def _ask(self, query: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, query)

    def _first(self, run_id: str, after: int | None) -> Iterator[Message]:
        feed = self._feeds.get(run_id)
        if feed is None:
            feed = self._feeds[run_id] = self._source.follow(run_id)
        return feed.whole() if after is None else feed.since(after)

    def _start(self, run_id: str) -> None:
        if run_id not in self._polls:
            self._polls[run_id] = asyncio.create_task(self._poll(run_id))
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_history())

    def _leave(self, run_id: str, page: _Page) -> None:
        """Forget a page; after the last one of a run, the run."""
        pages = self._pages.get(run_id, set())
        pages.discard(page)
        if pages:
            return
        self._pages.pop(run_id, None)
        self._feeds.pop(run_id, None)
        if (poll := self._polls.pop(run_id, None)) is not None:
            poll.cancel()

    async def _poll(self, run_id: str) -> None:
        feed = self._feeds[run_id]
        problem = ""
        while not feed.has_ended:
            change, before = None, problem
            async with self._one_at_a_time:
                try:
                    change, problem = await self._ask(feed.advance), ""
                except AwayError as error:
                    problem = str(error)
                except StoreError as error:
                    self._send(run_id, _problem_event(str(error)))
                    return
                if problem != before:
                    self._send(run_id, _problem_event(problem))
                if change is not None:
                    self._send(run_id, _event(change))
            await asyncio.sleep(self._source.poll_interval)

    def _send(self, run_id: str, text: str) -> None:
        for page in self._pages.get(run_id, ()):
            page.send(text)

    async def _watch_history(self) -> None:
        shown = ""
        while True:
            text = _history_event(await self.runs())
            if text != shown:
                shown = text
                for run_id in self._pages:
                    self._send(run_id, text)
            await asyncio.sleep(self._source.history_interval)


def _event(message: Message) -> str:
    position = f"id: {message['seq']}\n" if "seq" in message else ""
    return f"{position}data: {_json(message)}\n\n"


def _history_event(runs: list[Message]) -> str:
    return f"event: runs\ndata: {_json(runs)}\n\n"


def _problem_event(text: str) -> str:
    """Return an event with why nothing new comes; empty once it comes again."""
    return f"event: problem\ndata: {_json(text)}\n\n"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
