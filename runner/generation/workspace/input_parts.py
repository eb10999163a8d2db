"""What the inputs of tasks consisted of: files in `.runner/inputs/`, from which `--explain` says what has changed.

A note of a sub-task has one digest of all its inputs (`input_notes`). Under that digest there is a file with the parts:

    parts-DIGEST.json       {"version": TEXT, "code": DIGEST, "options": {NAME: DIGEST},
                             "templates": DIGEST, "schema": DIGEST}
    templates-DIGEST.json   {PATH: DIGEST}: the files of a template set
    schema-DIGEST.json      an outline (`schema_outline`)

A file is written once and never changed, so tasks, and runs, that have a part in common share it. Nothing depends on
these files: where one is missing or damaged, the reason is less precise.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.generation.workspace.directory import Directory
from runner.generation.workspace.runner_folder import INPUTS_FOLDER
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = {"parts": 1000, "templates": 32, "schema": 8}  # files of a kind; the oldest go first
_DIGITS = 24  # of a digest in the name of a file


class Part(NamedTuple):
    """A part that is kept as a file of its own: its digest, and what returns its content."""

    digest: str
    read: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputParts:
    """The parts of a task's inputs. `code` and `options` are short digests; `schema` is None without a DDL."""

    version: str  # of the runner
    code: str  # of the agent
    options: Mapping[str, str]
    templates: Part
    schema: Part | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedParts:
    """The parts as they were recorded. `templates` and `schema` are None where they are not known any more."""

    version: str
    code: str
    options: Mapping[str, str]
    templates: Mapping[str, str] | None
    schema_digest: str
    schema: Mapping[str, Any] | None


def record_parts(workspace: Path, inputs_digest: str, read: Callable[[], InputParts]) -> None:
    """Keep the parts of inputs, unless they are there. What cannot be written is left out."""
    name = _file("parts", inputs_digest)
    if os.path.exists(f"{workspace}/{name}"):  # noqa: PTH110 - in every run, for each task
        return
    parts = read()
    with contextlib.suppress(OSError, WorkspaceError), Directory(os.path.realpath(workspace)) as folder:
        for kind, part in (("templates", parts.templates), ("schema", parts.schema)):
            if part is not None and not folder.exists(_file(kind, part.digest)):
                _write(folder, kind, part.digest, part.read())
        values = {
            "version": parts.version,
            "code": parts.code,
            "options": parts.options,
            "templates": parts.templates.digest,
            "schema": "" if parts.schema is None else parts.schema.digest,
        }
        _write(folder, "parts", inputs_digest, values)


def recorded_parts(workspace: Path, inputs_digest: str) -> RecordedParts | None:
    """Return the parts that were kept under a digest, None where they are not known."""
    with Directory(os.path.realpath(workspace)) as folder:
        found = _read(folder, "parts", inputs_digest)
        try:
            return (
                None
                if found is None
                else RecordedParts(
                    version=str(found["version"]),
                    code=str(found["code"]),
                    options=dict(found["options"]),
                    templates=_read(folder, "templates", found["templates"]),
                    schema_digest=str(found["schema"]),
                    schema=_read(folder, "schema", found["schema"]),
                )
            )
        except (KeyError, TypeError, ValueError):
            return None


def _write(folder: Directory, kind: str, digest: str, values: Mapping[str, Any]) -> None:
    folder.replace(_file(kind, digest), json.dumps(values, separators=(",", ":")).encode())
    prefix = f"{kind}-"
    names = [name for name in folder.names(INPUTS_FOLDER) if name.startswith(prefix)]
    if len(names) > _KEPT[kind]:
        paths = sorted((f"{INPUTS_FOLDER}/{name}" for name in names), key=lambda path: folder.status(path).st_mtime_ns)
        for path in paths[: -_KEPT[kind]]:
            folder.remove(path)


def _read(folder: Directory, kind: str, digest: object) -> dict[str, Any] | None:
    try:
        state = folder.read(_file(kind, str(digest))) if digest else None
        values = None if state is None else json.loads(state.data)
    except (OSError, WorkspaceError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _file(kind: str, digest: str) -> str:
    """Return the path of a file; a digest of a schema may end in the names of tables, which are not part of it."""
    return f"{INPUTS_FOLDER}/{kind}-{digest[:_DIGITS]}.json"
