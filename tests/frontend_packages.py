"""The packages of the generated frontends: installed once from their lock file, and shared by all tests.

python -m tests.frontend_packages           installs them, if that has not been done yet
python -m tests.frontend_packages lock      writes the lock file of `package.json` again

Both files are templates, with a condition around the packages that only an option needs. Tests install them all.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from difflib import SequenceMatcher
from pathlib import Path

from runner.records.advisory_lock import AdvisoryLock
from tests.node import NoNodeError, command, node_environment

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "templates" / "fe-boilerplate" / "frontend"
BROWSER_TESTS = SOURCE / "{{ 'e2e' if operation.e2e else '' }}"
FILES = ("package.json", "package-lock.json", ".npmrc")
HOME = ROOT / "build" / ".frontend-packages"
INSTALL_LIMIT_S = 600
CONDITION, END = "<% if app.charts %>\n", "<% endif %>\n"  # around the packages of the only option that needs any
NOT_OURS = ("npm notice", "npm warn Unknown user config")  # npm about itself and about this machine's settings


class InstallError(Exception):
    """npm did not install the packages, or printed a warning about them."""


def packages(source: Path = SOURCE) -> Path:
    """Return the `node_modules` that the lock file in a folder describes; installs them if they are missing.

    Safe to be called by several processes at once. Raises InstallError and NoNodeError.
    """
    digest = hashlib.sha256("".join(with_all_options(source, name) for name in FILES).encode()).hexdigest()[:16]
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


def with_all_options(source: Path, name: str) -> str:
    """Return the text of a file as an application with all options has it."""
    template = source / f"{name}.j2"
    if not template.exists():
        return (source / name).read_text(encoding="utf-8")
    return template.read_text(encoding="utf-8").replace(CONDITION, "").replace(END, "")


def without_options(text: str) -> str:
    """Return the text of a template as an application without options has it."""
    return re.sub(f"{re.escape(CONDITION)}.*?{re.escape(END)}", "", text, flags=re.DOTALL)


def merged(base: str, full: str) -> str:
    """Return the template of a lock file, where what only `full` has is conditional.

    Raises ValueError where `base` has lines that `full` does not have.
    """
    own, lines = base.splitlines(keepends=True), full.splitlines(keepends=True)
    found: list[str] = []
    for kind, begin, end, first, last in SequenceMatcher(None, own, lines, autojunk=False).get_opcodes():
        if kind == "equal":
            found += own[begin:end]
        elif kind == "insert":
            found += [CONDITION, *lines[first:last], END]
        else:
            raise ValueError("".join(own[begin:end]))
    return "".join(found)


def _lock() -> None:
    """Write the lock file again, within the versions of `package.json`."""
    text = (SOURCE / "package.json.j2").read_text(encoding="utf-8")
    locked = [_locked(variant) for variant in (without_options(text), with_all_options(SOURCE, "package.json"))]
    (SOURCE / "package-lock.json.j2").write_text(merged(*locked), encoding="utf-8")


def _locked(package: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text(package, encoding="utf-8")
        shutil.copyfile(SOURCE / ".npmrc", folder / ".npmrc")
        _npm(folder, "install", "--package-lock-only")
        return (folder / "package-lock.json").read_text(encoding="utf-8")


def _install(source: Path, folder: Path) -> None:
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(with_all_options(source, name), encoding="utf-8")
    _npm(folder, "ci")


def _npm(folder: Path, verb: str, *options: str) -> None:
    result = subprocess.run(
        [*command("npm"), verb, *options, "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=INSTALL_LIMIT_S,
        check=False,
    )
    said = [line for line in result.stderr.splitlines() if line.strip() and not line.startswith(NOT_OURS)]
    if result.returncode or said:
        raise InstallError(f"npm {verb}: " + "\n".join(said))


def main() -> int:
    """Install them."""
    try:
        if sys.argv[1:] == ["lock"]:
            _lock()
        packages()
        packages(BROWSER_TESTS)
    except (InstallError, NoNodeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
