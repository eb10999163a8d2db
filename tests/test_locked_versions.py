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
FILES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "requirements").glob("*.txt"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
BACKENDS = {
    "": {},
    "-all": backend_lock.all_options(),
    "-mysql": {"dialect": "mysql"},
    "-mysql-login": {"dialect": "mysql", "auth": "session"},
}  # by what their options add to the names of their files
WANTED = {
    "run": RUN,
    "dev": [*RUN, *EXTRAS["dev"]],
    "peers": PROJECT["dependency-groups"]["peers"],
    "node": [*PROJECT["project"]["dependencies"], *EXTRAS["node"]],
}
for suffix, options in BACKENDS.items():
    backend = tomllib.loads(backend_lock.generated("pyproject.toml", **options))["project"]
    WANTED |= {
        f"requirements{suffix}": backend["dependencies"],
        f"requirements-dev{suffix}": [*backend["dependencies"], *backend["optional-dependencies"]["dev"]],
    }
    for name in backend_lock.LOCKS:
        FILES[name.removesuffix(".txt") + suffix] = backend_lock.generated(name, **options)

ENTRY = re.compile(r"(?P<requirement>\S+==\S+(?: ; [^\n\\]+)?)(?P<hashes>(?: \\\n {4}--hash=sha256:[0-9a-f]{64})+)\n")


def locked(text: str) -> dict[str, list[Requirement]]:
    """Return the entries of a lock file by package; a package may have several, for different systems."""
    assert not ENTRY.sub("", text), "a line is no version with its hashes"
    found: dict[str, list[Requirement]] = {}
    for entry in ENTRY.finditer(text):
        requirement = Requirement(entry["requirement"])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_is_locked_inside_its_range_with_hashes(name: str) -> None:
    entries = locked(FILES[name])
    for line in WANTED[name]:
        wanted = Requirement(line)
        versions = entries.get(canonicalize_name(wanted.name), [])
        assert versions, f"{wanted.name} is not locked"
        for version in versions:
            (pin,) = version.specifier
            assert pin.version in wanted.specifier, f"{version} is outside of {wanted}"


@pytest.mark.parametrize("file", FILES)
def test_what_a_locked_package_needs_is_locked_too(file: str) -> None:
    """With `--require-hashes`, pip refuses to install a package whose own dependencies are missing from the file."""
    entries = locked(FILES[file])
    missing = []
    for name in entries:
        with contextlib.suppress(metadata.PackageNotFoundError):  # locked for another system
            for needed in map(Requirement, metadata.requires(name) or []):
                applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
                if applies and canonicalize_name(needed.name) not in entries:
                    missing.append(f"{name} needs {needed.name}")
    assert not missing


def test_every_lock_file_is_known_and_all_agree_on_a_version() -> None:
    assert set(FILES) == set(WANTED)
    pins: dict[str, set[str]] = {}
    for text in FILES.values():
        for name, versions in locked(text).items():
            pins.setdefault(name, set()).add(" ".join(sorted({str(version.specifier) for version in versions})))
    assert not {name: found for name, found in pins.items() if len(found) > 1}


@pytest.mark.parametrize("text", [*FILES.values(), (ROOT / "pyproject.toml").read_text()], ids=[*FILES, "pyproject"])
def test_no_file_names_a_host(text: str) -> None:
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", text)
