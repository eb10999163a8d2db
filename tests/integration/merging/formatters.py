"""Whether merged files are as the formatters of the generated application leave them: ruff and Biome.

A merge that is not is wrong where its three texts are. One whose edit was not formatted is the user's to format.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.frontend_packages import SOURCE, packages
from tests.node import command, node_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.integration.merging.oracle import Outcome

BACKEND = SOURCE.parents[1] / "be-boilerplate" / "backend" / "pyproject.toml.j2"
LIMIT_S = 120
_SUFFIXES = (".py", ".ts", ".tsx")


def unformatted(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is not formatted of the files that are not in conflict, one process of each formatter for all."""
    judged = [each for each in outcomes if each.path.endswith(_SUFFIXES) and not each.is_conflict]
    texts = {
        f"{number}-{name}{Path(outcome.path).suffix}": getattr(outcome, name)
        for number, outcome in enumerate(judged)
        for name in ("base", "edited", "fresh", "found")
    }
    loose = {name for name, text in _formatted(texts).items() if text != texts[name]}
    found = [
        {name.split("-")[1].split(".")[0] for name in loose if name.startswith(f"{n}-")} for n in range(len(judged))
    ]
    return [
        f"{outcome.path}: is not as the formatter leaves it"
        for outcome, wrong in zip(judged, found, strict=True)
        if wrong == {"found"}
    ]


def _formatted(texts: Mapping[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each, text in texts.items():
            (folder / each).write_text(text, encoding="utf-8")
        (length,) = re.findall(r"^line-length = (\d+)$", BACKEND.read_text(encoding="utf-8"), re.MULTILINE)
        _run(folder, sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", f"--line-length={length}", ".")
        if any(not each.endswith(".py") for each in texts):
            settings = json.loads((SOURCE / "biome.json").read_text(encoding="utf-8"))
            (folder / "biome.json").write_text(json.dumps({"formatter": settings["formatter"]}), encoding="utf-8")
            biome = str((packages() / ".bin" / "biome").resolve())
            _run(folder, *command("node"), biome, "format", "--write", ".")
        return {each: (folder / each).read_text(encoding="utf-8") for each in texts}


def _run(folder: Path, *line: str) -> None:
    result = subprocess.run(
        line, cwd=folder, env=node_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
