"""The folders of `runner/` and which may import which: the table in ARCHITECTURE.md against every import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "runner"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_FOLDERS = 8  # at the top of the package: few enough to grasp at a glance


def layers() -> list[str]:
    """Return the folders in the order of ARCHITECTURE.md: each may import only those after it."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = text.partition("| folder |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for path in MODULES}


def imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports anywhere, including imports for the type checker only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "runner":
            names = {f"{node.module}.{alias.name}" for alias in node.names} & NAMES
            found |= names or {str(node.module)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.partition(".")[0] == "runner"}
    return found


def folder(module: str) -> str:
    """Return the dotted folder of a module."""
    path = PACKAGE.parent / module.replace(".", "/")
    return module if path.is_dir() else module.rpartition(".")[0]


def test_the_package_has_few_folders_and_they_are_the_ones_of_the_table() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert folders == set(layers())
    assert len(folders) <= MOST_FOLDERS
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_no_two_modules_have_one_name() -> None:
    counted = Counter(path.name for path in MODULES if path.name != "__init__.py")
    assert not [name for name, times in counted.items() if times > 1]


def test_imports_go_down_the_table() -> None:
    rank = {name: number for number, name in enumerate(layers())}
    wrong = []
    for path in MODULES:
        module = dotted(path)
        own = module.split(".")[1:2]
        if path.parent == PACKAGE:
            continue
        wrong += [
            f"{module} imports {target}"
            for target in imports(path)
            if target == "runner" or rank[target.split(".")[1]] < rank[own[0]]
        ]
    assert not wrong


def test_folders_import_each_other_in_no_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in MODULES:
        if path.parent != PACKAGE:
            own = folder(dotted(path))
            edges.setdefault(own, set()).update(folder(target) for target in imports(path) if folder(target) != own)
    done: set[str] = set()
    while ready := {name for name in edges if name not in done and edges[name] & edges.keys() <= done}:
        done |= ready
    assert not sorted(edges.keys() - done)


PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    """Paths below `runner/` may leave out the ending of a module."""
    named = {path for path in PATH.findall((ROOT / document).read_text()) if "/" in path}
    assert len(named) > 20
    bases = (ROOT, PACKAGE, PACKAGE / "generation", PACKAGE / "progress", PACKAGE / "plan", PACKAGE / "ddl")
    generated = {"frontend/", "src/app", "src/core", "core/api/fields.ts", "core/api/wire.ts"}
    ours = named - generated - {path for path in named if path.startswith((".runner", ".venv"))}
    found = {path for path in ours for base in bases if (base / path).exists() or (base / f"{path}.py").exists()}
    assert not ours - found


def test_only_the_ddl_folder_imports_the_sql_parser() -> None:
    users = [path for path in MODULES if re.search(r"^\s*(?:import|from) sqlglot", path.read_text(), re.MULTILINE)]
    assert users
    assert {path.relative_to(PACKAGE).parts[0] for path in users} == {"ddl"}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import runner", {"sqlglot", "jinja2", "convex", "pydantic", "click"}),
        ("import runner.command.cli", {"sqlglot", "jinja2", "convex", "pydantic", "tqdm", "multiprocessing"}),
        ("import runner.progress.reports.commands", {"sqlglot", "jinja2", "convex", "pydantic", "tqdm"}),
        ("import runner.command.run_plan", {"sqlglot", "jinja2", "convex", "requests", "distributed", "asyncio"}),
        ("import runner.execution.worker", {"sqlglot", "convex", "pydantic", "anthropic"}),
        ("import runner.ddl.model", {"sqlglot"}),
        (
            "from runner.ddl.reader import read_ddl_text; read_ddl_text('CREATE TABLE t (a int)', 'mysql')",
            {"sqlglot"},
        ),
    ],
)
def test_an_import_loads_nothing_heavy(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not unwanted & set(loaded)


def test_the_supervisor_starts_workers_without_the_code_that_they_run() -> None:
    code = "import sys; import runner.execution.process_pool; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "runner.execution.worker_calls" in loaded
    assert not {"runner.execution.worker", "runner.generation.agent", "runner.ddl.model"} & set(loaded)


def test_unit_tests_import_nothing_of_the_integration_tests() -> None:
    """Shared helpers are next to the unit tests, so that these run without the dependencies of integration tests."""
    wrong = []
    for path in sorted((ROOT / "tests").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
            wrong += [f"{path.name} imports {name}" for name in names if name.startswith("tests.integration")]
    assert not wrong


NAMED_FILE = re.compile(r"`([\w./-]+(?:\.(?:py|ts|md|txt|toml|yaml|sql)|/))`")


@pytest.mark.parametrize("document", ["CONTRIBUTING.md"])
def test_every_file_that_a_document_names_exists(document: str) -> None:
    names = set(NAMED_FILE.findall((ROOT / document).read_text()))
    bare = {path.name for folder in (PACKAGE, ROOT / "tests", ROOT / "requirements") for path in folder.rglob("*.*")}
    assert names
    assert not [
        name for name in sorted(names) if not ((ROOT / name).exists() or (PACKAGE / name).exists() or name in bare)
    ]


def test_model_and_encoders_know_no_target_and_targets_not_each_other() -> None:
    folders = {path.name for path in (PACKAGE / "generation").iterdir() if (path / "__init__.py").exists()}
    targets = folders - {"model", "encoders", "agents", "workspace"}
    assert {"fastapi", "react"} <= targets
    wrong = [
        f"{dotted(path)} imports {target}"
        for own in ("model", "encoders", *targets)
        for path in (PACKAGE / "generation" / own).rglob("*.py")
        for target in imports(path)
        if set(target.split(".")[2:3]) & (targets - {own} | ({"encoders"} if own == "model" else set()))
    ]
    assert not wrong
