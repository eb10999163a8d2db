"""The lock files of the generated backend: every version with its hashes, for every platform and Python version.

python -m tests.backend_lock      compiles them again, within the versions that our own lock files allow

They are static files of the template set, like the frontend's package-lock.json: generating needs no network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "be-boilerplate" / "backend"
# By file: the extras of pyproject.toml that it contains. The generated Makefile compiles them in the same way.
LOCKS = {"requirements-dev.txt": ("--extra", "dev"), "requirements.txt": ()}
COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
    "--no-annotate", "--upgrade",
)  # fmt: skip
LIMIT_S = 300


def project() -> str:
    """Return the text of the generated pyproject.toml, whose dependencies are the same for every schema."""
    schema = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres")
    files = load_agent("be-boilerplate").generate(AgentContext(schema=schema))
    return next(file.text for file in files if file.path == "backend/pyproject.toml")


def main() -> int:
    """Compile the lock files, the second constrained by the first; return uv's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(project(), encoding="utf-8")
        constraint = ROOT / "requirements" / "dev.txt"
        for name, extras in LOCKS.items():
            target = FOLDER / name
            options = [*extras, "--constraint", str(constraint), "--output-file", str(target)]
            uv = [str(Path(sys.executable).with_name("uv")), *COMPILE, *options, "pyproject.toml"]
            result = subprocess.run(uv, cwd=folder, timeout=LIMIT_S, check=False)
            if result.returncode:
                return result.returncode
            constraint = target
    return 0


if __name__ == "__main__":
    sys.exit(main())
