"""Schemas that were read before, by a digest of all that they follow from.

Reading DDL means loading a SQL parser first: for a run that finds everything up to date, that would be most of the
work.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from runner.records.code_digest import package_digest
from runner.records.private_cache import PrivateCache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.ddl.model import Schema

_MODULES = (  # that define the records of a schema
    "runner.ddl.expression_tree",
    "runner.ddl.model",
    "runner.ddl.notes",
    "runner.ddl.qualified_name",
    "runner.ddl.views",
)
_CACHE = PrivateCache("schemas", _MODULES)


def schema_digest(paths: Sequence[Path], dialect: str) -> str:
    """Return a digest of a schema's source: the bytes of its files in order, the dialect, and the reader's code.

    Raises OSError where a file cannot be read.
    """
    digest = hashlib.sha256(f"{package_digest()}:{dialect}:".encode())
    for path in paths:
        content = path.read_bytes()
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()


def load(paths: Sequence[Path], digest: str) -> Schema | None:
    """Return the schema that was saved for these paths and this digest, or None."""
    from runner.ddl.model import Schema  # noqa: PLC0415 - with the other modules of a schema, where there is one

    schema = _CACHE.load(*_key(paths, digest))
    return schema if isinstance(schema, Schema) else None


def pickled(paths: Sequence[Path], digest: str) -> bytes | None:
    """Return the schema that was saved for these paths and this digest as bytes for `restored`, or None."""
    return _CACHE.read(*_key(paths, digest))


def restored(data: bytes) -> Schema:
    """Return the schema of bytes from `pickled`, or of a pickled schema. Runs no code that is in them.

    Raises whatever unpickling raises for other bytes.
    """
    schema: Schema = _CACHE.restore(data)
    return schema


def holds(paths: Sequence[Path], digest: str) -> bool:
    """Whether a schema was saved for these paths and this digest."""
    return _CACHE.holds(*_key(paths, digest))


def save(paths: Sequence[Path], digest: str, schema: Schema) -> None:
    """Keep a schema for the next run; see `PrivateCache.save`."""
    _CACHE.save(schema, *_key(paths, digest))


def _key(paths: Sequence[Path], digest: str) -> tuple[bytes, ...]:
    """Return the key of a schema: its notes name the files as they were named, so the names count as well."""
    return (digest.encode(), *map(os.fsencode, paths))
