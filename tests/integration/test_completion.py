"""Completion in the shells themselves, in pseudo-terminals: what appears after the Tab key."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from runner.command import cli
from runner.progress.stores.state_reader import StateReader
from tests.integration.command import LIMIT, Folder, acting, environment, make_folder
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ESCAPES = re.compile(r"\x1b(\[[0-9;?>=]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])|[\x07\x08\r]|\x0f")
INTERACTIVE = {"bash": ["bash", "--noprofile", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}
SETUP = {
    "bash": "bind 'set bell-style none'; PS1='$ '; ",
    "zsh": "autoload -Uz compinit; compinit -u; PS1='$ '; unsetopt zle_bracketed_paste; ",
}
KILL_LINE = "\x15"


def program(shell: str) -> str:
    """Return the path of a shell; the test is skipped without it, and fails in CI."""
    found = shutil.which(shell)
    if found is None:
        missing(f"{shell} is not installed; `make test` installs it as root")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return a folder with plans and a recorded run; `runner` is on the path of its `environ`."""
    folder = make_folder(tmp_path_factory.mktemp("completion"))
    (folder.path / "plans").mkdir()
    for name in ("school.sql", "acting_agents.py"):
        shutil.move(folder.path / name, folder.path / "plans" / name)
    folder.write_plan(acting("be-setup"), acting("be-crud"), name="plans/school.yaml")
    folder.write_plan(acting("x"), name="plans/other.yaml")
    (folder.path / "plans" / "labels.yaml").write_text("tables: {}\n")
    assert folder.run("plans/school.yaml").returncode == 0
    (folder.path / "bin").mkdir()
    command = folder.path / "bin" / "runner"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m runner "$@"\n')
    command.chmod(0o755)
    return folder


def surroundings(folder: Folder) -> dict[str, str]:
    kept = environment(HOME=str(folder.path), TERM="dumb", LC_ALL="C.UTF-8")
    return {**kept, "PATH": f"{folder.path / 'bin'}:{kept['PATH']}"}


class InteractiveShell:
    """A shell in a pseudo-terminal."""

    def __init__(self, shell: str, folder: Folder) -> None:
        self._master, slave = os.openpty()
        self._process = subprocess.Popen(
            [program(shell), *INTERACTIVE[shell][1:]],
            cwd=folder.path,
            env=surroundings(folder),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._text = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.type(f'{SETUP[shell]}eval "$(runner completion {shell})"; echo rea""dy\n')
        self.until("ready\n")

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the terminal ends with the shell
            while data := os.read(self._master, 4096):
                with self._more:
                    self._text += data.decode(errors="replace")
                    self._more.notify_all()

    def type(self, keys: str) -> None:
        with self._more:
            self._text = ""
        os.write(self._master, keys.encode())

    def until(self, words: str) -> str:
        """Wait until the terminal shows these words; return all that it shows."""

        def shown() -> str:
            return _ESCAPES.sub("", self._text)

        with self._more:
            assert self._more.wait_for(lambda: words in shown(), LIMIT), f"{words!r} is not in {shown()!r}"
            return shown()

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        os.close(self._master)


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, folder: Folder) -> Iterator[InteractiveShell]:
    shell = InteractiveShell(request.param, folder)
    yield shell
    shell.close()


def latest(folder: Folder) -> str:
    with StateReader.open(folder.path / ".runner") as reader:
        return reader.run().id[:8]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("runner stat", "runner status "),
        ("runner plans/sch", "runner plans/school.yaml "),
        ("runner validate plans/o", "runner validate plans/other.yaml "),
        ("runner plans/school.yaml --chec", "runner plans/school.yaml --check "),
        ("runner --rerun", "runner --rerun-failed "),
        ("runner logs --task be-s", "runner logs --task be-setup "),
        ("runner schema plans/school.s", "runner schema plans/school.sql "),
        ("runner completion fi", "runner completion fish "),
    ],
)
def test_the_tab_key_completes_what_was_typed(shell: InteractiveShell, typed: str, completed: str) -> None:
    shell.type(f"{KILL_LINE}{typed}\t")
    shell.until(completed)


def test_a_run_is_completed_by_the_beginning_of_its_id(shell: InteractiveShell, folder: Folder) -> None:
    run = latest(folder)
    shell.type(f"{KILL_LINE}runner status {run[:4]}\t")
    shell.until(f"runner status {run} ")


def test_several_possibilities_are_listed(shell: InteractiveShell) -> None:
    shell.type(f"{KILL_LINE}runner logs --task be-\t\t")
    shown = shell.until("be-setup")
    assert "be-crud" in shown


def test_fish_completes(folder: Folder) -> None:
    fish = program("fish")
    run = latest(folder)
    asked = {
        "runner stat": {"status"},
        "runner plans/": {"plans/other.yaml", "plans/school.yaml"},
        "runner logs --task be-": {"be-setup", "be-crud"},
        f"runner logs {run[:4]}": {run},
        "runner plans/school.yaml --chec": {"--check"},
    }
    lines = "; ".join(["runner completion fish | source", *(f"complete -C '{each}'; echo ==" for each in asked)])
    done = subprocess.run(
        [fish, "--no-config", "-c", lines],
        cwd=folder.path,
        env=surroundings(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stderr == ""
    answers = done.stdout.split("==\n")
    found = {
        each: {line.split("\t")[0] for line in answer.splitlines()}
        for each, answer in zip(asked, answers, strict=False)
    }
    assert found == asked


def complete(folder: Folder, words: str, path: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Ask as the script of bash does."""
    count = len(words.split()) - (not words.endswith(" "))
    more = {"_RUNNER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count), **env}
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner"],
        cwd=path or folder.path,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


@pytest.mark.parametrize("words", ["runner ", "runner plans/", "runner status ", "runner cancel ", "runner run --"])
def test_the_tab_key_imports_nothing_that_is_slow(folder: Folder, words: str) -> None:
    done = complete(folder, words)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"asyncio", "jinja2", "multiprocessing", "pydantic", "requests", "sqlglot", "tqdm", "yaml"}
    assert "runner.command.completion" in loaded or words == "runner run --"


def test_what_is_wrong_prints_nothing(folder: Folder, tmp_path: Path) -> None:
    for words in ("runner statsu ", "runner logs --task ", "runner status ", "runner --nothing x "):
        done = complete(folder, words, tmp_path)
        assert not [line for line in done.stderr.splitlines() if not line.startswith("import time:")], words
    (tmp_path / "state.db").write_text("no database")
    assert complete(folder, "runner status ", RUNNER_STATE=str(tmp_path)).stdout.strip() == ""


def test_every_option_that_takes_a_plan_a_run_or_a_task_completes_them() -> None:
    """A new command does not forget it."""
    for command in cli._runner.commands.values():
        for parameter in command.params:
            if parameter.name in {"plan", "run", "task", "ddl"}:
                assert parameter._custom_shell_complete is not None, f"{command.name} {parameter.name}"


def test_scripts_say_where_they_go(folder: Folder) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert folder.run("completion", shell).stdout.startswith("# ")
    assert folder.run("completion", "tcsh").returncode == 2
