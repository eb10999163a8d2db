"""The lock files, ours and the generated backend's: they satisfy pyproject.toml, carry hashes, and name no host."""

from __future__ import annotations

import contextlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import backend_lock

ROOT = Path(__file__).resolve().parent.parent
FILES = [*sorted((ROOT / "requirements").glob("*.txt")), *map(Path, backend_lock.LOCKS)]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
BACKEND = tomllib.loads(backend_lock.project("mysql"))["project"]
WANTED = {
    "run": RUN,
    "dev": [*RUN, *EXTRAS["dev"]],
    "peers": PROJECT["dependency-groups"]["peers"],
    "node": [*PROJECT["project"]["dependencies"], *EXTRAS["node"]],
    "requirements": BACKEND["dependencies"],
    "requirements-dev": [*BACKEND["dependencies"], *BACKEND["optional-dependencies"]["dev"]],
}

ENTRY = re.compile(r"(?P<requirement>\S+==\S+(?: ; [^\n\\]+)?)(?P<hashes>(?: \\\n {4}--hash=sha256:[0-9a-f]{64})+)\n")


def text_of(path: Path) -> str:
    """Return the text of a file of ours, or of a lock file of a backend, which has a name alone."""
    if path.is_absolute():
        return path.read_text(encoding="utf-8")
    return backend_lock.lock(path.name, serves_mysql=True)


def locked(path: Path) -> dict[str, list[Requirement]]:
    """Return the entries of a lock file by package; a package may have several, for different systems."""
    text = text_of(path)
    assert not ENTRY.sub("", text), "a line is no version with its hashes"
    found: dict[str, list[Requirement]] = {}
    for entry in ENTRY.finditer(text):
        requirement = Requirement(entry["requirement"])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_dependency_is_locked_inside_its_range_with_hashes(path: Path) -> None:
    entries = locked(path)
    for line in WANTED[path.stem]:
        wanted = Requirement(line)
        versions = entries.get(canonicalize_name(wanted.name), [])
        assert versions, f"{wanted.name} is not locked"
        for version in versions:
            (pin,) = version.specifier
            assert pin.version in wanted.specifier, f"{version} is outside of {wanted}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_locked_package_needs_is_locked_too(path: Path) -> None:
    """With `--require-hashes`, pip refuses to install a package whose own dependencies are missing from the file."""
    entries = locked(path)
    missing = []
    for name in entries:
        with contextlib.suppress(metadata.PackageNotFoundError):  # locked for another system
            for needed in map(Requirement, metadata.requires(name) or []):
                applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
                if applies and canonicalize_name(needed.name) not in entries:
                    missing.append(f"{name} needs {needed.name}")
    assert not missing


def test_every_lock_file_is_known_and_all_agree_on_a_version() -> None:
    assert {path.stem for path in FILES} == set(WANTED)
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for name, versions in locked(path).items():
            pins.setdefault(name, set()).add(" ".join(sorted(str(version) for version in versions)))
    assert not {name: found for name, found in pins.items() if len(found) > 1}


@pytest.mark.parametrize("path", [*FILES, ROOT / "pyproject.toml"], ids=lambda path: path.name)
def test_no_file_names_a_host(path: Path) -> None:
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", text_of(path))


def test_only_a_backend_for_mysql_has_its_driver() -> None:
    for name in backend_lock.LOCKS:
        plain, mysql = (backend_lock.lock(name, serves_mysql=serves) for serves in (False, True))
        assert "pymysql" in mysql
        assert "pymysql" not in plain
        assert f"{backend_lock.joined(plain, mysql)}" == (backend_lock.FOLDER / f"{name}.j2").read_text(
            encoding="utf-8"
        )
