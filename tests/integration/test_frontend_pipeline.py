"""What checks a generated application: the commands of the pipelines of `ci`, and its own browser tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.chromium import chromium
from tests.frontend_packages import BROWSER_TESTS, packages
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import free_port, plain_environment
from tests.integration.frontend import frontend_files, tool_environment, write_files
from tests.integration.oidc_provider import running_provider
from tests.integration.test_backend_oidc import settings as oidc_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE groups (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE notes (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title varchar(80) NOT NULL, written_on date NOT NULL,
    group_id int NOT NULL REFERENCES groups
);
"""
LIMIT_S = 1800
ENVIRONMENT = re.compile(r"^\w+=\S+ ")
GITHUB, GITLAB = ".github/workflows/ci.yml", ".gitlab-ci.yml"


def application(workspace: Path, ddl: str | None = None, **options: Any) -> Path:
    """Write an application with the packages that the tests have already installed."""
    if ddl is not None:
        (workspace / "schema.sql").write_text(ddl, encoding="utf-8")
    schema = read_schema(*([workspace / "schema.sql"] if ddl is not None else []))
    backend = write_backend(backend_files(schema, options=options), workspace)
    frontend = write_files(frontend_files(schema, options=options), workspace)
    locks = [frontend / "package-lock.json", backend / "requirements-dev.txt"]
    if "e2e" in options:
        (frontend / "e2e" / "node_modules").symlink_to(packages(BROWSER_TESTS))
        locks.append(frontend / "e2e" / "package-lock.json")
    for lock in locks:
        os.utime(lock, (0, 0))
    programs = backend / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)
    (backend / ".venv" / "installed").touch()
    return workspace


def run(workspace: Path, command: str, **environment: str) -> None:
    """Run a command of a pipeline; it must succeed."""
    result = subprocess.run(
        ["sh", "-ec", command],
        cwd=workspace,
        env={**plain_environment(), **tool_environment(), "MAKEFLAGS": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert result.returncode == 0, f"{command}:\n{result.stdout[-5000:]}"


def steps(job: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the commands of a job of GitHub's, with their environments."""
    for step in job["steps"]:
        if "run" in step:
            yield step["run"], step.get("env", {})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return application(tmp_path_factory.mktemp("notes"), DDL, ci="github")


@pytest.mark.parametrize(
    ("job", "at", "command"),
    [
        ("backend", 0, "make lint-backend"),
        ("backend", 1, "make test-backend"),
        ("backend", 2, "make test-backend"),
        ("frontend", 0, "make lint-frontend"),
        ("frontend", 1, "make test-frontend"),
        ("frontend", 2, "make build"),
    ],
)
def test_each_command_of_the_pipeline_succeeds(
    job: str, at: int, command: str, workspace: Path, postgres_server: PostgresServer
) -> None:
    jobs = yaml.safe_load((workspace / GITHUB).read_text(encoding="utf-8"))["jobs"]
    assert {name: len(list(steps(one))) for name, one in jobs.items()} == {"backend": 3, "frontend": 3}
    found, environment = list(steps(jobs[job]))[at]
    assert found == command
    if not environment:
        run(workspace, command)
        return
    password = jobs[job]["services"]["postgres"]["env"]["POSTGRES_PASSWORD"]
    assert environment == {"TEST_DATABASE_URL": f"postgresql://postgres:{password}@127.0.0.1:5432/postgres"}
    with postgres_server.new_database() as url:
        run(workspace, command, TEST_DATABASE_URL=url)


def test_both_services_run_the_same_commands() -> None:
    found = {}
    for service, path in (("github", GITHUB), ("gitlab", GITLAB)):
        files = frontend_files(read_schema(), tables=(), options={"ci": service, "e2e": True})
        assert [name for name in (GITHUB, GITLAB) if name in files] == [path]
        found[service] = yaml.safe_load(files[path].text)
    github = {name: [command for command, _ in steps(job)] for name, job in found["github"]["jobs"].items()}
    gitlab = {name: job["script"] for name, job in found["gitlab"].items() if "script" in job}
    assert {name: [ENVIRONMENT.sub("", one) for one in commands] for name, commands in gitlab.items()} == {
        **github,
        "browser": ["make e2e"],  # its image has the browser
    }
    assert github["browser"] == ["make e2e-browser", "make e2e"]


def test_nothing_is_added_without_the_options() -> None:
    files = frontend_files(read_schema(), tables=())
    assert not [path for path in files if "e2e" in path or "ci.yml" in path]
    assert "e2e" not in files["Makefile"].text


def test_the_applications_own_browser_tests_pass(tmp_path: Path) -> None:
    workspace = application(tmp_path, e2e=True)
    run(workspace, "make e2e", **browser_settings(workspace))


@pytest.mark.parametrize("kind", ["session", "oidc"])
def test_browser_tests_of_an_application_with_a_login_log_in(tmp_path: Path, kind: str) -> None:
    workspace = application(tmp_path, e2e=True, auth=kind)
    run(workspace / "frontend", "node_modules/.bin/biome check e2e && npm --prefix e2e run --silent typecheck")
    run_browser_tests(workspace, "log in|row of Fees")


def test_browser_tests_log_in_with_a_provider_that_is_running(tmp_path: Path) -> None:
    workspace = application(tmp_path, DDL, e2e=True, auth="oidc")
    known = {"name": "known", "value": "1", "domain": "127.0.0.1", "path": "/", "expires": -1, "sameSite": "Lax"}
    state = tmp_path / "provider.json"
    state.write_text(json.dumps({"cookies": [{**known, "httpOnly": True, "secure": False}], "origins": []}))
    with running_provider() as provider:
        provider.cookie = "known=1"
        run_browser_tests(
            workspace,
            "log in|row of",
            **oidc_settings(provider.url),
            E2E_LOGIN="ann@school.example",
            E2E_STORAGE_STATE=str(state),
        )
        assert provider.logins == 1


def run_browser_tests(workspace: Path, titles: str, **environment: str) -> None:
    """Run the application's tests in a browser that have such titles."""
    command = f"npm --prefix frontend/e2e test -- --grep '{titles}'"
    run(workspace, command, **browser_settings(workspace), **environment)


def browser_settings(workspace: Path) -> dict[str, str]:
    """Return the environment of browser tests, with ports of their own: others may run at the same time."""
    ports = {name: str(free_port()) for name in ("E2E_BACKEND_PORT", "E2E_PORT", "E2E_PROVIDER_PORT")}
    return {"E2E_CHROMIUM": str(chromium()), "E2E_OUTPUT": str(workspace / "run"), "CI": "true", **ports}
