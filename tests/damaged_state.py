"""Seeded damage to a state file, as caused by a failing disk, a foreign program or a user's mistake."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from pathlib import Path

_PAGE = 4096
_HEADER = 100  # bytes
_TEXTS = (
    (b"description", b"descriptioo"),  # the name of a column
    (b"CREATE TABLE tasks", b"CREATE TABLE ta\xa0ks"),  # not UTF-8
    (b"PRIMARY KEY", b"PRIMARX KEY"),
    (b"2026-", b"2O26-"),
    (b"done", b"d\xefne"),
)
_STATEMENTS = (
    "PRAGMA user_version = 0",
    "PRAGMA application_id = 7",
    "PRAGMA journal_mode = DELETE",
    "DROP TABLE attempts",
    "DROP TABLE acknowledgements",
    "ALTER TABLE controls RENAME COLUMN answer TO answers",
    "UPDATE events SET payload = substr(payload, 1, 9)",
    "UPDATE events SET payload = '[]'",
    'UPDATE events SET payload = \'{"event":"no_such"}\'',
    "UPDATE events SET run = run + 1 WHERE run = (SELECT max(key) FROM runs)",
    "UPDATE runs SET status = 'gone'",
    "UPDATE runs SET started_at = 'yesterday'",
    "UPDATE runs SET pid = 9223372036854775807",
    "UPDATE runs SET pid = 'seven'",
    "UPDATE tasks SET classification = '{'",
    "UPDATE tasks SET needs = '7'",
    "UPDATE subtasks SET step = 1.5",
    "UPDATE subtasks SET title = CAST(x'41ff' AS TEXT)",
    "UPDATE subtasks SET status = 'gone'",
    "UPDATE attempts SET started_at = x'00ff'",
)


def damage(path: Path, chance: random.Random) -> str:
    """Damage a state file in one way and return which."""
    kind = chance.choice(["bit", "bit", "bit", "header", "bytes", "page", "cut", "swap", "text", "text", "sql", "sql"])
    if kind == "sql":
        statement = chance.choice(_STATEMENTS)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute(statement)
        return statement
    data = bytearray(path.read_bytes())
    place = chance.randrange(_HEADER if kind == "header" else len(data))
    page = place // _PAGE * _PAGE
    match kind:
        case "bit" | "header":
            data[place] ^= 1 << chance.randrange(8)
        case "bytes":
            data[place : place + 8] = chance.randbytes(len(data[place : place + 8]))
        case "page":
            data[page : page + _PAGE] = bytes(_PAGE)
        case "cut":
            del data[place:]
        case "swap":
            other = chance.randrange(len(data)) // _PAGE * _PAGE
            data[page : page + _PAGE], data[other : other + _PAGE] = (
                data[other : other + _PAGE],
                data[page : page + _PAGE],
            )
        case "text":
            before, after = chance.choice(_TEXTS)
            kind = f"{after!r}"
            found = data.find(before, chance.randrange(len(data)))
            place = found if found >= 0 else max(0, data.find(before))
            data[place : place + len(before)] = after
    path.write_bytes(data)
    return f"{kind} at {place}"
