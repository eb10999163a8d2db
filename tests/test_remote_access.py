"""The workspace of another process: what is asked for in advance, in one request, is not asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.execution.worker_protocol import Asked, Workpiece
from runner.execution.workspace_access import DirectAccess, Examined, RemoteAccess
from runner.generation.agent import GeneratedFile
from runner.records.errors import WorkspaceError
from runner.records.task import Classification, TaskInput, TaskSpec, subtasks_of

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ["a", "b", "c"]


class Link:
    """Both ends of a connection: the requests of a worker, and the workspace that answers them."""

    def __init__(self, workspace: Path) -> None:
        self.task = TaskSpec(
            id="task",
            input=TaskInput(description="task", workspace_path=workspace),
            title="Task",
            classification=Classification(kind="a:B", method="explicit", confidence=1.0),
            subtasks=subtasks_of("task", "Task", TABLES),
            import_path=None,
            schema_digest="schema",
            inputs_digest="inputs",
        )
        self.works = [Workpiece(subtask=subtask, attempt=1) for subtask in self.task.subtasks]
        self.asked: list[Asked] = []
        self.direct = DirectAccess(self.task, "run")
        self.remote = RemoteAccess(self._answer)

    def _answer(self, asked: Asked) -> None:
        self.asked.append(asked)
        self.remote.answered(self.direct.answer(asked))

    def examined(self, work: Workpiece) -> Examined:
        return self.remote.examine(work, lambda: part_digest(work))


def part_digest(work: Workpiece) -> str:
    return f"digest of {work.subtask.table}"


def test_attempts_that_come_next_are_examined_in_one_request(tmp_path: Path) -> None:
    link = Link(tmp_path)
    first = link.works[0]
    link.remote.write(first, [GeneratedFile("a.txt", "a\n")], part_digest(first), {"kept": 1})
    link.asked.clear()
    link.remote.prepare(link.works, part_digest)
    assert [work.subtask.table for asked in link.asked for work in asked.works] == TABLES
    assert [(found.files, found.memory) for found in map(link.examined, link.works)] == [
        (1, None),
        (0, None),
        (0, None),
    ]
    assert len(link.asked) == 1
    assert link.examined(first).files == 1  # a second time it is asked for
    assert len(link.asked) == 2


def test_an_attempt_that_cannot_be_examined_in_advance_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link(tmp_path)
    examine = link.direct.examine

    def fails(work: Workpiece, *arguments: object) -> Examined:
        if work.subtask.table == "b":
            raise WorkspaceError("the record of b cannot be read")
        return examine(work, *arguments)  # type: ignore[arg-type]

    def digest_fails(work: Workpiece) -> str:
        if work.subtask.table == "c":
            raise ValueError("no such column")
        return part_digest(work)

    monkeypatch.setattr(link.direct, "examine", fails)
    link.remote.prepare(link.works, digest_fails)
    assert [work.subtask.table for asked in link.asked for work in asked.works] == ["a", "b"]
    assert link.examined(link.works[0]).files == 0
    with pytest.raises(WorkspaceError, match="the record of b cannot be read"):
        link.examined(link.works[1])
    assert link.examined(link.works[2]).files == 0
