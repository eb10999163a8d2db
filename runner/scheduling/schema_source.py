"""The DDL of tasks as a source of schemas, which is read when a schema is first needed: often it never is."""

from __future__ import annotations

import json
import os
import pickle
import threading
from typing import TYPE_CHECKING, Any

from runner.ddl import schema_cache
from runner.records.private_cache import PrivateCache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from runner.ddl.model import Schema

_OUTLINES = PrivateCache("outlines", [])


class SchemaSource:
    """SQL files in one dialect. Thread-safe. `on_new` is called before they are parsed.

    `digest` is that of all that the schema follows from, with its paths; "" where a file cannot be read.
    """

    def __init__(self, paths: tuple[Path, ...], dialect: str, on_new: Callable[[], None] | None = None) -> None:
        self.paths = paths
        self._dialect = dialect
        self._on_new = on_new
        self._guard = threading.Lock()
        self._schema: Schema | None = None
        self._with_tools: dict[frozenset[str], Schema] = {}
        try:
            self.digest = schema_cache.schema_digest(paths, dialect)
        except OSError:
            self.digest = ""  # the reader reports what is wrong with the file

    @property
    def is_read(self) -> bool:
        """Whether the schema can be had without parsing its files."""
        return self._schema is not None or schema_cache.holds(self.paths, self.digest)

    def schema(self, named: Collection[str] = ()) -> Schema:
        """Return the schema, with those of its tool tables that have one of the labels `named`.

        Raises `DDLError` for a schema that cannot be read.
        """
        key = frozenset(named)
        with self._guard:
            if self._schema is None:
                self._schema = self._read()
            if key not in self._with_tools:
                self._with_tools[key] = self._schema.with_tool_tables(key)
            return self._with_tools[key]

    def pickled(self, named: Collection[str] = ()) -> bytes:
        """Return the schema as bytes for `schema_cache.restored`. Where it was read by an earlier run, it stays unread.

        Raises as `schema`.
        """
        kept = None
        if self._schema is None and self.digest and not named:
            kept = schema_cache.pickled(self.paths, self.digest)
        return kept or pickle.dumps(self.schema(named), pickle.HIGHEST_PROTOCOL)

    def outline(self, named: Collection[str] = ()) -> Mapping[str, Any]:
        """Return the outline of the schema (`schema_outline`). Where an earlier run made it, the schema stays unread.

        Raises as `schema`.
        """
        key = (self.digest.encode(), json.dumps(sorted(named)).encode(), *map(os.fsencode, self.paths))
        outline: Mapping[str, Any] | None = _OUTLINES.load(*key) if self.digest else None
        if outline is None:
            from runner.ddl.schema_outline import outline_of  # noqa: PLC0415 - for a new schema only

            outline = outline_of(self.schema(named))
            if self.digest:
                _OUTLINES.save(outline, *key)
        return outline

    def _read(self) -> Schema:
        schema = schema_cache.load(self.paths, self.digest) if self.digest else None
        if schema is None:
            if self._on_new is not None:
                self._on_new()
            from runner.ddl.reader import read_ddl  # noqa: PLC0415 - imports the parser, 0.3 s, for a new schema only

            schema = read_ddl(self.paths, self._dialect)
            if self.digest:
                schema_cache.save(self.paths, self.digest, schema)
        return schema
