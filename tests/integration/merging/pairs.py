"""One pair of a seed: a change of the schema and an edit by hand in each template set, generated again and judged."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.registry import load_agent
from tests.generated_backend import backend_files
from tests.integration.frontend import frontend_files
from tests.integration.merging.formatters import unformatted
from tests.integration.merging.hand_edits import SETS, HandEdit, draw_edit, edit_file, set_of
from tests.integration.merging.oracle import Outcome, judge
from tests.integration.merging.project import REJECTED, Project, named_conflicts
from tests.integration.merging.schema_changes import (
    CHANGES,
    SCHOOL,
    Draft,
    SchemaChange,
    change_each_table,
    draw_change,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Texts(Protocol):
    """What is generated where nothing was edited: first, and after each change."""

    @property
    def base(self) -> Mapping[str, str]:
        """The files of the first run by path."""

    def fresh(self, change: SchemaChange) -> Mapping[str, str]:
        """Return the files after a change by path."""


class Rendered:
    """The texts of all agents, rendered in this process without the orchestrator: no record, no migration."""

    def __init__(self) -> None:
        self.base: Mapping[str, str] = _rendered(SCHOOL, {})

    def fresh(self, change: SchemaChange) -> Mapping[str, str]:
        """Return the files after a change by path."""
        return _rendered(change.draft, change.options)


def _rendered(draft: Draft, options: Mapping[str, Any]) -> dict[str, str]:
    schema = read_ddl_text(draft.ddl, "postgres")
    context = AgentContext(schema=schema, options={}, shared=Application(schema))
    files = {file.path: file for file in load_agent("schema-docs").generate(context)}
    files |= backend_files(schema, options=options.get("be-setup"))
    files |= frontend_files(schema, options=options.get("fe-setup"))
    return {path: file.text for path, file in files.items()}


class Undisturbed:
    """What the second run writes where nothing was edited: one run for each change, kept."""

    def __init__(self, generated: Project, folder: Path) -> None:
        self.base: Mapping[str, str] = generated.texts()
        self._generated, self._folder = generated, folder
        self._fresh: dict[str, dict[str, str]] = {}

    def fresh(self, change: SchemaChange) -> dict[str, str]:
        """Return the files of a changed schema by path."""
        inputs = f"{change.draft.ddl}{sorted(change.options.items())}"
        if inputs not in self._fresh:
            project = self._generated.copy(self._folder / f"schema-{len(self._fresh)}")
            project.change(change)
            result = project.generate()
            assert result.returncode == 0, result.stdout + result.stderr
            self._fresh[inputs] = project.texts()
            shutil.rmtree(project.folder.path)
        return self._fresh[inputs]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A change of the schema, and an edit of a file in each template set."""

    change: SchemaChange
    edits: tuple[HandEdit, ...]

    def __str__(self) -> str:
        return f"{self.change.kind} of {self.change.table}; " + "; ".join(f"{e.kind}: {e.path}" for e in self.edits)


@dataclass(kw_only=True)
class Judged:
    """A pair after its second run."""

    project: Project
    result: subprocess.CompletedProcess[str]
    outcomes: list[Outcome]
    problems: list[str] = field(default_factory=list)

    def counted(self) -> dict[str, dict[str, int]]:
        """Return how many files were merged, left as they were and in conflict, by the set of the file."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for outcome in self.outcomes:
            end = "conflict" if outcome.is_conflict else "untouched" if outcome.fresh == outcome.base else "merged"
            counts[set_of(outcome.path)][end] += 1
            counts[set_of(outcome.path)]["wrong"] += any(one.startswith(f"{outcome.path}:") for one in self.problems)
        return {name: dict(count) for name, count in counts.items()}

    @property
    def conflicts(self) -> list[str]:
        """The paths of the edited files that were left to a person."""
        return [outcome.path for outcome in self.outcomes if outcome.is_conflict]


def draw_pair(seed: int, undisturbed: Texts) -> Pair:
    """Return the pair of a seed."""
    chance = random.Random(f"pair {seed}")
    change = draw_change(seed, chance)
    fresh = undisturbed.fresh(change)
    changing = {path for path, text in undisturbed.base.items() if fresh.get(path) != text}
    turn = seed + seed // len(CHANGES)  # so that each kind of edit meets each kind of change
    edits = [draw_edit(name, turn, undisturbed.base, changing, chance) for name in SETS]
    return Pair(change=change, edits=tuple({edit.path: edit for edit in edits}.values()))


def draw_everywhere(seed: int, undisturbed: Undisturbed) -> Pair:
    """Return a change of every table and an edit of every file that it changes."""
    chance = random.Random(f"everywhere {seed}")
    change = change_each_table(chance)
    fresh = undisturbed.fresh(change)
    changing = sorted(path for path, text in undisturbed.base.items() if fresh.get(path) != text)
    drawn = [edit_file(path, undisturbed.base[path], chance) for path in changing]
    return Pair(change=change, edits=tuple(edit for edit in drawn if edit is not None))


def prepare(pair: Pair, generated: Project, target: Path) -> Project:
    """Return a copy of the generated project with the edits and the changed schema of a pair, not yet run again."""
    project = generated.copy(target)
    for edit in pair.edits:
        project.apply(edit)
    project.change(pair.change)
    return project


def generate_again(pair: Pair, generated: Project, undisturbed: Undisturbed, target: Path) -> Judged:
    """Edit a copy of the generated project, change its schema, run it again, and judge every file."""
    project = prepare(pair, generated, target)
    return look_at(pair, project, project.generate(), undisturbed)


def look_at(pair: Pair, project: Project, result: subprocess.CompletedProcess[str], undisturbed: Undisturbed) -> Judged:
    """Judge every file of a project after its second run."""
    fresh, found = undisturbed.fresh(pair.change), project.texts()
    named = named_conflicts(result.stdout)
    judged = Judged(project=project, result=result, outcomes=[])
    for edit in pair.edits:
        outcome = Outcome(
            path=edit.path,
            base=edit.before,
            edited=edit.after,
            fresh=fresh[edit.path],
            found=found[edit.path],
            rejected=found.get(f"{edit.path}{REJECTED}"),
            named=edit.path in named,
            is_layout=edit.is_layout,
        )
        judged.outcomes.append(outcome)
        judged.problems += judge(outcome)
    judged.problems += unformatted(judged.outcomes)
    edited = {edit.path for edit in pair.edits}
    beside = {f"{path}{REJECTED}" for path in judged.conflicts}
    judged.problems += [
        f"{path}: nobody edited it, and it is not what is generated"
        for path in sorted(fresh.keys() | found.keys() - beside)
        if path not in edited and fresh.get(path) != found.get(path)
    ]
    judged.problems += [f"{path}: named in conflict, and nobody edited it" for path in sorted(named - edited)]
    expected = 1 if judged.conflicts else 0
    if result.returncode != expected:
        judged.problems.append(f"the run exits {result.returncode}, not {expected}: {result.stderr[-500:]}")
    return judged
