"""A run of the school's plan that merges every file that it writes, against one that writes the same files unedited.

Both start from the same workspace and the same change: a column more in each of the 24 tables.
"""

from __future__ import annotations

import random
import re
import shutil
from typing import TYPE_CHECKING

from tests.bench.__main__ import ROOT, Cost, Row, Scratch, in_turn, school_tasks
from tests.integration.merging.hand_edits import ONCE, edits_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = ("write a function", "add a section")  # at the end of a file, so that nothing is in conflict
TABLE = re.compile(r"(?<=\n)(CREATE TABLE \w+ \(\n)")


def edit_changed(workspace: Path, changed: Path) -> int:
    """Edit each file that differs in the `changed` workspace, where a kind of edit is known; return how many."""
    edited = 0
    for path in sorted(workspace.rglob("*")):
        name = str(path.relative_to(workspace))
        if name.startswith(".runner") or not path.is_file() or ONCE.search(name):
            continue
        kinds = edits_of(path.name) if "." in path.name else {}
        if path.read_bytes() != (changed / name).read_bytes():
            for kind in (kind for kind in OWN if kind in kinds):
                text = kinds[kind](path.read_text(encoding="utf-8"), random.Random(name))
                path.write_text(text or "", encoding="utf-8")
                edited += 1
    return edited


def bench_merging(scratch: Scratch) -> Iterator[Row]:
    """Merging into 24 tables against writing them."""
    tasks, ddl, longer = school_tasks(), scratch.folder / "school.sql", scratch.folder / "longer.sql"
    text = (ROOT / "plans" / "school.sql").read_text(encoding="utf-8")
    ddl.write_text(text, encoding="utf-8")
    more, tables = TABLE.subn(r"\1    office_note text,\n", text)
    longer.write_text(more, encoding="utf-8")

    first, changed = scratch.fresh(), scratch.fresh()
    scratch.runner(scratch.plan(first, ddl, tasks), scratch.fresh())
    shutil.copytree(first, changed)
    scratch.runner(scratch.plan(changed, longer, tasks), scratch.fresh())
    edited = scratch.fresh()
    shutil.copytree(first, edited)
    count = edit_changed(edited, changed)

    def run_on(source: Path) -> Cost:
        workspace = scratch.fresh()
        shutil.copytree(source, workspace)
        cost = scratch.runner(scratch.plan(workspace, longer, tasks), scratch.fresh())
        shutil.rmtree(workspace)
        return cost

    merging, writing = in_turn(lambda: run_on(edited), lambda: run_on(first))
    yield merging.against(writing, f"a column more in {tables} tables, {count} files merged", "≤ 2", " (written)")
