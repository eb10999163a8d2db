"""Fills the database with plausible rows, for development: `python -m app.seed`, or `make seed`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.database import get_engine
from app.core.seeding.filling import Filled, SeedError, fill, has_rows
from app.core.settings import get_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill every table and say what was done; return 1 where nothing was."""
    options = _parser().parse_args(arguments)
    try:
        if options.if_empty and _is_filled():
            sys.stdout.write("The database has rows already; none were added.\n")
        else:
            _tell(_fill(options))
    except SeedError as error:
        sys.stderr.write(f"Nothing was added: {error}.\n")
        return 1
    finally:
        get_engine().dispose()
    return 0


def _is_filled() -> bool:
    """Whether the database that the settings name has rows."""
    with Session(get_engine()) as session:
        return has_rows(session)


def _fill(options: argparse.Namespace) -> Filled:
    """Fill the database that the settings name."""
    with Session(get_engine(), expire_on_commit=False) as session:
        if not options.more and has_rows(session):
            raise SeedError("the database has rows already; --more adds to them")
        return fill(session, rows=options.rows, seed=options.seed, locale=options.locale)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.seed", description="Fill every table with plausible rows."
    )
    parser.add_argument(
        "--rows", type=int, default=20, metavar="N", help="rows a table (default: %(default)s)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="same number, same rows (default: %(default)s)",
    )
    parser.add_argument(
        "--locale",
        default=get_settings().seed_locale,
        metavar="L",
        help="whose names and addresses (default: %(default)s)",
    )
    parser.add_argument(
        "--more", action="store_true", help="add to a database that has rows already"
    )
    parser.add_argument(
        "--if-empty", action="store_true", help="leave a database that has rows as it is"
    )
    return parser


def _tell(filled: Filled) -> None:
    """Print how many rows each table was given, and why where that is fewer than were asked for."""
    width = max(map(len, filled.rows), default=0)
    for name, count in sorted(filled.rows.items()):
        reason = f"  ({filled.reasons[name]})" if name in filled.reasons else ""
        sys.stdout.write(f"{name:<{width}}  {count:>6}{reason}\n")


if __name__ == "__main__":
    sys.exit(main())
