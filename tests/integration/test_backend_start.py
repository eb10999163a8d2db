"""The last message of a run is correct: the command starts the backend. The other ways to start it fit."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import site
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import free_port, plain_environment
from tests.integration.command import ROOT, Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_TIMEOUT_S = 120.0
HINT = re.compile(r"^start the backend:  (cd \S+ && .+)$", re.MULTILINE)

# Creates a virtual environment that sees the packages of this one: no download is needed.
INTERPRETER = """\
#!/bin/sh
"{python}" "$@" || exit
test "$2" != venv || echo "import sys; sys.path[1:1] = {packages}" > .venv/lib/python{version}/site-packages/here.pth
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, str]:
    """Run the school's plan in a folder, and return the folder with the run's output."""
    folder = Folder(path=tmp_path_factory.mktemp("project"))
    shutil.copytree(ROOT / "plans", folder.path / "plans")
    result = folder.run("plans/school.yaml")
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_what_the_run_says_at_its_end_starts_the_backend(made: tuple[Folder, str], tmp_path: Path) -> None:
    folder, said = made
    commands = HINT.findall(said)
    assert commands == ["cd build/school/backend && make dev"]
    port = free_port()
    with serving(commands[0], folder.path, environment(tmp_path, port)) as server:
        assert get_when_ready(f"http://127.0.0.1:{port}/healthz", server).json() == {"status": "ok"}
        assert httpx.get(f"http://127.0.0.1:{port}/api/students", timeout=30).json()["total"] == 0
        seeded = subprocess.run(
            ["make", "seed"], cwd=folder.path / "build/school/backend", env=environment(tmp_path, port), check=False
        )
        assert seeded.returncode == 0
        assert httpx.get(f"http://127.0.0.1:{port}/api/students", timeout=30).json()["total"] == 20


def test_only_people_are_told_how_to_start(made: tuple[Folder, str]) -> None:
    folder, said = made
    assert said.rstrip().splitlines()[-1].startswith("school: done")
    again = folder.run("plans/school.yaml", "--json", "report.json")
    assert HINT.search(again.stdout)
    assert "start the" not in (folder.path / "report.json").read_text()
    quiet = folder.run("plans/school.yaml", "--quiet")
    assert HINT.search(quiet.stdout + quiet.stderr) is None
    assert HINT.search(folder.run("plans/school.yaml", "--check").stdout) is None
    streamed = folder.run("plans/school.yaml", "--log-format", "json")
    assert "start the" not in streamed.stderr
    for line in streamed.stdout.splitlines():
        assert json.loads(line)["run_id"]


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return an environment in which `make` installs without a network."""
    interpreter = folder / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = site.getsitepackages()
    interpreter.write_text(INTERPRETER.format(python=sys.executable, packages=packages, version=version))
    interpreter.chmod(0o755)
    return {**plain_environment(), "PIP_NO_INDEX": "1", "PYTHON": str(interpreter), "PORT": str(port), "PYTHONPATH": ""}


@contextlib.contextmanager
def serving(command: str, folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as a shell would, and end it with all its child processes."""
    with subprocess.Popen(["sh", "-c", command], cwd=folder, env=env, start_new_session=True) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def get_when_ready(url: str, process: subprocess.Popen[bytes]) -> httpx.Response:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the command ended"
        try:
            return httpx.get(url, timeout=10)
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_schema(), options={"title": "School"}), tmp_path_factory.mktemp("school"))


def instructions(backend: Path, name: str) -> list[str]:
    """Return the arguments of an instruction in the Dockerfile, line by line."""
    text = (backend / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.partition(" ")[2].strip() for line in text.splitlines() if line.startswith(f"{name} ")]


def test_the_image_is_built_from_files_that_are_there(backend: Path) -> None:
    ignored = (backend / ".dockerignore").read_text().splitlines()
    copied = [words.split() for words in instructions(backend, "COPY") if "--from" not in words]
    sources = {source for words in copied for source in words[:-1]}
    assert sources == {line[1:] for line in ignored if line.startswith("!")}
    assert all((backend / source).exists() for source in sources)
    assert "*" in ignored
    stages = instructions(backend, "FROM")
    assert len(stages) == 2
    assert all(":latest" not in stage and ":" in stage for stage in stages)
    assert instructions(backend, "COPY")[1].startswith(f"--from={stages[0].split(' AS ')[1]} ")


def test_the_image_serves_as_nobody_in_particular_and_says_how_it_is(backend: Path) -> None:
    (user,) = instructions(backend, "USER")
    assert user.isdigit()
    assert user != "0"
    assert f"--uid {user} " in " ".join(instructions(backend, "RUN"))
    (command,) = instructions(backend, "CMD")
    (port,) = instructions(backend, "EXPOSE")
    assert json.loads(command)[-2:] == ["--port", port]
    (check,) = instructions(backend, "HEALTHCHECK")
    program = json.loads(check[check.index("CMD ") + 4 :])[2]
    assert f"http://127.0.0.1:{port}/healthz" in program
    with pytest.raises(subprocess.CalledProcessError):  # nothing listens there
        subprocess.run([sys.executable, "-c", program.replace(port, str(free_port()))], check=True, capture_output=True)


def test_compose_names_what_there_is_and_holds_no_secret(backend: Path) -> None:
    text = (backend / "compose.yaml").read_text()
    compose: dict[str, Any] = yaml.safe_load(text)
    services = compose["services"]
    assert set(services) == {"database", "migrate", "backend"}
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] in ("service_completed_successfully", "service_healthy"), needed
            assert ("healthcheck" in services[needed]) == (how["condition"] == "service_healthy"), needed
    (port,) = instructions(backend, "EXPOSE")
    assert services["backend"]["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{port}"]
    assert {volume.partition(":")[0] for volume in services["database"]["volumes"]} == set(compose["volumes"])
    url = services["backend"]["environment"]["DATABASE_URL"]
    owner = services["database"]["environment"]
    assert url == (
        f"postgresql://{owner['POSTGRES_USER']}:{owner['POSTGRES_PASSWORD']}@database:5432/{owner['POSTGRES_DB']}"
    )
    example = (backend / ".env.example").read_text()
    for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", text):
        assert f"\n{name}={default}\n" in example
    assert "development" in owner["POSTGRES_PASSWORD"]


def test_the_example_of_the_settings_is_complete_and_shows_defaults(backend: Path) -> None:
    program = (
        "import json; from app.own.settings import Settings; "
        "print(json.dumps([{n: f.default for n, f in Settings.model_fields.items()}, "
        "Settings(_env_file='.env.example').model_dump()], default=str))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=backend, env=plain_environment(), capture_output=True, check=True
    )
    defaults, read = json.loads(result.stdout)
    assert read == defaults
    lines = (backend / ".env.example").read_text().splitlines()
    shown = {line.removeprefix("# ").partition("=")[0] for line in lines if re.match(r"(# )?[A-Z_]+=", line)}
    assert {name.upper() for name in defaults} <= shown


def test_the_makefile_has_its_targets(backend: Path) -> None:
    for target in ("dev", "test", "lint", "migrate", "seed", "upgrade"):
        result = subprocess.run(["make", "-n", target], cwd=backend, capture_output=True, check=False)
        assert result.returncode == 0, result.stderr
