"""The files in docs/examples: their commands are run as cron, systemd, git, GitHub and GitLab run them."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integration.command import LIMIT, ROOT, Folder, acting, make_folder

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "docs" / "examples"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
CRON_LINE = re.compile(r"(?P<times>(?:[\d*/,-]+\s+){5})(?P<command>.+)")
MINIMAL = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "school", "LANG": "C"}


def text(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


@pytest.fixture
def school(tmp_path: Path) -> Folder:
    """Return the folder that the examples call `school`, in a home folder, with `.venv/bin/runner` in it."""
    folder = make_folder(tmp_path / "school")
    (folder.path / "plans").mkdir()
    for name in ("school.sql", "acting_agents.py"):
        shutil.move(folder.path / name, folder.path / "plans" / name)
    folder.write_plan(acting(), name="plans/school.yaml", workspace="../out")
    (folder.path / ".venv" / "bin").mkdir(parents=True)
    command = folder.path / ".venv" / "bin" / "runner"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m runner "$@"\n')
    command.chmod(0o755)
    return folder


def break_agent(folder: Folder) -> None:
    failing = acting(options={"acts": {"*": "raise value"}}, retries={"attempts": 1})
    folder.write_plan(failing, name="plans/school.yaml", workspace="../out")


def add_table(folder: Folder) -> None:
    with (folder.path / "plans" / "school.sql").open("a") as file:
        file.write("CREATE TABLE rooms (id int PRIMARY KEY);\n")


def run(
    arguments: list[str], cwd: Path, home: Path, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a minimal environment."""
    return subprocess.run(
        arguments,
        cwd=cwd,
        env={**MINIMAL, "HOME": str(home), **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------------------- cron


def cron_commands() -> list[str]:
    """Return the commands of the crontab; every other line is a comment or a variable."""
    found = []
    for line in filter(None, map(str.strip, text("crontab").splitlines())):
        if (match := CRON_LINE.fullmatch(line)) is not None:
            found.append(match["command"])
        else:
            assert line.startswith("#") or re.fullmatch(r"[A-Z]+=\S+", line), line
    return found


def test_cron_is_silent_when_all_is_well_and_speaks_when_not(school: Folder) -> None:
    home = school.path.parent
    generate, prune = cron_commands()
    assert not [command for command in (generate, prune) if "%" in command]  # a new line to cron
    for command in (generate, generate, prune):
        done = run(["/bin/sh", "-c", command], home, home)
        assert (done.returncode, said(done)) == (0, ""), command
    assert school.files()
    break_agent(school)
    done = run(["/bin/sh", "-c", generate], home, home)
    assert done.returncode == 1
    assert "as asked" in said(done)
    assert "test: failed" in said(done)
    shutil.rmtree(school.path / ".runner")
    done = run(["/bin/sh", "-c", prune], home, home)
    assert done.returncode == 2
    assert "no run was recorded here" in done.stderr


# ---------------------------------------------------------------------------------------------------------- systemd


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text(name).replace("Environment=XDG", "Variable=XDG"))  # of two keys a parser takes the last
    return parser


def test_the_service_runs_the_plan(school: Folder) -> None:
    service = unit("runner-school.service")["Service"]
    command = service["ExecStart"].replace("/srv/school", str(school.path)).split()
    variable, _, value = service["Variable"].partition("=")
    cache = {variable: value.replace("/var/cache/runner-school", str(school.path.parent / "cache"))}
    done = run(command, school.path, school.path.parent, cache)
    assert (done.returncode, said(done)) == (0, "")
    assert (school.path.parent / "cache").is_dir()
    break_agent(school)
    assert run(command, school.path, school.path.parent, cache).returncode == 1
    assert service["SuccessExitStatus"] == "75"
    assert service["WorkingDirectory"] == service["ReadWritePaths"] == "/srv/school"


def test_systemd_accepts_service_and_timer(school: Folder, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        reason = "systemd-analyze is not installed"
        if os.environ.get("CI") == "true" and shutil.which("systemctl"):
            pytest.fail(reason)
        pytest.skip(reason)
    for name in ("runner-school.service", "runner-school.timer"):
        (tmp_path / name).write_text(
            text(name).replace("/srv/school", str(school.path)).replace("User=school", "User=root")
        )
    done = run([program, "verify", "--recursive-errors=no", str(tmp_path / "runner-school.timer")], tmp_path, tmp_path)
    assert (done.returncode, said(done)) == (0, "")
    calendar = unit("runner-school.timer")["Timer"]["OnCalendar"]
    assert run([program, "calendar", calendar], tmp_path, tmp_path).returncode == 0


# -------------------------------------------------------------------------------------------------------------- git


def test_the_hook_lets_a_commit_pass_silently_and_refuses_a_stale_one(school: Folder) -> None:
    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        names = {f"GIT_{role}_{key}": "x" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        return run(["git", *arguments], school.path, school.path.parent, names)

    assert git("init", "--quiet").returncode == 0
    shutil.copy(EXAMPLES / "pre-commit", school.path / ".git" / "hooks" / "pre-commit")
    assert school.run("plans/school.yaml").returncode == 0
    assert git("add", "plans", "out").returncode == 0
    done = git("commit", "--quiet", "--message", "all is well")
    assert (done.returncode, said(done)) == (0, "")
    add_table(school)
    assert git("add", "plans").returncode == 0
    done = git("commit", "--quiet", "--message", "stale")
    assert done.returncode == 1
    assert "would create  out/crud/rooms.txt" in done.stderr or "crud/rooms.txt" in done.stderr
    assert "add them to the commit:  runner plans/school.yaml" in done.stderr
    assert school.run("plans/school.yaml").returncode == 0
    assert git("add", "plans", "out").returncode == 0
    done = git("commit", "--quiet", "--message", "mended")
    assert (done.returncode, said(done)) == (0, "")
    (school.path / "plans" / "school.sql").write_text("CREATE TABLE broken (")
    done = git("commit", "--quiet", "--allow-empty", "--message", "broken")
    assert done.returncode == 1
    assert "school.sql" in done.stderr
    assert "add them to the commit" not in done.stderr


# ---------------------------------------------------------------------------------------------- GitHub and GitLab


def check_job(school: Folder, command: str, shell: list[str], variables: dict[str, str]) -> None:
    """Run the command of a job: it passes, fails on a changed schema, and passes after another run."""
    more = {"PATH": f"{school.path / '.venv' / 'bin'}:{MINIMAL['PATH']}", "CI": "true", **variables}
    assert school.run("plans/school.yaml").returncode == 0
    assert run([*shell, command], school.path, school.path.parent, more).returncode == 0
    add_table(school)
    done = run([*shell, command], school.path, school.path.parent, more)
    assert done.returncode == 3
    assert "crud/rooms.txt" in done.stdout
    assert "<failure" in (school.path / "junit.xml").read_text()
    assert "<html" in (school.path / "report.html").read_text()
    assert school.run("plans/school.yaml").returncode == 0
    assert run([*shell, command], school.path, school.path.parent, more).returncode == 0


def installs_the_project(command: str) -> bool:
    return command == f"python -m pip install {PROJECT}"


def test_the_github_workflow_fails_when_generated_code_is_stale(school: Folder) -> None:
    workflow: dict[Any, Any] = yaml.safe_load(text("github-workflow.yaml"))
    assert set(workflow) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as true; GitHub does not
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    install, check = commands
    assert installs_the_project(install)
    check_job(school, check, ["bash", "-e", "-c"], {"GITHUB_ACTIONS": "true"})
    kept = job["steps"][-1]
    assert kept["if"] == "failure()"
    assert all((school.path / path).exists() for path in kept["with"]["path"].split())


def test_the_gitlab_job_fails_when_generated_code_is_stale(school: Folder) -> None:
    (job,) = yaml.safe_load(text("gitlab-ci.yaml")).values()
    (install,) = job["before_script"]
    assert installs_the_project(install)
    (check,) = job["script"]
    check_job(school, check, ["sh", "-e", "-c"], {"GITLAB_CI": "true"})
    assert all((school.path / path).exists() for path in job["artifacts"]["paths"])
    reports = job["artifacts"]["reports"]
    assert [kind for kind, path in reports.items() if (school.path / path).exists()] == ["junit", "codequality"]


def test_every_example_is_run_by_a_test() -> None:
    tested = {"crontab", "runner-school.service", "runner-school.timer", "pre-commit"}
    assert {path.name for path in EXAMPLES.iterdir()} == tested | {"github-workflow.yaml", "gitlab-ci.yaml"}
