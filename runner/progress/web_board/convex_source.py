"""The board's runs on a Convex deployment. Messages are those of `board_source`.

The deployment is asked over HTTP for what changed (`convex/feed.ts`): its WebSocket client holds the interpreter lock
while it waits, and would stop the server. Slow to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.progress.convex.client import ConvexCallError, DeploymentClient, UnavailableError
from runner.progress.convex.outbox import camel_case
from runner.progress.convex.target import READ_TOKEN, TOKEN, shown
from runner.progress.web_board.board_source import (
    MOST_RESUMED,
    RUN_FIELDS,
    RUNS,
    SUBTASK_FIELDS,
    TASK_FIELDS,
    AwayError,
    BoardSource,
    Feed,
    Message,
    whole_state,
)
from runner.records.errors import StoreError
from runner.records.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.progress.convex.target import ConvexTarget

_PAGE = 200  # documents in an answer
_MOST_ANSWERS = 20  # that one look for changes reads; the next look reads on
_MAX_ANSWER = 16 << 20  # bytes: the limit of Convex
_THEIR_NAMES = {"id": "externalId"}
_MISSING_FUNCTION = "Could not find public function"


class ConvexSource(BoardSource):
    """The runs of a deployment. Used by one thread at a time."""

    poll_interval = 1.0
    history_interval = 5.0

    def __init__(self, target: ConvexTarget) -> None:
        self._place = shown(target.url)
        self._client = DeploymentClient(target, max_answer=_MAX_ANSWER, secret=f"{READ_TOKEN} or {TOKEN}")

    def runs(self) -> list[Message]:
        """Return the newest runs, the newest first."""
        page = self.ask("runs:list", paginationOpts={"numItems": RUNS, "cursor": None})
        return [_values(run, RUN_FIELDS) for run in page["page"]]

    def follow(self, run_id: str) -> ConvexFeed:
        """Begin to follow a run."""
        run = self.ask("runs:get", run=run_id)
        if run is None:
            raise StoreError(f"there is no run {run_id!r} on {self._place}")
        return ConvexFeed(self, run)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, name: str, **args: Any) -> Any:
        """Return the answer of a query. Raises AwayError or StoreError."""
        try:
            return self._client.read(name, args)
        except UnavailableError as error:
            raise AwayError(str(error)) from error
        except ConvexCallError as error:
            if _MISSING_FUNCTION in str(error):
                older = f"the functions on {self._place} are older than this runner; deploy convex/ again"
                raise StoreError(older) from error
            raise StoreError(str(error)) from error

    def pages(self, name: str, **args: Any) -> Iterator[dict[str, Any]]:
        """Yield the documents of a paged query."""
        cursor = None
        while True:
            page = self.ask(name, paginationOpts={"numItems": _PAGE, "cursor": cursor}, **args)
            yield from page["page"]
            if page["isDone"]:
                return
            cursor = page["continueCursor"]


class ConvexFeed(Feed):
    """Follows one run on a deployment."""

    def __init__(self, source: ConvexSource, run: Mapping[str, Any]) -> None:
        self._source = source
        self._key = run["_id"]
        self._run = _values(run, RUN_FIELDS)
        self._names: dict[str, str] = {}  # the runner's ids of tasks and sub-tasks, by those of their documents
        self._tasks: dict[str, Message] = {}
        self._subtasks: dict[str, Message] = {}
        self._is_current = True  # the last look read all that there was
        self.seq = int(run["lastSeq"])  # what follows may be newer; it is read again with the changes
        tasks = list(source.pages("tasks:list", runId=self._key))
        self._keep(tasks, (each for task in tasks for each in source.pages("subtasks:listByTask", taskId=task["_id"])))

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._is_current and RunStatus(self._run["status"]).ended

    def whole(self) -> Iterator[Message]:
        """Yield the state as a whole."""
        lines = self._source.ask("feed:newestLines", runId=self._key, upTo=self.seq)
        log = [self._line(line) for line in lines]
        return whole_state(self._run, list(self._tasks.values()), list(self._subtasks.values()), log, self.seq)

    def since(self, seq: int) -> Iterator[Message]:
        """Yield what has changed after event `seq`, or the whole state where that is much."""
        if not self.seq - MOST_RESUMED <= seq <= self.seq:
            yield from self.whole()
            return
        yield self._change(seq)[0]  # may be newer than `self.seq`: the other pages get that by `advance`

    def advance(self) -> Message | None:
        """Read what has changed."""
        change, self._is_current = self._change(self.seq)
        if change["seq"] == self.seq and change["run"] == self._run:
            return None
        self.seq, self._run = change["seq"], change["run"]
        return change

    def _change(self, after: int) -> tuple[Message, bool]:
        """Return what changed after an event, and whether that is all."""
        change: Message = {"kind": "change", "tasks": [], "subtasks": [], "log": []}
        complete = False
        for _ in range(_MOST_ANSWERS):
            answer = self._source.ask("feed:changes", runId=self._key, after=after)
            if answer["run"] is None:
                raise StoreError("the run has been removed from the deployment")
            tasks, subtasks = self._keep(answer["tasks"], answer["subtasks"])
            change["tasks"] += tasks
            change["subtasks"] += subtasks
            change["log"] += map(self._line, answer["lines"])
            after, complete = int(answer["seq"]), answer["complete"]
            if complete:
                break
        return {**change, "seq": after, "run": _values(answer["run"], RUN_FIELDS)}, complete

    def _keep(
        self, tasks: Iterable[Mapping[str, Any]], subtasks: Iterable[Mapping[str, Any]]
    ) -> tuple[list[Message], list[Message]]:
        """Keep documents as they are now; return them as messages."""
        kept_tasks, kept_subtasks = [], []
        for task in tasks:
            self._names[task["_id"]] = task["externalId"]
            kept_tasks.append(_values({**task, **task["counts"]}, TASK_FIELDS))
        for subtask in subtasks:
            self._names[subtask["_id"]] = subtask["externalId"]
            known = {**subtask, "taskId": self._names[subtask["taskId"]]}
            kept_subtasks.append(_values(known, SUBTASK_FIELDS))
        self._tasks.update((task["id"], task) for task in kept_tasks)
        self._subtasks.update((subtask["id"], subtask) for subtask in kept_subtasks)
        return kept_tasks, kept_subtasks

    def _line(self, line: Mapping[str, Any]) -> Message:
        where = self._names.get(line["subtaskId"] or line["taskId"] or "")
        return {
            "seq": int(line["seq"]),
            "at": line["at"],
            "level": line["level"],
            "where": where,
            "text": line["message"],
        }


def _values(document: Mapping[str, Any], names: Iterable[str]) -> Message:
    return {name: document[_THEIR_NAMES.get(name) or camel_case(name)] for name in names}
