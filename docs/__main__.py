"""Builds the site: `python -m docs FOLDER`. A warning, such as a link that leads nowhere, is an error."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main


def build(folder: str) -> int:
    """Build all pages into `folder` and return the exit code."""
    code = main(["-q", "-n", "-W", "--keep-going", "-E", "-b", "html", str(Path(__file__).parent), folder])
    if code == 0:
        sys.stdout.write(f"open {folder}/index.html\n")
    return code


if __name__ == "__main__":
    sys.exit(build(sys.argv[1]))
