"""The wheel carries templates and license, and works in any folder of an environment without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 300  # seconds; the environment is made without a download


def build(kind: str, folder: Path) -> Path:
    """Build the `wheel` or the `sdist` into a folder and return its file."""
    code = f"from hatchling.build import build_{kind} as build; build({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=LIMIT, capture_output=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_carries_every_template_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    templates = ROOT / "templates"
    expected = {f"runner/templates/{path.relative_to(templates)}" for path in templates.rglob("*") if path.is_file()}
    assert expected <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "plans/", "convex/"))]


def test_the_license_is_named_and_carried_by_wheel_and_sdist(wheel: Path, tmp_path: Path) -> None:
    text = (ROOT / "LICENSE").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert "License-Expression: MIT\nLicense-File: LICENSE\n" in archive.read(metadata).decode()
        assert archive.read(f"{metadata.removesuffix('METADATA')}licenses/LICENSE") == text
    with tarfile.open(build("sdist", tmp_path)) as archive:
        (member,) = (name for name in archive.getnames() if name.endswith("/LICENSE"))
        kept = archive.extractfile(member)
        assert kept is not None
        assert kept.read() == text


def test_the_wheel_runs_the_school_plan_from_a_copy_of_the_plans(wheel: Path, tmp_path: Path) -> None:
    """The dependencies come from this environment; the package itself comes only from the wheel."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    shutil.copytree(ROOT / "plans", tmp_path / "plans")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RUNNER_", "CONVEX_"))}
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import runner; from runner.command import cli; "
        "print(runner.__file__); cli.main()"
    )
    script = tmp_path / "start.py"
    script.write_text(f"if __name__ == '__main__':\n    {code}\n")
    result = subprocess.run(
        [sys.executable, "-P", str(script), str(site), "plans/school.yaml"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert str(site) in result.stdout.splitlines()[0]
    assert (tmp_path / "build" / "school" / "backend" / "app" / "main.py").is_file()
