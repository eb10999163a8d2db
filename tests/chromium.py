"""Finds Chromium for the browser tests: that of `RUNNER_CHROMIUM`, else the system's, else Playwright's own.

python -m tests.chromium      prints which one it is, and installs one if there is none
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

VARIABLE = "RUNNER_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HINT = f"run `make test`, which installs one, or set {VARIABLE} to the path of a Chromium or Chrome"
INSTALL_LIMIT_S = 900
INSTALLERS = (
    ([sys.executable, "-m", "playwright", "install", "chromium"], False),
    (["apt-get", "install", "--yes", "--no-install-recommends", "chromium"], True),
    (["dnf", "install", "--assumeyes", "chromium"], True),
    (["apk", "add", "chromium"], True),
)  # with a flag: only root may run it


class NoChromiumError(Exception):
    """No Chromium is installed."""


@cache
def chromium() -> Path:
    """Return the program. Raises NoChromiumError."""
    named = os.environ.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise NoChromiumError(f"{VARIABLE}={named} is no program")
        return Path(named)
    found = next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()
    if found is None:
        raise NoChromiumError(f"there is no Chromium; {HINT}")
    return Path(found)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # slow to import, and seldom needed

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


def install() -> None:
    """Install one by the first way that works: Playwright's installer, or as root the system's package manager."""
    for command, needs_root in INSTALLERS:
        if shutil.which(command[0]) is None or (needs_root and os.geteuid() != 0):
            continue
        print(f"there is no Chromium: {' '.join(command)}", flush=True)
        if command[0] == "apt-get":
            _run(["apt-get", "update", "--quiet"])
        if _run(command) == 0:
            return


def _run(command: list[str]) -> int:
    """Run an installer without prompts, and return its exit code."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        command, check=False, timeout=INSTALL_LIMIT_S, env=environment, stdin=subprocess.DEVNULL
    ).returncode


def main() -> int:
    """Make sure that Chromium is installed."""
    try:
        found = chromium()
    except NoChromiumError:
        install()
        try:
            found = chromium()
        except NoChromiumError as error:
            print(error, file=sys.stderr)
            return 1
    print(f"browser tests run in {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
