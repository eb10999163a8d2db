"""Accounts from the command line: `python -m app.core.login`. Passwords are asked for, or read from standard input."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.database import get_engine
from app.core.login.accounts import find_account, set_hash
from app.core.login.new_account import NewAccountError, add
from app.core.login.passwords import MAX_LENGTH, MIN_LENGTH
from app.core.password_hashes import hash_password


def main(arguments: Sequence[str] | None = None) -> int:
    """Add an account, or set the password of one; return 1 if that is not possible."""
    options = _parser().parse_args(arguments)
    try:
        with Session(get_engine()) as session:
            exists = find_account(session, options.login) is not None
            if exists != (options.command == "password"):
                return _failed(
                    f"There is {'already an' if exists else 'no'} account {options.login}."
                )
            password = _password()
            if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
                return _failed(f"A password has {MIN_LENGTH} to {MAX_LENGTH:,} characters.")
            hashed = hash_password(password)
            if options.command == "add":
                add(session, options.login, hashed, options.role, options.set)
            set_hash(session, options.login, hashed)
            session.commit()
    except (NewAccountError, sa.exc.DBAPIError) as error:
        return _failed(f"Nothing was changed: {error}")
    finally:
        get_engine().dispose()
    sys.stdout.write(f"{options.login} can log in.\n")
    return 0


def _failed(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1


def _password() -> str:
    """Return the password: that of a terminal is asked for twice, of anything else the first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise NewAccountError("the passwords differ.")
    return password


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.core.login", description="Accounts.")
    commands = parser.add_subparsers(dest="command", required=True)
    added = commands.add_parser("add", help="add an account")
    added.add_argument(
        "--role", default="", help="what the account may do, see app/own/permissions.py"
    )
    added.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="another field of the account; may be repeated",
    )
    changed = commands.add_parser("password", help="set the password of an account")
    for command in (added, changed):
        command.add_argument("login")
    return parser


if __name__ == "__main__":
    sys.exit(main())
