"""Schema files: which files a path of a plan names, and their bytes."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import StrPath

_SQL_EXPECTED = "Give a file of SQL statements, a folder of them, or a glob"
# How files begin that are often mistaken for SQL, and how to get SQL out of them.
_MAGIC = (
    (
        b"PGDMP",
        "an archive of pg_dump",
        "Turn it into SQL: `pg_restore --schema-only --file schema.sql ARCHIVE`",
    ),
    (
        b"SQLite format 3\0",
        "a SQLite database",
        "Name it alone, or write its schema: `sqlite3 DATABASE .schema > schema.sql`",
    ),
    (b"\x1f\x8b", "compressed (gzip)", "Unpack it first: `gunzip FILE`"),
    (b"PK\x03\x04", "a zip archive", "Unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", "Unpack it first: `unzstd FILE`"),
)
_BINARY_SAMPLE = 8192  # bytes; text has no NUL in them
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def expand_ddl_paths(paths: Iterable[StrPath]) -> list[Path]:
    """Return the files that paths name, in order: of a folder those that `read_folder` returns, of a glob its matches.

    Raises `DDLError` with every path that names no file.
    """
    found: list[Path] = []
    problems: list[Problem] = []
    for path in map(Path, paths):
        hits = _expand(path)
        found.extend(hit for hit in hits if hit not in found)
        if not hits:
            problems.append(_nothing_at(path))
    if problems:
        raise DDLError(problems)
    return found


def _expand(path: Path) -> Sequence[Path]:
    is_folder = path.is_dir()
    if not is_folder and (path.exists() or not glob.has_magic(str(path))):
        return [path] if path.exists() else []
    from runner.ddl.migration_folders import lead_up, read_folder  # noqa: PLC0415 - most paths name a file

    if is_folder:
        return read_folder(path).files
    return lead_up(Path(hit) for hit in glob.glob(str(path), recursive=True) if Path(hit).is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern


def _nothing_at(path: Path) -> Problem:
    if path.is_dir():
        inner = sorted({file.relative_to(path).parts[0] for file in path.glob("*/**/*.sql")})
        expected = f"Name one of its folders with SQL: {', '.join(inner[:8])}" if inner else _SQL_EXPECTED
        return Problem(file=name_of(path), message="the folder holds no *.sql", expected=expected)
    if glob.has_magic(str(path)):
        return Problem(file=name_of(path), message="no file matches", expected=_SQL_EXPECTED)
    return Problem(file=name_of(path), message="there is no such file", expected=_SQL_EXPECTED)


def name_of(path: Path) -> str:
    """Return a file's name for notes and errors: relative to the current folder if it is inside."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


def load(path: Path) -> bytes:
    """Return a file's bytes in UTF-8 or in its own ASCII-compatible encoding; raise `DDLError` if it is not text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DDLError(
            Problem(file=name_of(path), message=f"cannot be read: {reason}", expected=_SQL_EXPECTED)
        ) from None
    for magic, what, expected in _MAGIC:
        if data.startswith(magic):
            raise DDLError(Problem(file=name_of(path), message=f"not SQL but {what}", expected=expected))
    if encoding := _UTF16_MARKS.get(data[:2]):
        return data.decode(encoding, "replace").encode("utf-8", "replace")
    if b"\0" in data[:_BINARY_SAMPLE]:
        raise DDLError(Problem(file=name_of(path), message="a binary file, not SQL", expected=_SQL_EXPECTED))
    return data.removeprefix(_UTF8_MARK)
