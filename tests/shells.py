"""The shells that the tests of completion run: bash, zsh and fish.

python -m tests.shells      installs those that are missing, as root by the system's package manager
"""

from __future__ import annotations

import os
import shutil
import subprocess

SHELLS = ("bash", "zsh", "fish")
_LIMIT_S = 600
_INSTALLERS = (
    (["apt-get", "update", "--quiet"], ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"]),
    (["true"], ["dnf", "install", "--assumeyes"]),
    (["true"], ["apk", "add"]),
)  # what comes before, and what is followed by the names of packages


def missing() -> list[str]:
    """Return the shells that are not installed."""
    return [shell for shell in SHELLS if shutil.which(shell) is None]


def main() -> None:
    """Install what is missing, where that is possible; the tests say what still is."""
    wanted = missing()
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
