"""Which revision comes next: from the remembered snapshot, the new one, and the files of the folder.

A revision is written once and belongs to the user from then on. Pure: the folder's files are given as texts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.migration import mysql_statements, postgresql_statements, sqlite_statements
from runner.generation.fastapi.migration.difference import Difference, difference
from runner.generation.fastapi.migration.losses import Loss, losses, summary
from runner.generation.fastapi.migration.renames import find_renames
from runner.generation.fastapi.migration.snapshot import Snapshot, from_json, to_json
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.generation.model.application import Application

FOLDER = "backend/migrations/versions"
INITIAL = "0001_initial"
FORMAT = 2  # of the memory; later versions of the runner have higher numbers

_NUMBERED = re.compile(r"(\d{4})_")
_STEM = re.compile(r"[./]")  # what follows the name of a revision in the names of its files


@dataclass(frozen=True, kw_only=True, slots=True)
class Direction:
    """One direction of a revision: its statements for each database, and the data that they may lose.

    `mysql` is empty where the schema is not written for MySQL.
    """

    postgresql: tuple[str, ...]
    sqlite: tuple[str, ...]
    mysql: tuple[str, ...]
    losses: tuple[Loss, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.postgresql or self.sqlite or self.mysql)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A revision to write: `number` names it, `follows` is the revision before it."""

    number: str
    follows: str
    summary: tuple[str, ...]
    up: Direction
    down: Direction

    @property
    def name(self) -> str:
        """The stem of its files. Two branches that each add one use the same name, so that merging is a conflict."""
        return f"{self.number}_schema"


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionPlan:
    """What to do with the folder: write the first revision (`is_initial`), add `revision`, or nothing.

    `names` are all revisions afterwards; `kept` are the texts of those files in the folder that earlier plans made.
    """

    snapshot: Snapshot
    is_initial: bool
    revision: Revision | None
    names: tuple[str, ...]
    kept: Mapping[str, str]

    @property
    def memory(self) -> dict[str, Any]:
        """What to remember after the plan is carried out."""
        return {"format": FORMAT, "revisions": list(self.names), "picture": to_json(self.snapshot)}


def plan_revision(
    application: Application, snapshot: Snapshot, memory: Any, present: Mapping[str, str]
) -> RevisionPlan:
    """Return what brings the folder up to date with `snapshot`.

    `memory` is that of the last plan, None for the first; `present` maps paths within the folder to texts.

    Raises:
        AgentError: the folder does not match the memory, or has no single newest revision.

    """
    if memory is None:
        return RevisionPlan(snapshot=snapshot, is_initial=True, revision=None, names=(INITIAL,), kept={})
    names, old = _remembered(memory)
    missing = [name for name in names if f"{name}.py" not in present]
    if len(missing) == len(names) and not _revisions_in(present):
        return plan_revision(application, snapshot, None, present)  # all were removed: start again
    if missing:
        raise AgentError(
            f"{FOLDER}/{missing[0]}.py is missing, and later revisions depend on it. Restore it from version control; "
            "or, if it was never deployed, restore .runner/manifest to the state before it as well, and run again"
        )
    kept = {file: text for file, text in present.items() if _STEM.split(file)[0] in names}
    revision = _next(application, old, snapshot, present)
    more = (revision.name,) if revision else ()
    return RevisionPlan(snapshot=snapshot, is_initial=False, revision=revision, names=(*names, *more), kept=kept)


def check_initial_revision(files: Mapping[str, str], present: Mapping[str, str]) -> None:
    """Check that a first revision that is present already, but not remembered, makes the same schema.

    `files` are the modules that it should have; both map paths within the folder to texts.

    Raises:
        AgentError: it makes another schema.

    """
    for name, text in present.items():
        if name.startswith(f"{INITIAL}/") and files.get(name) != text:
            raise AgentError(
                f"{FOLDER}/{name} makes another schema than the DDL, and .runner/manifest has no record of it under "
                "this task's id. Restore the manifest from version control; or, to start again, remove the revisions"
            )


def _remembered(memory: Any) -> tuple[tuple[str, ...], Snapshot]:
    try:
        if memory["format"] > FORMAT:
            raise AgentError("the migrations were written by a later version of the runner. Use that version")
        return tuple(memory["revisions"]), from_json(memory["picture"])
    except (KeyError, TypeError, AttributeError) as error:
        raise AgentError(
            f"the database's snapshot in .runner/manifest cannot be read ({type(error).__name__}: {error}). "
            "Restore it from version control"
        ) from error


def _next(application: Application, old: Snapshot, new: Snapshot, present: Mapping[str, str]) -> Revision | None:
    if old == new:
        return None
    renames = find_renames(old, application)
    found = difference(old, new, renames)
    up = _direction(found)
    down = _direction(difference(new, old, renames.reversed()))
    if up.is_empty and down.is_empty:
        return None
    return Revision(
        number=_next_number(present),
        follows=_head(present),
        summary=summary(found) or ("internal changes only",),
        up=up,
        down=down,
    )


def _direction(found: Difference) -> Direction:
    return Direction(
        postgresql=tuple(postgresql_statements.change(found)),
        sqlite=tuple(sqlite_statements.change(found)),
        mysql=tuple(mysql_statements.change(found)),
        losses=losses(found),
    )


# ------------------------------------------------------------------------------------------------------- the folder


def _next_number(present: Mapping[str, str]) -> str:
    numbers = [int(found[1]) for found in map(_NUMBERED.match, present) if found]
    numbers += [int(name) for name, _ in _revisions_in(present).values() if re.fullmatch(r"\d{4}", name)]
    return f"{max(numbers, default=0) + 1:04d}"


def _head(present: Mapping[str, str]) -> str:
    """Return the revision that no other revision follows."""
    found = _revisions_in(present)
    followed = {name for _, before in found.values() for name in before}
    heads = sorted(name for name, _ in found.values() if name not in followed)
    if len(heads) != 1:
        raise AgentError(
            f"{FOLDER} has {len(heads)} newest revisions ({', '.join(heads)}), and a new one can follow only one. "
            "Join them with `alembic merge heads`"
        )
    return heads[0]


def _revisions_in(present: Mapping[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the revision of each Python file that contains one, with those that it follows."""
    found = {}
    for file, text in sorted(present.items()):
        if "/" in file or not file.endswith(".py"):  # a module of the first revision is no revision
            continue
        try:
            tree = ast.parse(text)
            values = dict(_assigned(tree))
        except (SyntaxError, ValueError) as error:
            raise AgentError(f"{FOLDER}/{file}: its revision cannot be read: {error}") from error
        if isinstance(values.get("revision"), str):
            before = values.get("down_revision")
            found[file] = (values["revision"], (before,) if isinstance(before, str) else tuple(before or ()))
    return found


def _assigned(tree: ast.Module) -> Iterable[tuple[str, Any]]:
    """Yield the names of a module that identify its revision, with their values."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                value = getattr(node, "value", None)
                yield target.id, None if value is None else ast.literal_eval(value)
