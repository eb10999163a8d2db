"""Fills tables with many rows, to see how the application behaves: `python -m app.load`, or `make load`."""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.database import get_engine
from app.core.loading.loader import Loaded, load_tables, table_names
from app.core.seeding.arguments import seeding_parser
from app.core.seeding.seeder import SeedError

_INTERVAL_S = 2.0  # between two lines of progress


class _Progress:
    """Prints how many rows a table has, from time to time."""

    def __init__(self) -> None:
        self._began = self._printed = time.monotonic()

    def __call__(self, table: str, rows: int, wanted: int) -> None:
        now = time.monotonic()
        if now - self._printed >= _INTERVAL_S:
            self._printed = now
            sys.stderr.write(f"{table}: {rows:,} of {wanted:,} rows, {now - self._began:.0f} s\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the tables and print how many rows each has; return 1 if one has fewer than requested."""
    parser = _parser()
    options = parser.parse_args(arguments)
    tables = options.table or table_names()
    for name in tables:
        if name not in table_names():
            parser.error(_unknown(name))
    try:
        with Session(get_engine(), expire_on_commit=False) as session:
            loaded = load_tables(
                session,
                tables,
                rows=options.rows,
                seed=options.seed,
                locale=options.locale,
                progress=_Progress(),
            )
    except SeedError as error:
        sys.stderr.write(f"Nothing was added: {error}.\n")
        return 1
    finally:
        get_engine().dispose()
    _print_result(loaded)
    return 1 if any(table.reason for table in loaded) else 0


def _unknown(name: str) -> str:
    """Return the message for the name of a table that does not exist."""
    names = table_names()
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the tables are {', '.join(sorted(names))}"
    return f"there is no table {name}; {hint}"


def _parser() -> argparse.ArgumentParser:
    parser = seeding_parser(
        "python -m app.load",
        "Add rows to tables until each has a number of them. They are copies of seeded rows with other keys and "
        "references.",
        rows=100_000,
        rows_help="rows that each table has afterwards",
    )
    parser.add_argument(
        "--table",
        action="append",
        metavar="T",
        help="name of a table in SQL; can be repeated (default: all tables)",
    )
    return parser


def _print_result(loaded: Sequence[Loaded]) -> None:
    """Print the number of rows of each table, and the reason where it is lower than requested."""
    width = max((len(table.table) for table in loaded), default=0)
    for table in loaded:
        reason = f"  ({table.reason})" if table.reason else ""
        sys.stdout.write(f"{table.table:<{width}}  {table.rows:>11,}{reason}\n")


if __name__ == "__main__":
    sys.exit(main())
