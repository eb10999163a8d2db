"""Programs of the system that the tests run.

python -m tests.programs      installs those that are missing, as root by the system's package manager: the shells, and
                              in CI, where no test may be skipped, also database servers and an editor
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

IN_CI = os.environ.get("CI") == "true"
_SHELLS = {name: name for name in ("bash", "zsh", "fish")}
_MORE = {"mariadbd": "mariadb-server", "pg_ctlcluster": "postgresql", "vim": "vim"}
_WANTED = {**_SHELLS, **_MORE} if IN_CI else _SHELLS  # packages by program
_LIMIT_S = 600
_INSTALLERS = (
    (["apt-get", "update", "--quiet"], ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"]),
    (["true"], ["dnf", "install", "--assumeyes"]),
    (["true"], ["apk", "add"]),
)  # what comes before, and what is followed by the names of packages


def missing(what: str) -> NoReturn:
    """Skip the test for want of something; in CI, where nothing may be missing, fail it."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


def main() -> None:
    """Install what is missing, where that is possible; the tests say what still is."""
    wanted = [package for program, package in _WANTED.items() if shutil.which(program) is None]
    if not wanted or os.geteuid() != 0:
        return
    for before, command in _INSTALLERS:
        if shutil.which(command[0]) is not None:
            print(f"there is no {' and no '.join(wanted)}: {' '.join([*command, *wanted])}", flush=True)
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for step in (before, [*command, *wanted]):
                subprocess.run(step, check=False, timeout=_LIMIT_S, env=environment, stdin=subprocess.DEVNULL)
            return


if __name__ == "__main__":
    main()
