"""Folders of migrations: which tool wrote one, and which of its files lead up, in the order in which it runs them.

| tool | files | order |
| --- | --- | --- |
| Flyway | `V1__a.sql`, from the last `B3__b.sql`; `R__c.sql` last; `U1__a.sql` undoes | version, number by number |
| sqitch | `deploy/a.sql`; `revert/` undoes | `sqitch.plan` |
| Prisma, drizzle-kit | `2024_a/migration.sql` | folder |
| Diesel | `2024_a/up.sql`; `down.sql` undoes | folder |
| golang-migrate and others | `1_a.up.sql`; `1_a.down.sql` undoes | number, then name |
| goose, dbmate, sql-migrate | both ways in one file, with marks | number, then name |
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FLYWAY = re.compile(r"(?i)(?P<kind>[VUBR])(?P<version>[\d._]*)__.+\.sql")
_DOWN = re.compile(r"(?i)(?P<stem>.+?)(?P<mark>[._-])(?P<way>down|undo|rollback|revert)\.sql")
_NUMBER = re.compile(r"\d+")
# Marks within a file: a tool, and the lines that begin its ways up and down.
_SECTIONS = tuple(
    (tool, re.compile(rb"(?im)^[ \t]*--[ \t]*" + up), re.compile(rb"(?im)^[ \t]*--[ \t]*" + down))
    for tool, up, down in (
        ("goose", rb"\+goose[ \t]+up\b", rb"\+goose[ \t]+down\b"),
        ("sql-migrate", rb"\+migrate[ \t]+up\b", rb"\+migrate[ \t]+down\b"),
        ("dbmate", rb"migrate:up\b", rb"migrate:down\b"),
        ("rambler", rb"rambler[ \t]+up\b", rb"rambler[ \t]+down\b"),
    )
)
_HEAD_BYTES = 4096  # of a file, within which its first mark is


class MigrationFolder(NamedTuple):
    """The files of a folder in order, and the tool whose migrations they are, None for plain files of SQL."""

    tool: str | None
    files: list[Path]


def read_folder(folder: Path) -> MigrationFolder:
    """Return the files of a folder that make its schema; files that undo others are left out."""
    plan = folder / "sqitch.plan"
    if plan.is_file():
        return MigrationFolder("sqitch", _planned(folder, plan))
    if folder.name == "deploy" and (plan := folder.parent / "sqitch.plan").is_file():
        return MigrationFolder("sqitch", _planned(folder.parent, plan))
    flat = [path for path in folder.glob("[!.]*.sql") if path.is_file()]
    found = _flyway(folder, flat) or _nested(folder) or _flat(folder, flat)
    inner = folder / "migrations"
    return read_folder(inner) if not found.files and inner.is_dir() else found


def _planned(folder: Path, plan: Path) -> list[Path]:
    """Return the changes of a sqitch.plan: the first word of each line but pragmas, tags and comments."""
    lines = plan.read_text(encoding="utf-8", errors="replace").splitlines()
    names = [line.split()[0].lstrip("+") for line in lines if line.strip() and line.strip()[0] not in "%@#-"]
    paths = [folder / "deploy" / f"{name}.sql" for name in names]
    return [path for path in paths if path.is_file()]


def _flyway(folder: Path, flat: Iterable[Path]) -> MigrationFolder | None:
    paths = list(flat) or [path for path in folder.rglob("*.sql") if path.is_file()]
    named = [(match, path) for path in paths if (match := _FLYWAY.fullmatch(path.name))]
    versioned = sorted((_version(match), path) for match, path in named if match["kind"] in "VvBb" and match["version"])
    if not versioned:
        return None
    base = max((version for version, path in versioned if path.name[0] in "Bb"), default=())
    steps = [path for version, path in versioned if (version > base if path.name[0] in "Vv" else version == base)]
    return MigrationFolder("Flyway", [*steps, *sorted(path for match, path in named if match["kind"] in "Rr")])


def _version(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(match["version"]))


def _nested(folder: Path) -> MigrationFolder | None:
    """Return migrations that have a folder each."""
    for file, tool in (("migration.sql", "Prisma"), ("up.sql", "Diesel")):
        if paths := sorted(folder.glob(f"*/{file}"), key=lambda path: _place(path.parent)):
            is_drizzle = file == "migration.sql" and any(path.with_name("snapshot.json").exists() for path in paths)
            return MigrationFolder("drizzle-kit" if is_drizzle else tool, paths)
    return None


def _flat(folder: Path, flat: Iterable[Path]) -> MigrationFolder:
    paths = sorted(flat, key=_place)
    names = {path.name.lower() for path in paths}
    kept = [path for path in paths if not _undoes(path.name.lower(), names)]
    return MigrationFolder(_tool(folder, names, kept), kept)


def _place(path: Path) -> tuple[bool, int, str]:
    """Return where a file comes: by the number that its name begins with, then by name."""
    number = _NUMBER.match(path.name)
    return (number is None, int(number[0]) if number else 0, path.name)


def _undoes(name: str, names: set[str]) -> bool:
    """Whether a file undoes another one of the folder; `slow_down.sql` alone does not."""
    match = _DOWN.fullmatch(name)
    if match is None:
        return name in {"down.sql", "undo.sql"}
    stem, mark = match["stem"], match["mark"]
    return mark == "." or bool(names & {f"{stem}{mark}up.sql", f"{stem}.sql", f"{stem}{mark}do.sql"})


def _tool(folder: Path, names: set[str], paths: Iterable[Path]) -> str | None:
    if (folder / "atlas.sum").is_file():
        return "Atlas"
    if (folder / "meta" / "_journal.json").is_file():
        return "drizzle-kit"
    marked = (section_tool(_head(path)) for path in paths)
    if tool := next(filter(None, marked), None):
        return tool
    return "golang-migrate" if any(name.endswith(".up.sql") for name in names) else None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""  # the reader reports it


def section_tool(data: bytes) -> str | None:
    """Return the tool whose mark begins a way up in a file, None where there is none."""
    return next((tool for tool, up, _ in _SECTIONS if up.search(data, 0, _HEAD_BYTES)), None)


def migration_tool(path: Path) -> str | None:
    """Return the tool that wrote a folder or a file of migrations, None where there is no mark of one."""
    return read_folder(path).tool if path.is_dir() else section_tool(_head(path))


def without_way_down(data: bytes) -> tuple[bytes, int, str]:
    """Return a file with its ways down as blank lines, the line of the first, and the tool; line 0 for none."""
    for tool, up, down in _SECTIONS:
        if up.search(data, 0, _HEAD_BYTES) is None or down.search(data) is None:
            continue
        kept, line, position = [], 0, 0
        while (match := down.search(data, position)) is not None:
            line = line or data.count(b"\n", 0, match.start()) + 1
            again = up.search(data, match.end())
            end = again.start() if again else len(data)
            kept += [data[position : match.start()], b"\n" * data.count(b"\n", match.start(), end)]
            position = end
        return b"".join([*kept, data[position:]]), line, tool
    return data, 0, ""
