"""The command `runner`, and `python -m runner`.

Kept this small since the forkserver imports it once more, as the main module of its parent.
"""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    from runner.command import cli  # noqa: PLC0415 - not for those who only import this module

    cli.main()


if __name__ == "__main__":
    main()
