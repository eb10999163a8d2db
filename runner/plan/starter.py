"""The text of a starter plan, for `runner init`. Reads and writes no file."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.dialects import DEFAULT
from runner.plan.ids import slug, some
from runner.plan.yaml_nodes import shown
from runner.records.task import DEFAULT_PRIORITY, SUBTASK_CONCURRENCY, TASK_CONCURRENCY, Retries, Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import StrPath

_PLAIN = re.compile(r"(\.{1,2}/)*[A-Za-z_][A-Za-z0-9_./-]*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def _yaml_text(text: str) -> str:
    """Return a text as a YAML scalar, in quotes where they are needed."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if plain else json.dumps(text, ensure_ascii=False)


def starter_plan(
    ddl: StrPath, dialect: str = DEFAULT, *, tables: Sequence[str] = (), folder: StrPath | None = None
) -> str:
    """Return the text of a plan for this schema, to be written into `folder` (by default the DDL's own).

    `tables` are listed in a comment, as a help for writing globs.
    """
    ddl = Path(ddl)
    name = slug(ddl.resolve().stem, otherwise="app")
    title = _yaml_text(name.replace("-", " ").replace("_", " ").capitalize())
    path = os.path.relpath(ddl.resolve(), Path(folder or ddl.parent).resolve())
    path = f"./{path}" if path.startswith("~") else path
    timeouts, retries = Timeouts(), Retries()
    found = f"    # {len(tables)} tables: {some([shown(table) for table in tables])}\n" if tables else ""
    return f"""\
# A plan for `runner`. `runner validate` checks it, `runner plan-schema` prints its format for editors.
version: 1
name: {_yaml_text(name)}
ddl: {_yaml_text(path)}              # a file, a glob, a folder, or a list of these
dialect: {dialect}
workspace: build/{name}

# These are the defaults:
# concurrency: {{tasks: {TASK_CONCURRENCY}, subtasks: {SUBTASK_CONCURRENCY}}}
# workers: {{}}                           # no limits; memory (MiB) and max_subtasks of a worker process
# timeouts: {{task: {timeouts.task:g}, subtask: {timeouts.subtask:g}}}   # seconds
# retries: {{attempts: {retries.attempts}, backoff: {retries.backoff}}}
# templates: ./my-templates             # none; searched before the built-in ones
# search: {{}}                            # the columns that lists search, by table; when left out all texts
# secret: {{}}                            # the columns that are never read, by table; by their names when left out
# soft_delete: deleted_at               # none; the column of tables whose rows are hidden instead of deleted
# indexes: suggest                      # those that the DDL lacks: suggest (in the README), create or none
# objects: needed                       # functions and triggers that the migrations create: all, needed or none

tasks:
  - id: be-setup
    description: BE setup
    options: {{title: {title}}}
    priority: 10            # 10 first, 1 last, {DEFAULT_PRIORITY} when left out

  - id: be-crud
    description: BE CRUD APIs
    priority: 7
    needs: [be-setup]
{found}    # tables: {{exclude: ["audit_*"]}}      # all when left out; give fe-crud and ui-crud the same

  # The frontend; without these three tasks only the backend is generated.
  - id: fe-setup
    description: FE setup
    options: {{title: {title}}}
    priority: 9

  - id: fe-crud
    description: FE CRUD services
    priority: 6
    needs: [fe-setup]

  - id: ui-crud
    description: UI CRUD pages
    priority: 5
    needs: [fe-crud]
"""
