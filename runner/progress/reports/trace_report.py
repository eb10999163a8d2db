"""The report for `--trace FILE`: the Trace Event Format of Chrome, which Perfetto and `chrome://tracing` open. Pure.

Each worker is a process of the trace, and each of the sub-tasks that it ran at once is on a thread of its own. The
tasks are the threads of the supervisor. Times are microseconds since the beginning of the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.progress.reports.timeline import attempts_by_worker, newest_moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from runner.progress.reports.run_account import RunAccount

_MICROSECONDS = 1_000_000


def trace_json(account: RunAccount) -> str:
    """Return the trace of a run. What had not ended ends with the newest event that is known."""
    return json.dumps({"displayTimeUnit": "ms", "traceEvents": list(_events(account))}) + "\n"


def _events(account: RunAccount) -> Iterator[dict[str, Any]]:
    first, last = account.started_at, newest_moment(account)
    if first is None or last is None:
        return

    def span(name: str, pid: int, tid: int, began: datetime, ended: datetime, **args: Any) -> dict[str, Any]:
        at, until = ((moment - first).total_seconds() * _MICROSECONDS for moment in (began, ended))
        return {
            "name": name, "ph": "X", "pid": pid, "tid": tid, "ts": round(at), "dur": max(0, round(until - at)),
            "cat": "runner", "args": {key: value for key, value in args.items() if value is not None},
        }  # fmt: skip

    yield _named("process_name", f"supervisor {account.pid}: {account.plan}", account.pid)
    for number, task in enumerate(account.tasks.values(), 1):
        yield _named("thread_name", task.id, account.pid, number)
        if task.started_at is not None:
            yield span(
                task.id,
                account.pid,
                number,
                task.started_at,
                task.ended_at or last,
                agent=task.agent,
                status=task.status.value,
                error=task.error,
            )
    for pid, rows in attempts_by_worker(account).items():
        if pid != account.pid:
            yield _named("process_name", f"worker {pid}", pid)
        base = len(account.tasks) if pid == account.pid else 0  # what is up to date ends in the supervisor itself
        for number, row in enumerate(rows, base + 1):
            yield _named("thread_name", f"sub-tasks {number - base}", pid, number)
            for subtask, attempt in row:
                ended = attempt.ended_at or last
                outcome = subtask.outcome if attempt is subtask.attempts[-1] else "failed, and attempted again"
                yield span(
                    subtask.id,
                    pid,
                    number,
                    attempt.started_at,
                    ended,
                    attempt=attempt.number,
                    outcome=outcome,
                    error=attempt.error,
                )
                ends = [*(at for at, _ in attempt.steps[1:]), ended]
                for (began, name), until in zip(attempt.steps, ends, strict=False):
                    yield span(name, pid, number, began, until)


def _named(kind: str, name: str, pid: int, tid: int = 0) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": pid, "tid": tid, "args": {"name": name}}
