"""What is committed for npm names no machine: neither a registry nor anything else that only one network has."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_lock_file_names_no_host_to_fetch_from() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 20
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if "integrity" not in package]


def test_npm_is_told_so_and_nothing_else() -> None:
    assert (ROOT / ".npmrc").read_text() == "omit-lockfile-registry-resolved=true\n"


def test_versions_are_exact_where_tests_depend_on_them() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    for name in ("convex-test", "vitest", "tsx", "ws", "typescript"):
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["devDependencies"][name])
    assert package["dependencies"].keys() == {"convex"}


def test_the_functions_import_only_convex() -> None:
    for path in sorted((ROOT / "convex").glob("*.ts")):
        found = re.findall(r"""from ["']([^"']+)["']""", path.read_text())
        assert all(name.startswith("./") or name.split("/")[0] == "convex" for name in found), path
