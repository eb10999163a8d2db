"""A whole frontend that another formatter has laid out differently: no file of it counts as edited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runner.generation.merging.layout import is_same_source
from tests.generated_backend import read_schema
from tests.integration.frontend import frontend_files, node_tool, write_files

if TYPE_CHECKING:
    from pathlib import Path

NARROW = {
    "formatter": {"indentStyle": "tab", "lineWidth": 80},
    "javascript": {"formatter": {"quoteStyle": "single", "jsxQuoteStyle": "single", "bracketSpacing": False}},
    "css": {"formatter": {"quoteStyle": "single"}},
}
WIDE = {
    "formatter": {"indentStyle": "space", "indentWidth": 4, "lineWidth": 140},
    "javascript": {"formatter": {"semicolons": "asNeeded", "trailingCommas": "none"}},
}


@pytest.mark.parametrize("settings", [NARROW, WIDE])
def test_another_layout_of_a_frontend_is_no_edit(settings: dict[str, Any], tmp_path: Path) -> None:
    files = {path: file.text for path, file in frontend_files(read_schema()).items()}
    frontend = write_files(frontend_files(read_schema()), tmp_path)
    (frontend / "biome.json").write_text(json.dumps(settings), encoding="utf-8")
    result = node_tool(frontend, "biome", "format", "--write", "src")
    assert result.returncode == 0, result.stderr
    sources = [path for path in files if path.startswith("frontend/src/") and not path.endswith(".md")]
    found = {path: (tmp_path / path).read_text(encoding="utf-8") for path in sources}
    changed = {path for path, text in found.items() if text != files[path]}
    assert len(changed) > len(found) / 2
    assert {path.rpartition(".")[2] for path in changed} == {"ts", "tsx", "css"}
    assert [path for path in sorted(changed) if not is_same_source(path, found[path], files[path])] == []
