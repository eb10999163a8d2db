"""The streams of the board's pages over a source in memory: what each page gets, whoever comes and leaves."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

from runner.progress.web_board.board_source import AwayError, BoardSource, Feed, Message, whole_state
from runner.progress.web_board.run_streams import RunStreams

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

WAIT = 30.0  # seconds for any wait


class CountingFeed(Feed):
    """A run in which each look finds one more event, once there is one in `coming`."""

    def __init__(self, source: CountingSource) -> None:
        self.seq = 0
        self._source = source

    @property
    def has_ended(self) -> bool:
        return False

    def whole(self) -> Iterator[Message]:
        self._source.begun.set()
        assert self._source.may_read.wait(WAIT)
        return whole_state({"id": "run"}, [], [], [], self.seq)

    def since(self, seq: int) -> Iterator[Message]:
        return self.whole()

    def advance(self) -> Message | None:
        if self._source.away:
            raise AwayError("nobody answers")
        if not self._source.coming:
            return None
        self._source.coming -= 1
        self.seq += 1
        return {"kind": "change", "seq": self.seq}


class CountingSource(BoardSource):
    """One run. `may_read` lets the reading of its state end, which sets `begun` when it begins."""

    poll_interval = 0.01
    history_interval = 0.01

    def __init__(self) -> None:
        self.coming = 0
        self.away = False
        self.begun, self.may_read = threading.Event(), threading.Event()
        self.may_read.set()
        self.closed = False

    def runs(self) -> list[Message]:
        if self.away:
            raise AwayError("nobody answers")
        return [{"id": "run"}]

    def follow(self, run_id: str) -> CountingFeed:
        return CountingFeed(self)

    def close(self) -> None:
        self.closed = True


def over(test: Callable[[CountingSource, RunStreams], Coroutine[Any, Any, None]]) -> None:
    """Run a test over a source and its streams, which are closed at the end."""

    async def with_streams() -> None:
        source = CountingSource()
        streams = RunStreams(source)
        async with asyncio.timeout(WAIT):
            await test(source, streams)
            await streams.close()
        assert source.closed

    asyncio.run(with_streams())


async def until(page: AsyncGenerator[str], wanted: str) -> str:
    """Return the next event of a page that has this text."""
    async for text in page:
        if wanted in text:
            return text
    raise AssertionError(f"the stream ended before {wanted}")


def test_a_page_that_joins_while_the_last_one_leaves_gets_what_comes() -> None:
    async def test(source: CountingSource, streams: RunStreams) -> None:
        first, second = streams.events("run", None), streams.events("run", None)
        await until(first, '"kind":"whole"')
        source.begun.clear()
        source.may_read.clear()
        joining = asyncio.ensure_future(anext(second))
        await asyncio.to_thread(source.begun.wait, WAIT)
        await first.aclose()
        source.may_read.set()
        assert '"kind":"whole"' in await joining
        source.coming = 1
        assert '"seq":1' in await until(second, '"kind":"change","seq":1')
        await second.aclose()

    over(test)


def test_a_source_that_is_away_is_reported_once_and_asked_again() -> None:
    async def test(source: CountingSource, streams: RunStreams) -> None:
        page = streams.events("run", None)
        await until(page, "event: runs")
        source.away = True
        assert json.loads((await until(page, "event: problem")).partition("data: ")[2]) == "nobody answers"
        assert await streams.runs() == [{"id": "run"}]
        source.away, source.coming = False, 1
        assert (await until(page, "event: problem")).endswith('data: ""\n\n')
        await until(page, '"seq":1')
        await page.aclose()

    over(test)
