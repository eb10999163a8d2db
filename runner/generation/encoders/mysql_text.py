"""Text in the SQL of MySQL and MariaDB: identifiers and string constants."""

from __future__ import annotations


def backticked(name: str) -> str:
    """Return an identifier as SQL."""
    return "`" + name.replace("`", "``") + "`"


def mysql_string(value: str) -> str:
    """Return a string constant as SQL; a backslash escapes in the SQL mode that a backend's connections set."""
    return "'" + value.translate(_ESCAPES) + "'"


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "''", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"})
