"""What surrounds a run: the folder that it is started in, the modules of its agents, processes that the system ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import LIMIT, ROOT, Folder, acting, environment, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = Path(sys.executable).with_name("runner")  # what users start; `python -m` puts the current folder first itself


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def run(folder: Folder, *arguments: str, before: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command; `before` are words in front of it."""
    return subprocess.run(
        [*before, str(COMMAND), *arguments],
        cwd=folder.path,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def loaded_modules() -> set[str]:
    """Return the top-level modules that a worker, the forkserver and the command line load from files."""
    code = (
        "import sys, multiprocessing.resource_tracker, multiprocessing.forkserver, runner.command.run_plan, "
        "runner.execution.forkserver_preload; "
        "print(*{n.partition('.')[0] for n, m in sys.modules.items() if getattr(m, '__file__', None)})"
    )
    command = [sys.executable, "-P", "-c", code]
    found = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=True)
    return {name for name in found.stdout.split() if not name.startswith("__")}


@pytest.mark.parametrize("arguments", [("plan.yaml", "--check"), ("plan.yaml",), ("validate", "plan.yaml")])
def test_no_file_of_the_current_folder_is_imported(folder: Folder, arguments: tuple[str, ...]) -> None:
    folder.write_plan({"description": "BE CRUD APIs"})
    names = loaded_modules()
    assert len(names) > 100, "a worker loads the standard library, Jinja and our own package"
    for name in names:
        (folder.path / f"{name}.py").write_text(
            f"open('imported-{name}', 'w').close()\nraise ImportError('not ours')\n"
        )
    result = run(folder, *arguments)
    assert result.returncode == (3 if "--check" in arguments else 0), result.stderr
    assert not list(folder.path.glob("imported-*"))


def test_programs_of_an_agent_have_the_users_own_environment(folder: Folder) -> None:
    (folder.path / "env_agent.py").write_text(
        "import os\nfrom runner import Agent, GeneratedFile\n\n\n"
        "class Env(Agent):\n    kind = title = 'env'\n    per_table = False\n\n"
        "    def generate(self, ctx):\n        value = os.environ.get('PYTHONSAFEPATH')\n"
        "        return [GeneratedFile('env.txt', str(value))]\n"
    )
    folder.write_plan({"description": "x", "agent": "env_agent:Env"}, ddl=None)
    assert run(folder, "plan.yaml").returncode == 0
    assert folder.files()["env.txt"] == b"None"
    assert run(folder, "plan.yaml", "--force", PYTHONSAFEPATH="1").returncode == 0


@pytest.mark.parametrize(
    "statement", ["import sys; sys.exit(0)", "raise SystemExit", "import os; raise OSError(5, 'disk')"]
)
@pytest.mark.parametrize("arguments", [("plan.yaml",), ("plan.yaml", "--check"), ("validate", "plan.yaml")])
def test_an_agent_whose_module_ends_the_interpreter_is_an_invalid_plan(
    folder: Folder, statement: str, arguments: tuple[str, ...]
) -> None:
    (folder.path / "tool.py").write_text(statement + "\n")
    folder.write_plan({"description": "x", "agent": "tool:Tool"})
    result = run(folder, *arguments)
    assert result.returncode == 2
    assert "plan.yaml:5:" in result.stderr
    assert "module 'tool' cannot be imported" in result.stderr


def test_a_forkserver_that_cannot_live_ends_the_run_with_a_reason(folder: Folder) -> None:
    """Its preloaded modules come from a package that is broken; nobody has interrupted anything."""
    folder.write_plan(acting())
    broken = "import runner.execution.forkserver as f; f._PRELOAD.insert(0, 'ends_at_once')"
    (folder.path / "site").mkdir()
    (folder.path / "site" / "ends_at_once.py").write_text("import os; os._exit(3)\n")
    (folder.path / "site" / "start.py").write_text(
        f"if __name__ == '__main__':\n    {broken}\n    from runner.command import cli\n    cli.main()\n"
    )
    result = subprocess.run(
        [sys.executable, str(folder.path / "site" / "start.py"), "plan.yaml"],
        cwd=folder.path,
        env=environment(PYTHONPATH=f"{ROOT}:{folder.path / 'site'}"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert "no worker process could be started" in result.stderr
    assert "Traceback" not in result.stderr
