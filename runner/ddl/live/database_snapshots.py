"""Live databases as sources of DDL: their schemas as SQL text, each kept in a file.

A run reads the database and replaces the file where the schema has changed; `--check` and `validate` use the file, so
that they need no database. Where there is no file yet they read the database too, into a temporary folder.
"""

from __future__ import annotations

import errno
import hashlib
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from runner.ddl.database_url import DatabaseUrl, DatabaseUrlError, scheme_of
from runner.ddl.dialects import NAMES, dialect_named
from runner.ddl.live.database_file import is_sqlite_database, read_statements
from runner.records.atomic_files import replace_file
from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from _typeshed import StrPath

    from runner.ddl.syntax.dialect import Dialect

FOLDER = "ddl"  # of the state folder
ALLOWED = "RUNNER_DATABASE_ALLOWED_URLS"  # separated by blanks
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 60  # characters of the database's name in the file's
_HAS_TABLE = re.compile(rb"^\s*CREATE\s+(?:\w+\s+)*TABLE\b", re.IGNORECASE | re.MULTILINE)


class Snapshot(NamedTuple):
    """A file with the schema of a live database, and the dialect that it is written in."""

    path: Path
    dialect: str


class DatabaseSchema(NamedTuple):
    """The schema of a live database: a name for its file, its SQL text and the dialect of that."""

    name: str
    text: bytes
    dialect: str


class DatabaseSnapshots:
    """The schemas of live databases, kept in `folder`, which is created when it is needed.

    Each database is read at most once. With `refresh`, it is read even where its text is kept. `allowed` are the URLs
    of databases on other machines that may be read: whoever wrote a plan could otherwise have this user's password
    sent to a server of his own. None allows all. Use as a context: what could not be kept is removed at the end.
    """

    def __init__(self, folder: StrPath, *, refresh: bool, allowed: Collection[str] | None) -> None:
        self._folder = Path(folder)
        self._refresh = refresh
        self._allowed = allowed
        self._known: dict[tuple[str, ...], Snapshot | None] = {}
        self._temporary = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._temporary.close()

    def of(self, sources: Sequence[StrPath]) -> Snapshot | None:
        """Return the snapshot of the one source that is a database: a URL, or a SQLite file; None if all are SQL.

        Raises `DDLError`: the database cannot be read, has no tables, or is named beside other sources.
        """
        names = tuple(map(str, sources))
        if names not in self._known:  # the tasks of a plan mostly share their sources
            self._known[names] = self._only_database(names)
        return self._known[names]

    def _only_database(self, sources: Sequence[str]) -> Snapshot | None:
        databases = list(filter(is_database, sources))
        if not databases:
            return None
        if len(sources) > 1:
            raise DDLError(
                Problem(
                    file=databases[0],
                    message="a database is named beside other sources of DDL",
                    expected="Name it alone: it holds the whole schema.",
                )
            )
        return self._snapshot(databases[0])

    def _snapshot(self, source: str) -> Snapshot:
        path = self._folder / _file_name(source)
        if not self._refresh:
            if path.is_file():
                return Snapshot(path, _dialect_of(source, path.read_bytes()))
            import tempfile  # noqa: PLC0415 - slow to import

            folder = self._temporary.enter_context(tempfile.TemporaryDirectory(prefix="runner-ddl-"))
            path = Path(folder, path.name)
        self._require_allowed(source)
        database = read_snapshot(source)
        try:
            _refuse_links(path)
            if not path.is_file() or path.read_bytes() != database.text:
                replace_file(path, database.text)
        except OSError as error:
            raise DDLError(
                Problem(
                    file=str(path),
                    message=f"the schema of {source} cannot be written here: {error.strerror}",
                    expected="Give a folder that can be written with --state or RUNNER_STATE.",
                )
            ) from error
        return Snapshot(path, database.dialect)

    def _require_allowed(self, source: str) -> None:
        if self._allowed is None or source in self._allowed or not scheme_of(source) or parse_url(source)[0].is_local:
            return
        raise DDLError(
            Problem(
                file=source,
                message="the database is on another machine, which a plan alone may not connect to",
                expected=f"Name the URL in {ALLOWED}, or write its schema to a file with `runner init URL`.",
            )
        )


def allowed_urls(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the URLs of databases on other machines that the environment allows plans to read."""
    return frozenset(environ.get(ALLOWED, "").split())


def is_database(source: StrPath) -> bool:
    """Return whether a source of DDL is the URL of a database server or a file that is a SQLite database."""
    text = str(source)
    return bool(scheme_of(text)) or is_sqlite_database(Path(text))


def parse_url(text: str) -> tuple[DatabaseUrl, Dialect]:
    """Return the parts of a database's URL and the dialect of its scheme. Raises `DatabaseUrlError`."""
    scheme = scheme_of(text)
    dialect = next((dialect for dialect in map(dialect_named, NAMES) if scheme in dialect.url_schemes), None)
    if dialect is None or dialect.dump_program is None:
        known = ", ".join(f"{scheme}://" for name in NAMES for scheme in dialect_named(name).url_schemes)
        raise DatabaseUrlError(f"has the unknown scheme {scheme}://", f"Known are {known} and paths of SQLite files.")
    return DatabaseUrl.parse(text, credential_variable=dialect.dump_program.credential_variable), dialect


def read_snapshot(source: str) -> DatabaseSchema:
    """Return the schema of a live database. Raises `DDLError` like `read_database`."""
    text = read_database(source)
    return DatabaseSchema(_name_of(source), text, _dialect_of(source, text))


def read_database(source: str) -> bytes:
    """Return the schema of a live database as SQL. Raises `DDLError` where it cannot be read or has no tables."""
    if not scheme_of(source):
        text = read_statements(Path(source))
    else:
        try:
            url, dialect = parse_url(source)
        except DatabaseUrlError as error:
            raise DDLError(
                Problem(file=_without_secrets(source), message=str(error), expected=error.expected)
            ) from None
        text = b"" if dialect.dump_program is None else dialect.dump_program.dump(url)
    if not _HAS_TABLE.search(text):
        raise DDLError(
            Problem(
                file=source,
                message="the database has no tables that this user can see",
                expected="Check the database's name, or create its tables first.",
            )
        )
    return text


def _refuse_links(path: Path) -> None:
    """Raise OSError where a checkout brought a link in the place of the state folder or of the folder in it."""
    if path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise OSError(errno.ELOOP, "its folder is a link")


def _dialect_of(source: str, text: bytes) -> str:
    """Return the name of a database's dialect; a server may be of another make than the scheme of its URL says."""
    if not scheme_of(source):
        return next(name for name in NAMES if dialect_named(name).is_file)
    by_mark = (name for name in NAMES if (mark := dialect_named(name).dump_mark) is not None and mark.search(text))
    return next(by_mark, parse_url(source)[1].name)


def _without_secrets(source: str) -> str:
    """Return the scheme and what follows the user's name: what is refused may hold a password."""
    scheme, _, rest = source.partition("://")
    user, at, place = rest.partition("?")[0].rpartition("@")
    return f"{scheme}://{'…' if user else ''}{at}{place}"


def _file_name(source: str) -> str:
    """Return the name of the file in which a database's schema is kept; different databases get different names."""
    return f"{_name_of(source)}-{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}.sql"


def _name_of(source: str) -> str:
    """Return the name of a database, as far as a file can be called so."""
    last = source.partition("?")[0].rstrip("/").rpartition("/")[2] if scheme_of(source) else Path(source).stem
    return _UNSAFE.sub("-", last).strip("-")[:_NAME_LENGTH] or "database"
