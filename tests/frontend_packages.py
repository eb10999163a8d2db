"""The packages of the generated frontends: installed once from their lock file, and shared by all tests.

python -m tests.frontend_packages      installs them, if that has not been done yet
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
BROWSER_TESTS = SOURCE / "{{ 'e2e' if operation.e2e else '' }}"
FILES = ("package.json", "package-lock.json", ".npmrc")
HOME = ROOT / "build" / ".frontend-packages"
INSTALL_LIMIT_S = 600
NOT_OURS = ("npm notice", "npm warn Unknown user config")  # npm about itself and about this machine's settings


class InstallError(Exception):
    """npm did not install the packages, or printed a warning about them."""


def packages(source: Path = SOURCE) -> Path:
    """Return the `node_modules` that the lock file in a folder describes; installs them if they are missing.

    Safe to be called by several processes at once. Raises InstallError and NoNodeError.
    """
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = HOME / digest
    HOME.mkdir(parents=True, exist_ok=True)
    with AdvisoryLock(HOME / "lock").held(2 * INSTALL_LIMIT_S) as got:
        if not got:
            raise InstallError(f"{HOME}: another process has been installing for {2 * INSTALL_LIMIT_S} s")
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(source, folder)
            (folder / "installed").touch()
    return folder / "node_modules"


def _install(source: Path, folder: Path) -> None:
    folder.mkdir()
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
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
        packages(BROWSER_TESTS)
    except (InstallError, NoNodeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
