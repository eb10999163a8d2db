"""`runner doctor`: what the runner needs of a machine, each with its state and, where that is bad, what to do.

Nothing is changed; what is written to try a folder is removed again.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.progress.convex.target import TOKEN, URL, shown
from runner.progress.reports.text_layout import Tone, painted, wrapped
from runner.records.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OLDEST_PYTHON = (3, 11)
_OLDEST_NODE = (20, 19)  # what Vite needs
_LEAST_SPACE = 1 << 30  # bytes; a generated frontend's packages take half of it
_LEAST_FILES = 512  # open files; five workers and the state file need some hundred
_PATIENCE = 5.0  # seconds for a program or a deployment to answer
_MIB = 1 << 20
_EXTRAS = {"board": "uvicorn", "dask": "distributed", "llm": "anthropic", "watch": "watchfiles"}

State = Literal["ok", "off", "bad"]
_TONES: dict[State, Tone] = {"ok": "good", "off": "dim", "bad": "bad"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing: `ok`, `off` where it is not needed and not there, or `bad`; then `text` says what to do."""

    name: str
    state: State
    text: str


def findings(state: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what was found, in order. `state` is the folder with the state of runs."""
    yield _python()
    yield _node("node", _OLDEST_NODE)
    yield _node("npm", None)
    yield _folder("current folder", Path.cwd())
    yield _folder("state folder", state)
    yield _folder("temporary folder", Path(tempfile.gettempdir()))
    yield _cache()
    yield _processes()
    yield _open_files()
    yield _convex(environ)
    yield _model(environ)
    yield _extras()


def report_line(found: Finding, *, colour: bool, width: int | None = None) -> str:
    """Return the line of a finding; what does not fit in `width` columns follows on lines below it."""
    state = f"{found.state:<3}"
    text = "\n".join(wrapped(f"{state}  {found.name:<16}  {found.text}", width))
    return f"{painted(state, _TONES[found.state], colour=colour)}{text.removeprefix(state)}"


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return _bad("Python", f"{version}; install 3.11 or later")
    return _ok("Python", f"{version}, plan-runner {VERSION}")


def _node(program: str, oldest: tuple[int, int] | None) -> Finding:
    """Only generated frontends need these, when they are built."""
    path = shutil.which(program)
    if path is None:
        return _off(program, "not found; a generated frontend is built with it: install Node.js 20.19 or later")
    try:
        done = subprocess.run(  # noqa: S603 - the user's own program
            [path, "--version"], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return _bad(program, f"{path} does not run ({error}); install Node.js 20.19 or later")
    version = done.stdout.strip().lstrip("v")
    if oldest is not None and _numbers(version) < oldest:
        return _bad(program, f"{version}; generated frontends need {oldest[0]}.{oldest[1]} or later")
    return _ok(program, version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _folder(name: str, folder: Path) -> Finding:
    """Try what runs do in a folder: write, rename, lock."""
    place = folder
    while not place.exists():
        place = place.absolute().parent
    try:
        with tempfile.TemporaryDirectory(prefix=".runner-doctor-", dir=place) as tried:
            first, second = Path(tried, "first"), Path(tried, "second")
            first.write_bytes(b"tried")
            first.replace(second)
            _lock(second)
        space = shutil.disk_usage(place).free
    except OSError as error:
        return _bad(name, f"{folder}: {error.strerror}; choose another folder, or change its permissions")
    if space < _LEAST_SPACE:
        return _bad(
            name, f"{folder}: {space // _MIB:,} MB are free; make room for at least {_LEAST_SPACE // _MIB:,} MB"
        )
    return _ok(name, f"{folder}, {space // _MIB:,} MB free")


def _lock(path: Path) -> None:
    from runner.records.advisory_lock import AdvisoryLock  # noqa: PLC0415 - slow to import

    with AdvisoryLock(path).held(_PATIENCE) as got:
        if not got:
            raise OSError(0, "a lock on a file is not granted, as on some network file systems")


def _cache() -> Finding:
    import platformdirs  # noqa: PLC0415 - only here

    folder = Path(platformdirs.user_cache_dir("plan-runner"))
    found = _folder("cache folder", folder)
    return (
        found if found.state == "ok" else _off("cache folder", f"{found.text}; without it each run reads its DDL again")
    )


def _processes() -> Finding:
    """Create what the pool of workers needs of the system, and a process."""
    import multiprocessing  # noqa: PLC0415 - slow to import

    from runner.execution.local_executor import CORES  # noqa: PLC0415 - likewise

    try:
        multiprocessing.get_context("forkserver").Lock()
        subprocess.run([sys.executable, "-c", ""], timeout=_PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return _bad("worker processes", f"{error}; is /dev/shm mounted, and may it be written (ulimit -u, ulimit -v)?")
    return _ok("worker processes", f"can be started; {CORES} cores")


def _open_files() -> Finding:
    import resource  # noqa: PLC0415 - only here

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _LEAST_FILES:
        return _bad("open files", f"at most {limit}; raise the limit: ulimit -n {_LEAST_FILES}")
    return _ok("open files", f"at most {limit:,}")


def _convex(environ: Mapping[str, str]) -> Finding:
    address = environ.get(URL, "")
    if not address:
        return _off("Convex", f"{URL} is not set; progress stays on this machine")
    if not environ.get(TOKEN):
        return _bad("Convex", f"{TOKEN} is not set; it is the shared secret of {shown(address)}")
    import requests  # noqa: PLC0415 - slow to import

    try:
        answer = requests.get(f"{address.rstrip('/')}/version", timeout=_PATIENCE)
    except (requests.RequestException, ValueError) as error:
        return _bad("Convex", f"{shown(address)} cannot be reached ({type(error).__name__}); is {URL} right?")
    if not answer.ok:
        return _bad("Convex", f"{shown(address)} answers with status {answer.status_code}; is {URL} right?")
    return _ok("Convex", f"{shown(address)} answers")


def _model(environ: Mapping[str, str]) -> Finding:
    has_key = bool(environ.get("ANTHROPIC_API_KEY"))
    has_package = importlib.util.find_spec("anthropic") is not None
    if has_key and has_package:
        return _ok("language model", "there is a key, and the package is installed")
    if has_key:
        return _bad("language model", "there is a key, and no package: pip install 'plan-runner[llm]'")
    return _off("language model", "ANTHROPIC_API_KEY is not set; descriptions are understood by their keywords")


def _extras() -> Finding:
    missing = [extra for extra, module in _EXTRAS.items() if importlib.util.find_spec(module) is None]
    if not missing:
        return _ok("extras", f"installed: {', '.join(_EXTRAS)}")
    return _off("extras", f"not installed: {', '.join(missing)}; pip install 'plan-runner[{','.join(missing)}]'")


def _ok(name: str, text: str) -> Finding:
    return Finding(name=name, state="ok", text=text)


def _off(name: str, text: str) -> Finding:
    return Finding(name=name, state="off", text=text)


def _bad(name: str, text: str) -> Finding:
    return Finding(name=name, state="bad", text=text)
