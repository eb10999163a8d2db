"""The lock files of the generated backend: every version with its hashes, for every platform and Python version.

python -m tests.backend_lock      compiles them again, within the versions that our own lock files allow

They are templates of the set, in which packages that only an option needs are conditional: generating needs no network.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "be-boilerplate" / "backend"
# By file: the extras of pyproject.toml that it contains. The generated Makefile compiles them in the same way.
LOCKS = {"requirements-dev.txt": ("--extra", "dev"), "requirements.txt": ()}
# By condition of the templates: the options, or the dialect of the schema, that need further packages.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    'access.kind == "oidc"': {"auth": "oidc"},
    "operation.metrics": {"metrics": True},
    'operation.tracing == "otel"': {"tracing": "otel"},
    "serves_mysql": {"dialect": "mysql"},
}
COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
    "--no-annotate", "--upgrade",
)  # fmt: skip
LIMIT_S = 300
_ENTRY = re.compile(r"^\S.*\n(?:    .*\n)+", re.MULTILINE)  # a version and the lines with its hashes


def generated(path: str, *, dialect: str = "postgres", **options: Any) -> str:
    """Return the text of a file of the generated backend; those of this module depend on the dialect alone."""
    schema = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", dialect)
    files = load_agent("be-boilerplate").generate(AgentContext(schema=schema, options=options))
    return next(file.text for file in files if file.path == f"backend/{path}")


def all_options() -> dict[str, Any]:
    """Return the options with which the backend needs the most packages."""
    return {name: value for options in OPTIONS.values() for name, value in options.items() if name != "dialect"}


def merged(base: str, others: Mapping[str, str]) -> str:
    """Return the template of a lock file: the entries of `base`, and under their conditions those of others only."""
    always = set(_ENTRY.findall(base))
    needed: dict[str, list[str]] = {entry: [] for text in (base, *others.values()) for entry in _ENTRY.findall(text)}
    for condition, text in others.items():
        for entry in set(_ENTRY.findall(text)) - always:
            needed[entry].append(condition)
    blocks = []
    in_order = sorted(needed, key=lambda entry: entry.split("==", 1))
    for condition, group in groupby(in_order, lambda entry: " or ".join(needed[entry])):
        text = "".join(group)
        blocks.append(f"{{% if {condition} %}}\n{text}{{% endif %}}\n" if condition else text)
    return "".join(blocks)


def main() -> int:
    """Compile the lock files, the second constrained by the first."""
    with tempfile.TemporaryDirectory() as folder:
        constraint = ROOT / "requirements" / "dev.txt"
        for name, extras in LOCKS.items():
            base = _compiled(Path(folder), {}, extras, constraint)
            others = {
                condition: _compiled(Path(folder), options, extras, constraint)
                for condition, options in OPTIONS.items()
            }
            text = merged(base, others)
            (FOLDER / f"{name}.j2").write_text(text, encoding="utf-8")
            constraint = Path(folder) / name
            constraint.write_text("".join(_ENTRY.findall(text)), encoding="utf-8")
    return 0


def _compiled(folder: Path, options: Mapping[str, Any], extras: Sequence[str], constraint: Path) -> str:
    """Return the lock file of a backend with these options, in versions that `constraint` allows."""
    (folder / "pyproject.toml").write_text(generated("pyproject.toml", **options), encoding="utf-8")
    (folder / "lock.txt").unlink(missing_ok=True)
    arguments = (*COMPILE, *extras, "--constraint", str(constraint), "--output-file", "lock.txt", "pyproject.toml")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, *arguments], cwd=folder, timeout=LIMIT_S, check=True)
    return (folder / "lock.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
