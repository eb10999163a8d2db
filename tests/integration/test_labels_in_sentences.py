"""Labels of tables in the sentences of the generated interface: in lower case, unless the sentence begins with them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.catalogues import messages

SOURCES = Path(__file__).parents[2] / "templates" / "fe-boilerplate" / "frontend" / "src"
CALL = re.compile(r"\bt\((?P<keys>[^{},]*),\s*\{(?P<values>[^{}]*)\}\s*\)")
NOUN = re.compile(r"(?:^|,)\s*nouns?\b(?::\s*(?P<value>[^,]+))?")
KEY = re.compile(r'"([\w.]+)"')
LOWERED = ("lowerFirst(", "nounOf(")


def test_labels_of_tables_within_sentences_are_in_lower_case() -> None:
    wrong, seen = [], set()
    for path in SOURCES.rglob("*.ts*"):
        source = path.read_text(encoding="utf-8")
        for call in CALL.finditer(source):
            noun = NOUN.search(call["values"])
            if not noun:
                continue
            keys = {key for key in KEY.findall(call["keys"]) if not messages("en")[key].startswith("{noun")}
            if keys:
                seen |= keys
                value = (noun["value"] or noun[0]).strip(", \n")
                is_lower = value.startswith(LOWERED) or f"const {value} = lowerFirst(" in source
                wrong += [] if is_lower else [f"{path.name}: {call[0]}"]
    assert wrong == []
    assert {"search.in", "choices.search", "form.new", "list.empty", "import.title", "several.title"} <= seen
