"""The committed npm files name no host: neither a registry nor anything else specific to one network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.frontend_packages import BROWSER_TESTS, merged, with_all_options, without_options

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
    lock = json.loads(with_all_options(folder, "package-lock.json"))
    return {name: package for name, package in lock["packages"].items() if name}


def test_packages_of_an_option_are_locked_with_it_only() -> None:
    names = ("package.json", "package-lock.json")
    full = [with_all_options(FRONTEND, name) for name in names]
    base = [without_options((FRONTEND / f"{name}.j2").read_text()) for name in names]
    for package, lock in (full, base):
        own = json.loads(lock)["packages"][""]
        assert own["dependencies"] == json.loads(package)["dependencies"]
        assert own["devDependencies"] == json.loads(package)["devDependencies"]
    assert "@visx" not in "".join(base)
    assert merged(base[1], full[1]) == (FRONTEND / "package-lock.json.j2").read_text()


def test_a_lock_file_without_options_has_nothing_of_its_own() -> None:
    assert without_options(merged("a\nd\n", "a\nb\nc\nd\n")) == "a\nd\n"
    with pytest.raises(ValueError, match="b"):
        merged("a\nb\n", "a\nc\n")


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
