"""Folders of migrations: which tool wrote one, and which of its files lead up, in the order in which it runs them.

| tool | files | order |
| --- | --- | --- |
| Flyway | `V1__a.sql`, from the last `B3__b.sql`; `R__c.sql` last; `U1__a.sql` undoes; inner folders too | version |
| sqitch | `deploy/a.sql`, `deploy/a@tag.sql` before it was reworked; `revert/` undoes | `sqitch.plan` |
| Prisma, drizzle-kit | `2024_a/migration.sql` | folder |
| drizzle-kit, flat | `0000_a.sql` | `meta/_journal.json` |
| Diesel | `2024_a/up.sql`; `down.sql` undoes | folder |
| Hasura | `default/2024_a/up.sql`; `down.sql` undoes | folder |
| graphile-migrate | `committed/000001.sql`, then `current.sql` | number |
| Atlas | `1_a.sql`, from the last with the line `-- atlas:checkpoint` | name |
| golang-migrate, SQLx and others | `1_a.up.sql`; `1_a.down.sql` undoes | name |
| Postgrator | `001.do.a.sql`; `001.undo.a.sql` undoes | name |
| goose, dbmate, sql-migrate, Play and others | both ways in one file, with marks (`migration_marks`) | name |

Numbers in names are compared as numbers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from runner.ddl.migration_marks import HEAD_BYTES, marking_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_FLYWAY = re.compile(r"(?i)(?P<kind>[VUBR])(?P<version>[\d._]*)__.+\.sql")
_DOWN = re.compile(r"(?i)(?P<stem>.+?)(?P<mark>[._-])(?P<way>down|undo|rollback|revert)(?P<rest>\..+)?\.sql")
_NUMBER = re.compile(r"\d+")
_TEXT_AND_NUMBER = re.compile(r"(\D*)(\d*)")
_INNER = ("migrations", "migration", "sqls", "up")  # folders that hold the migrations of the folder around them
_NO_SCHEMA = frozenset({"seed.sql", "seeds.sql", "data.sql", "roles.sql"})  # files beside such a folder
_CHECKPOINT = re.compile(rb"(?m)^--[ \t]*atlas:checkpoint\b")


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
    if committed := _sql_files(folder / "committed"):
        current = [folder / "current.sql", *_in_order(_sql_files(folder / "current"))]
        return MigrationFolder("graphile-migrate", [*_in_order(committed), *filter(_is_file, current)])
    flat = _sql_files(folder)
    found = _flyway(folder, flat) or _nested(folder) or _flat(folder, flat)
    if all(path.name.lower() in _NO_SCHEMA for path in found.files):
        for inner in (folder / name for name in _INNER):
            if inner.is_dir() and (inside := read_folder(inner)).files:
                return inside
    return found if found.files else _hasura(folder)


def lead_up(paths: Iterable[Path]) -> list[Path]:
    """Return the files that a glob found, in order, but those that undo others of them."""
    ordered = sorted(paths, key=lambda path: [_place(part) for part in path.parts])
    names: dict[Path, set[str]] = {}
    for path in ordered:
        names.setdefault(path.parent, set()).add(path.name.lower())
    return [path for path in ordered if not _undoes(path.name.lower(), names[path.parent])] or ordered


def _sql_files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("[!.]*") if path.suffix.lower() == ".sql" and path.is_file()]


def _is_file(path: Path) -> bool:
    return path.is_file()


def _planned(folder: Path, plan: Path) -> list[Path]:
    """Return the changes of a sqitch.plan: the first word of each line but pragmas and comments.

    A change that comes again was reworked: its older script is called after the tag that comes first after it.
    """
    changes: list[tuple[str, str]] = []  # name, and the tag after it
    for line in filter(None, map(str.strip, plan.read_text(encoding="utf-8", errors="replace").splitlines())):
        word = line.split()[0]
        if word.startswith("@"):
            changes = [(name, tag or word) for name, tag in changes]
        elif word[0] not in "%#-":
            changes.append((word.lstrip("+"), ""))
    last = {name: number for number, (name, _) in enumerate(changes)}
    names = [name if number == last[name] else name + tag for number, (name, tag) in enumerate(changes)]
    return [path for name in names if (path := folder / "deploy" / f"{name}.sql").is_file()]


def _flyway(folder: Path, flat: Sequence[Path]) -> MigrationFolder | None:
    if flat and not any(_FLYWAY.fullmatch(path.name) for path in flat):
        return None
    named = [
        (match, path) for path in folder.rglob("*.sql") if path.is_file() and (match := _FLYWAY.fullmatch(path.name))
    ]
    versioned = sorted((_version(match), path) for match, path in named if match["kind"] in "VvBb" and match["version"])
    if not versioned:
        return None
    if len({(path.name[0].upper(), version) for version, path in versioned}) < len(versioned):
        return None  # one folder for each database
    base = max((version for version, path in versioned if path.name[0] in "Bb"), default=())
    steps = [path for version, path in versioned if (version > base if path.name[0] in "Vv" else version == base)]
    return MigrationFolder("Flyway", [*steps, *sorted(path for match, path in named if match["kind"] in "Rr")])


def _version(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(match["version"]))


def _nested(folder: Path) -> MigrationFolder | None:
    """Return migrations that have a folder each."""
    for file, tool in (("migration.sql", "Prisma"), ("up.sql", "Diesel")):
        if paths := _in_order(folder.glob(f"*/{file}")):
            is_drizzle = file == "migration.sql" and any(path.with_name("snapshot.json").exists() for path in paths)
            return MigrationFolder("drizzle-kit" if is_drizzle else tool, paths)
    return None


def _hasura(folder: Path) -> MigrationFolder:
    """Return migrations that have a folder each, inside one for their database; no files where there are none."""
    return MigrationFolder("Hasura" if (paths := _in_order(folder.glob("*/*/up.sql"))) else None, paths)


def _flat(folder: Path, flat: Iterable[Path]) -> MigrationFolder:
    paths = _in_order(flat)
    names = {path.name.lower() for path in paths}
    kept = [path for path in paths if not _undoes(path.name.lower(), names)]
    if (folder / "atlas.sum").is_file():
        checkpoints = [number for number, path in enumerate(kept) if _CHECKPOINT.search(_head(path))]
        return MigrationFolder("Atlas", kept[checkpoints[-1] :] if checkpoints else kept)
    journal = folder / "meta" / "_journal.json"
    if journal.is_file():
        return MigrationFolder("drizzle-kit", _in_journal(journal, kept))
    return MigrationFolder(_tool(folder, names, kept), kept)


def _in_journal(journal: Path, paths: list[Path]) -> list[Path]:
    """Return the files that drizzle-kit's journal lists, in its order; all where it cannot be read."""
    try:
        entries = json.loads(journal.read_bytes())["entries"]
        tags = [entry["tag"] for entry in sorted(entries, key=lambda entry: int(entry["idx"]))]
    except (OSError, ValueError, LookupError, TypeError):
        return paths
    by_stem = {path.stem: path for path in paths}
    return [by_stem[tag] for tag in tags if tag in by_stem] or paths


