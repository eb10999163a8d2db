"""The lock files of the generated backend: every version with its hashes, for every platform and Python version.

python -m tests.backend_lock      compiles them again, within the versions that our own lock files allow

They are files of the template set, like the frontend's package-lock.json: generating needs no network. Packages that
only a backend for MySQL needs are between the marks of a condition.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from jinja2 import Environment

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "be-boilerplate" / "backend"
# By file: the extras of pyproject.toml that it contains. The generated Makefile compiles them in the same way.
LOCKS = {"requirements-dev.txt": ("--extra", "dev"), "requirements.txt": ()}
ENTRY = re.compile(r"(?P<name>[^\s=\[]+)\S*==[^\n]*\n(?: {4}[^\n]*\n)*")
COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
    "--no-annotate", "--upgrade",
)  # fmt: skip
LIMIT_S = 300


def project(dialect: str) -> str:
    """Return the text of the generated pyproject.toml, whose dependencies depend on the dialect of the schema alone."""
    schema = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", dialect)
    files = load_agent("be-boilerplate").generate(AgentContext(schema=schema))
    return next(file.text for file in files if file.path == "backend/pyproject.toml")


def lock(name: str, *, serves_mysql: bool) -> str:
    """Return the text of a lock file as a backend has it."""
    template = Environment(trim_blocks=True, autoescape=False).from_string(
        (FOLDER / f"{name}.j2").read_text(encoding="utf-8")
    )
    return template.render(serves_mysql=serves_mysql) + "\n"


def joined(plain: str, mysql: str) -> str:
    """Return two lock files as one template: the entries that only `mysql` has are conditional."""
    names = {entry["name"] for entry in ENTRY.finditer(plain)}
    return "".join(
        entry[0] if entry["name"] in names else f"{{% if serves_mysql %}}\n{entry[0]}{{% endif %}}\n"
        for entry in ENTRY.finditer(mysql)
    )


def main() -> int:
    """Compile the lock files, the second constrained by the first; return uv's exit code."""
    constraints = dict.fromkeys(("mysql", "postgres"), ROOT / "requirements" / "dev.txt")
    with tempfile.TemporaryDirectory() as folder:
        for name, extras in LOCKS.items():
            for dialect in constraints:
                place = Path(folder) / dialect
                place.mkdir(exist_ok=True)
                (place / "pyproject.toml").write_text(project(dialect), encoding="utf-8")
                options = [*extras, "--constraint", str(constraints[dialect]), "--output-file", name]
                uv = [str(Path(sys.executable).with_name("uv")), *COMPILE, *options, "pyproject.toml"]
                result = subprocess.run(uv, cwd=place, timeout=LIMIT_S, check=False)
                if result.returncode:
                    return result.returncode
                constraints[dialect] = place / name
            texts = {dialect: path.read_text(encoding="utf-8") for dialect, path in constraints.items()}
            (FOLDER / f"{name}.j2").write_text(joined(texts["postgres"], texts["mysql"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
