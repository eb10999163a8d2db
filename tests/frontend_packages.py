"""The packages of the generated frontends: installed once by their lock file, and shared by all that the tests make.

python -m tests.frontend_packages      installs them, where that was not done yet
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from runner.records.advisory_lock import AdvisoryLock
from tests.node import NoNodeError, command, node_environment

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "templates" / "fe-boilerplate" / "frontend"
FILES = ("package.json", "package-lock.json", ".npmrc")
HOME = ROOT / "build" / ".frontend-packages"
INSTALL_LIMIT_S = 600
NOT_OURS = ("npm notice", "npm warn Unknown user config")  # what npm says of itself and of this machine


class InstallError(Exception):
    """npm did not install the packages, or had something to say about them."""


def packages() -> Path:
    """Return the `node_modules` that the lock file of the template set describes; installs them where they are not.

    Safe to be called by several processes at once. Raises InstallError and NoNodeError.
    """
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = HOME / digest
    HOME.mkdir(parents=True, exist_ok=True)
    with AdvisoryLock(HOME / "lock").held(2 * INSTALL_LIMIT_S) as got:
        if not got:
            raise InstallError(f"{HOME}: another process has been installing for {2 * INSTALL_LIMIT_S} s")
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
            (folder / "installed").touch()
    return folder / "node_modules"


def _install(folder: Path) -> None:
    folder.mkdir()
    for name in FILES:
        shutil.copyfile(SOURCE / name, folder / name)
    result = subprocess.run(
        [*command("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=INSTALL_LIMIT_S,
        check=False,
    )
    said = [line for line in result.stderr.splitlines() if line.strip() and not line.startswith(NOT_OURS)]
    if result.returncode or said:
        raise InstallError("npm ci: " + "\n".join(said))


def main() -> int:
    """Install them."""
    try:
        packages()
    except (InstallError, NoNodeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