def _in_order(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: [_place(path.parent.name), _place(path.name)])


def _place(name: str) -> tuple[list[tuple[str, int]], str]:
    """Return where a name comes: digits are compared as numbers, and a name that begins with some comes first."""
    stem = name[:-4] if name.lower().endswith(".sql") else name
    parts = [(text, int(digits) if digits else -1) for text, digits in _TEXT_AND_NUMBER.findall(stem)]
    return parts, name


def _undoes(name: str, names: set[str]) -> bool:
    """Whether a file undoes another one of the folder; `slow_down.sql` alone does not."""
    match = _DOWN.fullmatch(name)
    if match is None:
        return name in {"down.sql", "undo.sql"}
    stem, mark, rest = match["stem"], match["mark"], match["rest"] or ""
    if rest:
        return bool(names & {f"{stem}{mark}do{rest}.sql", f"{stem}{mark}up{rest}.sql"})
    return mark == "." or bool(names & {f"{stem}{mark}up.sql", f"{stem}.sql", f"{stem}{mark}do.sql"})


def _tool(folder: Path, names: set[str], paths: Iterable[Path]) -> str | None:
    if tool := next(filter(None, map(marking_tool, map(_head, paths))), None):
        return tool
    if folder.parent.name == "supabase":
        return "Supabase"
    goes_both_ways = any(name.endswith(".up.sql") for name in names)
    if names and (folder.parent / "Cargo.toml").is_file() and folder.name == "migrations":
        return "SQLx"
    if any(".do." in name for name in names) and any(".undo." in name for name in names):
        return "Postgrator"
    return "golang-migrate" if goes_both_ways else None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""  # the reader reports it


def migration_tool(path: Path) -> str | None:
    """Return the tool that wrote a folder or a file of migrations, None where there is no mark of one."""
    return read_folder(path).tool if path.is_dir() else marking_tool(_head(path))
