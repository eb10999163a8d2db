"""The environment of a run: its current folder, the modules of its agents, processes that the system kills."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import LIMIT, ROOT, Folder, acting, environment, make_folder
from tests.integration.jobs import Gate
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMMAND = Path(sys.executable).with_name("runner")  # what users start; `python -m` puts the current folder first itself


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def run(folder: Folder, *arguments: str, before: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command; `before` are arguments that precede it."""
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


def start_patched(folder: Folder, patches: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line after these statements have run in its process."""
    site = folder.path / "site"
    site.mkdir(exist_ok=True)
    lines = [*patches.splitlines(), "from runner.command import cli", "cli.main()"]
    (site / "start.py").write_text("if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in lines))
    return subprocess.Popen(
        [sys.executable, str(site / "start.py"), *arguments],
        cwd=folder.path,
        env=environment(PYTHONPATH=f"{ROOT}:{site}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_forkserver_that_cannot_live_ends_the_run_with_a_reason(folder: Folder) -> None:
    """A preloaded module comes from a broken package; this must not look like an interrupt."""
    folder.write_plan(acting())
    (folder.path / "site").mkdir()
    (folder.path / "site" / "ends_at_once.py").write_text("import os; os._exit(3)\n")
    broken = "import runner.execution.forkserver as f; f._PRELOAD.insert(0, 'ends_at_once')"
    process = start_patched(folder, broken, "plan.yaml")
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, err
    assert "no worker process could be started" in err
    assert "Traceback" not in err


SHORT_WAITS = """\
import runner.progress.stores.state_file as f, runner.scheduling.orchestrator as o
f.BUSY_TIMEOUT = 3.0
o.CLOSE_TIMEOUT = 0.2"""


@contextlib.contextmanager
def held(state: Path) -> Iterator[None]:
    """Lock the state file as a backup or a database browser does."""
    with contextlib.closing(sqlite3.connect(state / "state.db", isolation_level=None, timeout=LIMIT)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


def test_a_state_file_that_another_process_holds_fails_the_run(folder: Folder, tmp_path: Path) -> None:
    """What could not be recorded is not reported as done; the next run is right."""
    gate = Gate(tmp_path / "gate")
    folder.write_plan(acting(options={"acts": {"teachers": gate.act}}))
    process = start_patched(folder, SHORT_WAITS, "plan.yaml")
    gate.wait_reached()
    with held(folder.path / ".runner"):
        gate.open()
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, out + err
    assert "state.db: another process has locked the state file" in err
    assert "Traceback" not in out + err
    assert run(folder, "plan.yaml").returncode == 0
    assert "done" in run(folder, "status").stdout


def test_a_state_file_that_is_held_for_a_moment_delays_the_run(folder: Folder, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    folder.write_plan(acting(options={"acts": {"teachers": gate.act}}))
    process = start_patched(folder, SHORT_WAITS.replace("3.0", "60.0"), "plan.yaml")
    gate.wait_reached()
    with held(folder.path / ".runner"):
        gate.open()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3.0)  # well beyond the time that the sinks get at the end
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, out + err
    assert "test: done" in out


def test_no_command_prints_a_control_character_of_a_schema(folder: Folder) -> None:
    """A name could move the cursor, hide lines or set the title of the terminal."""
    names = ["a\x1b[31mb", "c\x9b2Jd", "e\x1b]0;title\x07f", "g\u202eh", "i\x08\x7fj"]
    (folder.path / "school.sql").write_text(
        "".join(f'CREATE TABLE "{name}" ("id\x1b[1m" int PRIMARY KEY);\n' for name in names)
        + "CREATE TABLE plain (id int PRIMARY KEY);\nCREATE TABLE broken\x1b[5m (id int;\n"
    )
    folder.write_plan(acting(options={"acts": {"plain": "raise value"}}))
    commands = ["schema school.sql", "schema school.sql --json", "validate plan.yaml", "plan.yaml --check", "plan.yaml"]
    commands += ["status latest", "status --json", "logs", "watch", "init school.sql", "plan.yaml --log-format json"]
    for command in commands:
        result = run(folder, *command.split())
        printed = result.stdout + result.stderr
        assert printed
        found = {char for char in printed if char != "\n" and unicodedata.category(char) in {"Cc", "Cf"}}
        assert not found, (command, found)


LIMITED = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all,+dac_override"]
LIMITED += ["--ambient-caps=-all,+dac_override", "prlimit"]  # root is exempt from a limit on processes


# A mount namespace of its own, for root or with a user namespace.
READ_ONLY_SHM = "mount -t tmpfs -o ro none /dev/shm"
NO_SHM = """\
set -e; mount -t tmpfs none /mnt; cd /mnt; ln -s /proc/self/fd fd
for name in null zero urandom; do touch $name; mount --bind /dev/$name $name; done
cd "$OLDPWD"; mount --move /mnt /dev"""
ASCII = ["env", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0", "LC_ALL=C"]


def limits(words: str) -> list[str]:
    return ["sh", "-c", f'{words}; exec "$@"', "sh"]


def possible(before: list[str]) -> list[str]:
    """Return these arguments, if they can precede a command here; otherwise the test is skipped, and fails in CI."""
    choices = [before]
    if before[0] == "unshare":  # root may, and others may where the system has user namespaces
        choices.append(["unshare", "--map-root-user", *before[1:]])
    for choice in choices:
        if not subprocess.run([*choice, "true"], capture_output=True, check=False, timeout=LIMIT).returncode:
            return choice
    return missing(f"{before[0]} needs root, or a capability that this user does not have")


@pytest.mark.parametrize(
    ("before", "codes"),
    [
        (["env", "-u", "HOME"], {0}),
        (["env", "HOME=/nonexistent"], {0}),
        (["env", "-u", "TMPDIR"], {0}),
        (["env", "TMPDIR=/nonexistent"], {0}),
        (["env", "LC_ALL=POSIX"], {0}),
        (ASCII, {0}),
        (["unshare", "--mount", *limits(READ_ONLY_SHM)], {1}),
        (["unshare", "--mount", *limits(NO_SHM)], {1}),
        (["env", "-i", "PATH=/usr/bin:/bin"], {0}),
        (limits("exec 0<&- 1>&- 2>&-"), {0}),
        (limits("ulimit -n 40"), {0}),  # enough for the one worker that is needed
        (limits("ulimit -n 20"), {1}),
        (limits("ulimit -v 60000"), {1}),
        *((limits(f"ulimit -v {kilobytes}"), {0, 1}) for kilobytes in (80000, 86000, 92000, 110000, 160000, 220000)),
        ([*LIMITED, "--nproc=4"], {1}),
        ([*LIMITED, "--nproc=10"], {1}),
        ([*LIMITED, "--nproc=20"], {0, 1}),
    ],
    ids=lambda value: " ".join(word for word in value if "caps" not in word)[-40:] if isinstance(value, list) else "",
)
def test_a_run_in_poor_surroundings_is_right_or_gives_a_reason(before: list[str], codes: set[int]) -> None:
    if before[0] in {"setpriv", "unshare"}:
        before = possible(before)
    with tempfile.TemporaryDirectory() as temporary:  # another user may enter it
        Path(temporary).chmod(0o755)
        folder = make_folder(Path(temporary) / "project")
        (folder.path / "school.sql").write_text('CREATE TABLE "größen" (id int PRIMARY KEY);\n')
        folder.write_plan(acting())
        folder.path.chmod(0o777)
        result = run(folder, "plan.yaml", before=before)
        assert result.returncode in codes, result.stdout + result.stderr
        assert "Traceback" not in result.stdout + result.stderr
        if result.returncode:
            assert "error: " in result.stderr
        else:
            assert folder.files() == {"crud/größen.txt": "größen\n".encode()}
        assert run(folder, "plan.yaml").returncode == 0


@pytest.mark.parametrize("before", [ASCII, ["env", "PYTHONIOENCODING=ascii"]], ids=["locale", "output"])
def test_every_command_works_where_the_encoding_is_ascii(folder: Folder, before: list[str]) -> None:
    (folder.path / "schülerinnen.sql").write_text('CREATE TABLE "größen" (id int PRIMARY KEY);\n')
    folder.write_plan(acting(), ddl="schülerinnen.sql", name="plän.yaml")
    commands = ["validate plän.yaml", "plän.yaml --check", "plän.yaml", "plän.yaml --force --log-format json"]
    commands += ["status latest", "status --json", "logs", "watch", "schema schülerinnen.sql", "init schülerinnen.sql"]
    for command in [*commands, "missing-ö.yaml"]:
        result = run(folder, *command.split(), before=before)
        code = {"plän.yaml --check": 3, "missing-ö.yaml": 2}.get(command, 0)
        assert result.returncode == code, (command, result.stderr)
        assert "Traceback" not in result.stderr
    assert folder.files() == {"crud/größen.txt": "größen\n".encode()}
