"""The committed npm files name no host: neither a registry nor anything else specific to one network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.frontend_packages import BROWSER_TESTS

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "templates" / "fe-boilerplate" / "frontend"
LOCKED = pytest.mark.parametrize("folder", [ROOT, FRONTEND, BROWSER_TESTS], ids=["convex", "frontend", "e2e"])
# Builds of biome for other platforms, whose hashes are not available: npm uses only their versions.
NOT_TOLD = {f"node_modules/@biomejs/cli-{name}" for name in (
    "android-arm64", "android-x64", "darwin-arm64", "darwin-x64",
    "linux-arm64-musl", "linux-x64-musl", "win32-arm64", "win32-x64",
)}  # fmt: skip


@LOCKED
def test_the_lock_file_names_no_host_to_fetch_from(folder: Path) -> None:
    packages = locked(folder)
    assert len(packages) >= 3
    assert not [name for name, package in packages.items() if "resolved" in package]


@LOCKED
def test_the_lock_file_holds_every_package_to_its_hash(folder: Path) -> None:
    unknown = {name for name, package in locked(folder).items() if "integrity" not in package}
    assert unknown == (NOT_TOLD if folder == FRONTEND else set())
    assert all(locked(folder)[name]["optional"] for name in unknown)


def locked(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the packages of a lock file, without the project itself, by path."""
    lock = json.loads((folder / "package-lock.json").read_text())
    return {name: package for name, package in lock["packages"].items() if name}


@LOCKED
def test_npm_is_told_so_and_nothing_else(folder: Path) -> None:
    assert (folder / ".npmrc").read_text() == "omit-lockfile-registry-resolved=true\n"


def test_versions_are_exact_where_tests_depend_on_them() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    for name in ("convex-test", "vitest", "tsx", "ws", "typescript"):
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["devDependencies"][name])
    assert package["dependencies"].keys() == {"convex"}


def test_the_functions_import_only_convex() -> None:
    for path in sorted((ROOT / "convex").glob("*.ts")):
        found = re.findall(r"""from ["']([^"']+)["']""", path.read_text())
        assert all(name.startswith("./") or name.split("/")[0] == "convex" for name in found), path
