"""Runs a database's own dump program, bounded in time, with a message for each way in which it can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.ddl.database_url import DatabaseUrl
from runner.records.errors import DDLError, Problem

TIME_LIMIT = 600.0  # seconds; a schema of thousands of tables takes less than a minute
_LAST_LINES = 3  # of what the program reported


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DumpProgram:
    """How the schema of a live database is written as SQL: by the first of `names` that is installed.

    The program is given no password: it looks for one in the environment's `credential_variable` or in its own files.
    `volatile` matches what differs between two dumps of one schema; only its group `kept` stays in the text.
    """

    names: tuple[str, ...]
    package: str  # that holds the program
    arguments: Callable[[DatabaseUrl], list[str]]
    credential_variable: str
    volatile: re.Pattern[bytes]
    environment: Mapping[str, str]  # where the user has not set it otherwise

    def dump(self, url: DatabaseUrl) -> bytes:
        """Return the schema as SQL. Raises `DDLError` with the URL as the place."""
        program = next(filter(None, map(shutil.which, self.names)), None)
        if program is None:
            raise _error(
                url,
                f"cannot be read: {' or '.join(self.names)} is not installed",
                f"Install {self.package}, or write the schema to a file elsewhere and name that file.",
            )
        try:
            done = subprocess.run(  # noqa: S603 - a program of the database's, with a URL that was parsed
                [program, *self.arguments(url)],
                env={**self.environment, **os.environ},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _error(
                url,
                f"{self.names[0]} took longer than {TIME_LIMIT:.0f} s",
                "Look for what blocks the server, or dump the schema to a file and name that file.",
            ) from None
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            reason = " ".join(line.strip() for line in lines[-_LAST_LINES:]) or f"exit code {done.returncode}"
            reason = reason.rstrip(".?")
            raise _error(
                url,
                f"cannot be read: {reason}",
                f"Check host, user and database; a password is read from {self.credential_variable}.",
            )
        return self.volatile.sub(rb"\g<kept>", done.stdout)


def _error(url: DatabaseUrl, message: str, expected: str) -> DDLError:
    return DDLError(Problem(file=url.text, message=message, expected=expected))
