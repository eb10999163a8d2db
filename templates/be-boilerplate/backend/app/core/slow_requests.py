"""Requests that may read many rows: a bounded number runs at once, and their queries end when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.core.database import cancel_statement
from app.core.problems import too_busy

_CANCEL_INTERVAL_S = 0.2  # until the work ends: a statement may begin right after a cancellation
_CLIENT_CLOSED_REQUEST = 499  # as nginx logs it; nobody receives the response


class SlowRequests:
    """Runs at most `limit` slow requests at once; the others wait up to `wait` seconds for their turn.

    The limit is lower than the number of database connections, so single rows and health checks always get one.
    """

    def __init__(self, limit: int, wait: float) -> None:
        self._turns = asyncio.Semaphore(limit)
        self._wait = wait

    async def run(
        self, request: Request, session: Session, work: Callable[[], Response]
    ) -> Response:
        """Do the work in a thread when it is its turn; raises a problem 503 if it does not get one in time."""
        try:
            async with asyncio.timeout(self._wait):
                await self._turns.acquire()
        except TimeoutError:
            raise too_busy("Too many slow requests are running.") from None
        try:
            return await run_while_connected(request, session, work)
        finally:
            self._turns.release()


async def run_while_connected(
    request: Request, session: Session, work: Callable[[], Response]
) -> Response:
    """Do the work in a thread. When the client leaves, cancel its statements until the work ends."""
    left = asyncio.create_task(wait_for_disconnect(request))
    done = asyncio.ensure_future(run_in_threadpool(work))
    try:
        await asyncio.wait({done, left}, return_when=asyncio.FIRST_COMPLETED)
        while not done.done():
            await asyncio.to_thread(cancel_statement, session)
            await asyncio.wait({done}, timeout=_CANCEL_INTERVAL_S)
        return await done
    except DBAPIError:
        if not left.done():
            raise
        left.result()  # raises where the body of the request exceeded a limit
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    finally:
        if not left.cancel():
            left.exception()  # retrieved, so that asyncio does not log it


async def wait_for_disconnect(request: Request) -> None:
    """Wait until the client has left or has received the response."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def slow_requests(request: Request) -> SlowRequests:
    """Return the slow requests of the application that handles a request."""
    running: SlowRequests = request.app.state.slow_requests
    return running
