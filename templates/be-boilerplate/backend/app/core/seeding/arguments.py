"""The options that `app.seed` and `app.load` share."""

from __future__ import annotations

import argparse

from app.core.settings import get_settings


def seeding_parser(
    prog: str, description: str, *, rows: int, rows_help: str
) -> argparse.ArgumentParser:
    """Return a parser of `--rows`, whose default is `rows`, `--seed` and `--locale`."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument(
        "--rows",
        type=_row_count,
        default=rows,
        metavar="N",
        help=f"{rows_help}, at least 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="seed of the random generator: equal seeds give equal rows (default: %(default)s)",
    )
    parser.add_argument(
        "--locale",
        default=get_settings().seed_locale,
        metavar="L",
        help="locale of names and addresses (default: %(default)s)",
    )
    return parser


def _row_count(text: str) -> int:
    if not text.replace("_", "").isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows, which is at least 1")
    return int(text)
