"""The command `runner`, and `python -m runner`.

Kept this small since the forkserver imports it once more, as the main module of its parent.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    _remove_current_folder()
    from runner.command import cli  # noqa: PLC0415 - not for those who only import this module

    cli.main()


def _remove_current_folder() -> None:
    """Import nothing from the folder that the command is run in: `python -m` puts it first on the path.

    It stays where this package itself is imported from it.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - before any import
    if not sys.flags.safe_path and sys.path[0] in {"", os.getcwd()} and home != os.getcwd():  # noqa: PTH109 - likewise
        del sys.path[0]


if __name__ == "__main__":
    main()
