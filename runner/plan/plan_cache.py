"""Plans that were read before.

An unchanged plan needs neither the YAML reader nor pydantic, half of the time of a run with nothing to do.

The key is the text of the plan, its place and the code of this package. Whether a plan is valid also depends on the
files and folders that it names; these are examined each time, and where one is not as before, the plan is read again.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from runner.ddl.database_url import scheme_of
from runner.plan.plan_model import Plan
from runner.plan.plan_paths import PATH_ERRORS, at_home, find_sql_files, named_paths
from runner.records.code_digest import package_digest
from runner.records.private_cache import PrivateCache

if TYPE_CHECKING:
    from pathlib import Path

_CACHE = PrivateCache("plans", ["runner.plan.plan_model", "runner.plan.yaml_nodes", "runner.records.task"])


def load(path: Path, data: bytes) -> Plan | None:
    """Return the plan at `path` with this content, if it was saved and its paths lead where they led then."""
    saved = _CACHE.load(*_key(path, data))
    if not (isinstance(saved, tuple) and len(saved) == 2 and isinstance(saved[0], Plan)):  # noqa: PLR2004 - a pair
        return None
    plan, places = saved
    return plan.named(str(path)) if places == _places(plan) else None


def save(path: Path, data: bytes, plan: Plan) -> None:
    """Keep a valid plan, unless one of its folders does not exist yet: validating it again says why, should it fail."""
    places = _places(plan)
    if places is not None:
        _CACHE.save((plan, places), *_key(path, data))


def _key(path: Path, data: bytes) -> tuple[bytes, ...]:
    return package_digest().encode(), os.fsencode(path.parent.resolve() / path.name), data


def _places(plan: Plan) -> list[list[str]] | None:
    """Return what each path leads to, with the digest of a part of the plan; None if one cannot be used."""
    try:
        return [_place(plan.folder, key, text) for key, text in named_paths(plan.root)]
    except PATH_ERRORS:
        return None


def _place(folder: Path, key: str, text: str) -> list[str]:
    if key == "ddl":
        if scheme_of(text):
            return [text]
        files = [file.resolve() for file in find_sql_files(folder, text) or ()]
        if not files or not all(os.access(file, os.R_OK) for file in files):
            raise FileNotFoundError(text)
        return list(map(str, files))
    place = (folder / at_home(text)).resolve()
    if key == "labels":
        return [str(place), hashlib.sha256(place.read_bytes()).hexdigest()]
    if not place.is_dir():
        raise NotADirectoryError(place)
    return [str(place)]
