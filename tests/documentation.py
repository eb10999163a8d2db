"""The examples in README and `docs/`: fenced blocks, by what their first line says of them.

```sh                     commands; each must succeed
```sh exit=3              the last one ends with this exit code
```sh serve               a command that serves until it is interrupted
```sh during              commands for while a plan runs
```sh untested="why"      commands that no test can run
```LANGUAGE file=PATH     a file that later commands use
```python example         a program that must succeed
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED_COMMAND = re.compile(r"^ {4}(?:runner|make|npx|npm|pip|python|dask|cd) .*", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block; `marks` are the words after its language, those with a value as `name=value`."""

    page: str
    line: int
    language: str
    marks: dict[str, str]
    text: str

    @property
    def place(self) -> str:
        """Where it is, as `path:line`."""
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(
            page=name,
            line=text.count("\n", 0, found.start()) + 1,
            language=found[1],
            marks=_marks(found[2] or "", found[1]),
            text=found[3],
        )
        for found in _FENCE.finditer(text)
    ]


def _marks(words: str, language: str) -> dict[str, str]:
    if words.startswith("file="):
        return {"file": words.removeprefix("file=")}  # a path may have blanks
    pairs = (word.partition("=") for word in shlex.split(words))
    return {name: value for name, _, value in pairs} if language in {"sh", "python"} else {}


def indented_commands(page: Path) -> list[str]:
    """Return commands that no test would find, because they are not in a fenced block."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return _INDENTED_COMMAND.findall(text)
