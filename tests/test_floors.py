"""Imports run strictly down: the order of the rooms, kept by a walk over every import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "runner"

# From the top floor down. Rooms of one floor may use one another as long as they make no circle.
FLOORS = (
    ("cli", "__main__", "run_plan", "live_progress", "gone_tables"),
    ("orchestrator", "supervisor", "schedule", "time_limits", "worker_slots", "preparation", "executors"),
    ("worker", "subtasks", "capture"),
    ("agents", "stores", "console", "reports"),
    (
        "plan",
        "ddl",
        "dispatcher",
        "rendering",
        "template_files",
        "workspace",
        "task_queue",
        "task_run",
        "reporter",
    ),
    ("errors", "events", "ddl.model", "naming", "status", "task", "shard", "messages", "lifeline", "liveness"),
)
FLOOR_OF = {room: len(FLOORS) - number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    return module if module in FLOOR_OF else module.partition(".")[0]


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports when it runs; names for the type checker only do not count."""
    found = set()
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "runner":
            base = (node.module or "").removeprefix("runner").removeprefix(".")
            names = {f"{base}.{alias.name}".strip(".") for alias in node.names}
            known = {name for name in names if (PACKAGE / name.replace(".", "/")).with_suffix(".py").exists()}
            known |= {name for name in names if (PACKAGE / name.replace(".", "/") / "__init__.py").exists()}
            found |= known or ({base} if base else set())
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("runner.") for alias in node.names if alias.name.startswith("runner.")}
    return found


def test_every_module_has_a_floor() -> None:
    assert not [dotted(path) for path in modules() if dotted(path) and room(dotted(path)) not in FLOOR_OF]


def test_imports_run_down() -> None:
    wrong = []
    for path in modules():
        module = dotted(path)
        if not module:
            continue
        wrong += [
            f"runner.{module} imports runner.{target}, which is on a higher floor"
            for target in imports(path)
            if FLOOR_OF[room(target)] > FLOOR_OF[room(module)]
        ]
    assert not wrong


def test_only_the_ddl_room_knows_the_sql_parser() -> None:
    users = [
        dotted(path) for path in modules() if "sqlglot" in path.read_text() and "import sqlglot" in path.read_text()
    ]
    assert users
    assert {room(user) for user in users} == {"ddl"}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import runner", {"sqlglot", "jinja2", "convex", "pydantic", "click"}),
        ("import runner.cli", {"sqlglot", "jinja2", "convex", "pydantic", "tqdm", "multiprocessing"}),
        ("import runner.reports.commands", {"sqlglot", "jinja2", "convex", "pydantic", "tqdm"}),
        ("import runner.run_plan", {"sqlglot", "jinja2", "convex", "requests"}),
        ("import runner.worker", {"sqlglot", "convex", "pydantic", "anthropic"}),
        ("import runner.ddl.model", {"sqlglot"}),
    ],
)
def test_an_import_loads_nothing_heavy(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not unwanted & set(loaded)
