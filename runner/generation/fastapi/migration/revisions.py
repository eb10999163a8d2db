"""Which revision comes next: from the picture that was remembered, the new one, and what lies in the folder.

A revision is written once and belongs to the user from then on. Pure: the folder's files are given as texts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.migration import postgresql_statements, sqlite_statements
from runner.generation.fastapi.migration.difference import Difference, difference
from runner.generation.fastapi.migration.losses import Loss, losses, summary
from runner.generation.fastapi.migration.picture import Picture, from_json, to_json
from runner.generation.fastapi.migration.renames import find_renames
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.generation.model.application import Application

FOLDER = "backend/migrations/versions"
INITIAL = "0001_initial"
FORMAT = 1  # of the memory; a higher number is of a later version of the runner

_NUMBERED = re.compile(r"(\d{4})_")
_STEM = re.compile(r"[./]")  # ends the name of a revision in those of its files


@dataclass(frozen=True, kw_only=True, slots=True)
class Direction:
    """One way of a revision: its statements for both databases, and what they may cost."""

    postgresql: tuple[str, ...]
    sqlite: tuple[str, ...]
    losses: tuple[Loss, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.postgresql or self.sqlite)


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
        """The stem of its files. The same in two branches, so that merging them is a conflict and no surprise."""
        return f"{self.number}_schema"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to do with the folder: begin (`is_initial`), add `revision`, or nothing. `kept` are our files in it."""

    picture: Picture
    is_initial: bool
    revision: Revision | None
    names: tuple[str, ...]
    kept: Mapping[str, str]

    @property
    def memory(self) -> dict[str, Any]:
        """What to remember once this is done."""
        return {"format": FORMAT, "revisions": list(self.names), "picture": to_json(self.picture)}


def plan(application: Application, picture: Picture, memory: Any, present: Mapping[str, str]) -> Plan:
    """Return what brings the folder up to `picture`.

    `memory` is what an earlier plan gave to be remembered, None for the first; `present` the texts in the folder, by
    their paths within it.

    Raises:
        AgentError: the folder and the memory do not fit together, or the folder has no single newest revision.

    """
    if memory is None:
        return Plan(picture=picture, is_initial=True, revision=None, names=(INITIAL,), kept={})
    names, old = _remembered(memory)
    missing = [name for name in names if f"{name}.py" not in present]
    if len(missing) == len(names) and not _reads(present):
        return plan(application, picture, None, present)  # taken away as a whole: begun anew
    if missing:
        raise AgentError(
            f"{FOLDER}/{missing[0]}.py is gone, and others build on what it does. Bring it back from version control; "
            "or, where it was never deployed, take .runner/manifest back to before it too, and run again"
        )
    kept = {file: text for file, text in present.items() if _STEM.split(file)[0] in names}
    revision = _next(application, old, picture, present)
    more = (revision.name,) if revision else ()
    return Plan(picture=picture, is_initial=False, revision=revision, names=(*names, *more), kept=kept)


def refuse_another(files: Mapping[str, str], present: Mapping[str, str]) -> None:
    """Raise where the first revision is there already and makes another schema: what it made is not remembered.

    `files` are the SQL files that it should have.
    """
    for name, text in present.items():
        if name.endswith(".sql") and _STEM.split(name)[0] == INITIAL and files.get(name) != text:
            raise AgentError(
                f"{FOLDER}/{name} makes another schema than the DDL, and .runner/manifest does not say which under "
                "this task's id. Bring the manifest back from version control; or, to begin anew, remove the revisions"
            )


def _remembered(memory: Any) -> tuple[tuple[str, ...], Picture]:
    try:
        if memory["format"] > FORMAT:
            raise AgentError("the migrations were written by a later version of the runner. Use that one")
        return tuple(memory["revisions"]), from_json(memory["picture"])
    except (KeyError, TypeError, AttributeError) as error:
        raise AgentError(
            f"what .runner/manifest remembers of the database cannot be read ({type(error).__name__}: {error}). "
            "Bring it back from version control"
        ) from error


def _next(application: Application, old: Picture, new: Picture, present: Mapping[str, str]) -> Revision | None:
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
        summary=summary(found) or ("what the databases hold",),
        up=up,
        down=down,
    )


def _direction(found: Difference) -> Direction:
    return Direction(
        postgresql=tuple(postgresql_statements.change(found)),
        sqlite=tuple(sqlite_statements.change(found)),
        losses=losses(found),
    )


# ------------------------------------------------------------------------------------------------------- the folder


def _next_number(present: Mapping[str, str]) -> str:
    numbers = [int(found[1]) for found in map(_NUMBERED.match, present) if found]
    numbers += [int(name) for name, _ in _reads(present).values() if re.fullmatch(r"\d{4}", name)]
    return f"{max(numbers, default=0) + 1:04d}"


def _head(present: Mapping[str, str]) -> str:
    """Return the revision that no other builds on."""
    found = _reads(present)
    built_on = {name for _, before in found.values() for name in before}
    heads = sorted(name for name, _ in found.values() if name not in built_on)
    if len(heads) != 1:
        raise AgentError(
            f"{FOLDER} has {len(heads)} newest revisions ({', '.join(heads)}), and a new one can follow only one. "
            "Join them with `alembic merge heads`"
        )
    return heads[0]


def _reads(present: Mapping[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the revision in each Python file that holds one, with those that it builds on."""
    found = {}
    for file, text in sorted(present.items()):
        if not file.endswith(".py"):
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
    """Give the names of a module that say what revision it is, with their values."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                value = getattr(node, "value", None)
                yield target.id, None if value is None else ast.literal_eval(value)
