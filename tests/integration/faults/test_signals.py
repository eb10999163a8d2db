"""External events: signals to the supervisor, a reader that closes its end, a clock that is set back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import ROOT, acting, environment
from tests.integration.faults.aftermath import times
from tests.integration.jobs import until
from tests.screen import Terminal

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.integration.faults.aftermath import MakeScene, Scene, Tally

TASKS, TABLES = 4, 12
WAIT = 120.0  # seconds for a run that takes one

CLOCK = """\
import datetime, os, time

_real_time, _real_datetime = time.time, datetime.datetime


def _shift():
    return 3600.0 if os.path.exists(os.environ["CLOCK_FLAG"]) else 0.0


class _Datetime(_real_datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - datetime.timedelta(seconds=_shift())


time.time = lambda: _real_time() - _shift()
datetime.datetime = _Datetime
"""
CLOSE = """\
import os, sys
for number in map(int, sys.argv[1]):
    os.close(number)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
LEAD = """\
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[1] == "1":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def work(held_until: Path | None = None) -> list[dict[str, Any]]:
    """Tasks that take some time; if a file is given, their last sub-tasks, and so the run, wait for it."""
    acts = {"*": "work 0.02"} | ({f"t{TABLES - 1}": f"attend {held_until}"} if held_until else {})
    return [acting(f"task-{number}", options={"acts": acts}) for number in range(TASKS)]


@pytest.mark.parametrize("seed", times(1, 10))
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_at_a_random_moment(
    name: str, code: int, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*work(tmp_path / "go"))
    process = scene.start("plan.yaml", "--json", "report.json")
    moment = random.Random(f"{name} {seed}").randrange(1, len(scene.subtasks) // 2)
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    process.send_signal(signal.Signals[name])
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err
    report = scene.report()
    assert (report["run"]["status"], report["run"]["exit_code"]) == ("cancelled", code)
    assert {one["status"] for task in report["tasks"] for one in task["subtasks"]} <= {"done", "cancelled", "pending"}
    scene.look(tally, report, cancelled=True)
    (tmp_path / "go").touch()
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize(("first", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_second_signal_ends_a_run_at_once(
    first: str, code: int, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    del seed
    scene = make_scene(1, 3)
    reached = tmp_path / "reached"
    limits = {"task": 600, "subtask": 600, "grace": 500}
    scene.folder.write_plan(acting("task-0", options={"acts": {"t1": f"ignore {reached}"}}), timeouts=limits)
    process = scene.start("plan.yaml", "--json", "report.json")
    until(reached.exists, "the agent at work", WAIT)
    process.send_signal(signal.Signals[first])
    until(lambda: f"interrupted by {first}" in scene.run("logs").stdout, "the first", WAIT)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    scene.look(tally, scene.report(), cancelled=True)
    scene.folder.write_plan(acting("task-0"))
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 10))
@pytest.mark.parametrize(("nohup", "code"), [(False, 129), (True, 0)], ids=["as usual", "under nohup"])
def test_a_terminal_that_is_closed(
    *, nohup: bool, code: int, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*work(tmp_path / "go"))
    process, terminal = start_on_terminal(scene, nohup=nohup)
    moment = random.Random(seed).randrange(1, len(scene.subtasks) // 2)
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    terminal.hang_up()
    if nohup:
        (tmp_path / "go").touch()
    assert process.wait(WAIT) == code
    report = scene.report()
    assert report["run"]["exit_code"] == code
    scene.look(tally, report, cancelled=not nohup)
    (tmp_path / "go").touch()
    scene.look_at_mended(tally)


def start_on_terminal(scene: Scene, *, nohup: bool) -> tuple[subprocess.Popen[bytes], Terminal]:
    """Start the run as a session leader on its own terminal."""
    terminal = Terminal()
    process = subprocess.Popen(
        [sys.executable, "-c", LEAD, str(int(nohup)), "-m", "runner", "plan.yaml", "--json", "report.json"],
        cwd=scene.folder.path,
        env=environment(**scene.env, TERM="xterm"),
        stdin=terminal.stream,
        stdout=terminal.stream,
        stderr=terminal.stream,
        start_new_session=True,
    )
    terminal.stream.close()
    return process, terminal


@pytest.mark.parametrize("seed", times(1, 10))
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_reader_that_closes_the_pipe_early(log_format: str, seed: int, make_scene: MakeScene, tally: Tally) -> None:
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*work())
    process = scene.start("plan.yaml", "--json", "report.json", "--log-format", log_format)
    assert process.stdout is not None
    for _ in range(random.Random(seed).randrange(TABLES)):
        process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait(WAIT) == 0, err
    process.stderr.close()
    assert "Traceback" not in err
    scene.look(tally, scene.report())


@pytest.mark.parametrize("seed", times(1, 3))
@pytest.mark.parametrize("closed", ["0", "1", "2", "012"], ids=["input", "output", "error", "all three"])
def test_a_start_without_a_standard_stream(closed: str, seed: int, make_scene: MakeScene, tally: Tally) -> None:
    """As cron or a shell may start it: a descriptor that is opened later must not be mistaken for a closed stream."""
    del seed
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{n}", options={"acts": {"t0": "program 99"}}) for n in range(TASKS)))
    for command in ("plan.yaml --json report.json", "status", "logs", "validate plan.yaml"):
        result = subprocess.run(
            [sys.executable, "-c", CLOSE, closed, "-m", "runner", *command.split()],
            cwd=scene.folder.path,
            env=environment(**scene.env),
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stderr == ""
        assert (result.stdout == "") == ("1" in closed)
    report = scene.report()
    assert report["run"]["status"] == "done"
    assert scene.run("logs").stdout.count("a program speaks") == TASKS
    scene.look(tally, report)
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_ctrl_c_on_a_terminal(seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path) -> None:
    """It is sent to the whole foreground group, and only the supervisor handles it: no worker dies of it."""
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*work(tmp_path / "go"))
    process, terminal = start_on_terminal(scene, nohup=False)
    moment = random.Random(seed).randrange(1, len(scene.subtasks) // 2)
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(WAIT) == 130
    terminal.hang_up()
    assert "is replaced" not in scene.run("logs").stdout
    scene.look(tally, scene.report(), cancelled=True)
    (tmp_path / "go").touch()
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_a_clock_that_is_set_back_by_an_hour(seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path) -> None:
    """From some moment on, the wall clock shows a different time in all processes."""
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*work(tmp_path / "go"))
    clock, flag = tmp_path / "clock", tmp_path / "set-back"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(CLOCK)
    env = {"PYTHONPATH": f"{clock}:{ROOT}", "CLOCK_FLAG": str(flag)}
    process = scene.start("plan.yaml", "--json", "report.json", **env)
    moment = random.Random(seed).randrange(1, len(scene.subtasks) - 5)
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    flag.touch()
    (tmp_path / "go").touch()
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, out + err
    report = scene.report()
    assert report["run"]["status"] == "done"
    began, ended = (datetime.fromisoformat(report["run"][key]) for key in ("started_at", "ended_at"))
    assert ended < began, "the clock was not set back"
    scene.look(tally, report)
    assert scene.run("status", **env).returncode == 0
    scene.look_at_mended(tally)
