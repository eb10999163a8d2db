"""Fills the database with plausible rows for development: `python -m app.seed`, or `make seed`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.database import get_engine
from app.core.seeding.arguments import seeding_parser
from app.core.seeding.seeder import SeedError, SeedResult, has_rows, seed_tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill every table and print how many rows were added; return 1 if nothing could be added."""
    options = _parser().parse_args(arguments)
    try:
        if options.if_empty and _database_has_rows():
            sys.stdout.write("The database already has rows; none were added.\n")
        else:
            _print_result(_seed(options))
    except SeedError as error:
        sys.stderr.write(f"Nothing was added: {error}.\n")
        return 1
    finally:
        get_engine().dispose()
    return 0


def _database_has_rows() -> bool:
    """Whether any table of the configured database has rows."""
    with Session(get_engine()) as session:
        return has_rows(session)


def _seed(options: argparse.Namespace) -> SeedResult:
    """Fill the configured database. Raises SeedError."""
    with Session(get_engine(), expire_on_commit=False) as session:
        if not options.more and has_rows(session):
            raise SeedError("the database already has rows; use --more to add to them")
        return seed_tables(session, rows=options.rows, seed=options.seed, locale=options.locale)


def _parser() -> argparse.ArgumentParser:
    parser = seeding_parser(
        "python -m app.seed",
        "Fill every table with plausible rows.",
        rows=20,
        rows_help="rows per table",
    )
    parser.add_argument(
        "--more", action="store_true", help="add to a database that already has rows"
    )
    parser.add_argument(
        "--if-empty", action="store_true", help="do nothing if the database already has rows"
    )
    return parser


def _print_result(result: SeedResult) -> None:
    """Print the number of rows added to each table, and the reason where it is lower than requested."""
    width = max(map(len, result.rows), default=0)
    for name, count in sorted(result.rows.items()):
        reason = f"  ({result.reasons[name]})" if name in result.reasons else ""
        sys.stdout.write(f"{name:<{width}}  {count:>6}{reason}\n")


if __name__ == "__main__":
    sys.exit(main())
