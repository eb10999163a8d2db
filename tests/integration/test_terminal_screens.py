"""What the command shows on terminals of 40, 80 and 200 columns, and in a pipe: held to files in `screens/`.

    RUNNER_WRITE_SCREENS=1 python -m pytest tests/integration/test_terminal_screens.py

writes these files. Read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.command import acting, make_folder
from tests.integration.screens import on_pipe, on_terminal

SCREENS = Path(__file__).parent / "screens"
ONE_BY_ONE = {"tasks": 1, "subtasks": 1}  # so that sub-tasks end in the same order each time
DDL = "CREATE TABLE students (id bigint PRIMARY KEY);\nCREATE TABLE teachers (id bigint PRIMARY KEY);\n"


@pytest.mark.parametrize("columns", [40, 80, 200, None])
def test_what_people_see(columns: int | None, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project", DDL)

    def shown(arguments: str) -> str:
        lines = on_pipe(folder, arguments) if columns is None else on_terminal(folder, arguments, columns)
        return "\n".join([f"$ runner {arguments}", *lines, ""])

    failing = {"acts": {"teachers": "raise final"}}
    folder.write_plan(
        acting("crud", priority=9),
        acting("report", options=failing, priority=8),
        acting("pages-of-the-school", needs=["report"]),
        concurrency=ONE_BY_ONE,
    )
    screens = [shown("plan.yaml --dry-run"), shown("plan.yaml --explain")]
    folder.write_plan(
        acting("crud", options={"text": "another text"}, priority=9),
        acting("report", priority=8),
        acting("pages-of-the-school", needs=["report"]),
        concurrency=ONE_BY_ONE,
    )
    (folder.workspace / "crud" / "students.txt").write_text("edited by hand\n")
    screens += [
        shown("plan.yaml --check --diff"),
        shown("plan.yaml --dry-run --explain"),
        shown("plan.yaml"),
        shown("status latest"),
        shown("runs"),
    ]
    text = "\n".join(screens)
    path = SCREENS / ("pipe.txt" if columns is None else f"{columns}-columns.txt")
    if os.environ.get("RUNNER_WRITE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
