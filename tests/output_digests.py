"""The output of all built-in agents as one digest per schema: equal digests mean equal files, byte for byte.

python -m tests.output_digests [FILE]      prints a line per schema, or compares with the lines in FILE

This checks a refactoring that must not change the generated code. The school's schema and the ones under `tests/`
are always included, those of the corpus if it is next to the project (or at RUNNER_CORPUS).
"""

from __future__ import annotations

import hashlib
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.reader import read_ddl
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.registry import BUILT_IN, load_agent
from tests.corpus import CORPUS, EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(__file__).resolve().parent.parent
OWN: tuple[tuple[str, str], ...] = (
    ("plans/school.sql", "postgres"),
    ("tests/plans/everything.sql", "postgres"),
    ("tests/integration/odd.sql", "postgres"),
)
KINDS = ("be-boilerplate", "be-crud", "fe-boilerplate", "fe-crud", "ui-crud")


def schemas() -> Iterator[tuple[str, tuple[Path, ...], str]]:
    """Yield the name, the files and the dialect of each schema."""
    for file, dialect in OWN:
        yield file, (ROOT / file,), dialect
    for path in EXPECTED:
        catalog = json.loads(path.read_text(encoding="utf-8"))
        sources = tuple(CORPUS / source for source in catalog["source"])
        yield f"corpus/{path.parent.name}/{path.stem}", sources, catalog["dialect"]


def digest(name: str, files: tuple[Path, ...], dialect: str) -> str:
    """Return the line of one schema: its name, its number of files, the SHA-256 of their paths, modes and texts."""
    schema = read_ddl(files, dialect)
    application = Application(schema)
    found: dict[str, bytes] = {}
    for kind in KINDS:
        agent = load_agent(kind)
        for table in schema.tables if agent.per_table else (None,):
            ctx = AgentContext(schema=schema, table=table, shared=application)
            for file in agent.generate(ctx):
                content = hashlib.sha256(file.text.encode()).hexdigest()
                found[file.path] = f"{file.path} {file.mode} {file.executable} {content}\n".encode()
            memory = json.dumps(agent.remember(ctx), sort_keys=True)
            found[f"{kind} {table and table.name}"] = memory.encode()
    whole = hashlib.sha256(b"".join(found[path] for path in sorted(found)))
    return f"{name} {len(found)} {whole.hexdigest()}"


def main() -> int:
    """Print the lines, or compare them; return 1 if a line differs."""
    assert set(KINDS) <= set(BUILT_IN)
    with ProcessPoolExecutor() as pool:
        lines = [future.result() for future in [pool.submit(digest, *schema) for schema in schemas()]]
    if len(sys.argv) == 1:
        print("\n".join(lines))
        return 0
    expected = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    for line in sorted(set(lines) ^ set(expected)):
        print("+" if line in lines else "-", line)
    return int(lines != expected)


if __name__ == "__main__":
    sys.exit(main())
