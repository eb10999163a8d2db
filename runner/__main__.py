"""The command `runner`, and `python -m runner`.

Kept this small since the forkserver imports it once more, as the main module of its parent.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    _use_utf8()
    _remove_current_folder()
    from runner.command import cli  # noqa: PLC0415 - not for those who only import this module

    cli.main()


def _use_utf8() -> None:
    """Start again in Python's UTF-8 mode where the locale has another encoding, which cannot express all file names."""
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def _remove_current_folder() -> None:
    """Import nothing from the folder that the command is run in: `python -m` puts it first on the path.

    It stays where this package itself is imported from it.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - before any import
    if not sys.flags.safe_path and sys.path[0] in {"", os.getcwd()} and home != os.getcwd():  # noqa: PTH109 - likewise
        del sys.path[0]


if __name__ == "__main__":
    main()
