"""Real schemas against the catalogs of the real databases, field by field.

`python -m tests.integration.test_corpus` prints the figures in CORPUS.md.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl
from runner.ddl.schema_json import schema_to_json
from tests.corpus import CORPUS, EXPECTED, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

COLUMN_FIELDS = ("nullable", "has_default", "identity", "generated", "enum", "domain", "comment")
LEAST_EQUAL_TYPES = 0.99
# The server shows display widths, which the reader leaves out (but for the one that says boolean).
WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")
# Differences due to the exporter or the server, each explained in CORPUS.md: file, field, how many.
EXPLAINED = {
    ("guacamole_pg", "has_default"): 3,
    ("musicbrainz", "has_default"): 2,
}


@dataclass(kw_only=True)
class Comparison:
    """One file read, and where it differs from the catalog: by field, with a line of explanation each."""

    name: str
    dialect: str
    tables: int = 0
    columns: int = 0
    keys: int = 0
    foreign_keys: int = 0
    checks: int = 0
    not_understood: list[dict[str, Any]] = field(default_factory=list)
    differences: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def differ(self, what: str, where: str, expected: object, found: object) -> None:
        if expected != found:
            self.differences.append((what, f"{where} {what}: the server says {expected!r}, the reader {found!r}"))

    @property
    def by_field(self) -> Counter[str]:
        return Counter(what for what, _ in self.differences)


def compare(path: Path, dialect: str | None = None) -> Comparison:
    """Read the files that one catalog came from, in its dialect or another one, and compare."""
    catalog = json.loads(path.read_text(encoding="utf-8"))
    start = time.process_time()
    schema = read_ddl([CORPUS / source for source in catalog["source"]], dialect or catalog["dialect"])
    found = Comparison(name=path.stem, dialect=catalog["dialect"], seconds=time.process_time() - start)
    schema = schema.with_tool_tables([schema.label(table.name) for table in schema.tool_tables])
    data = json.loads(json.dumps(schema_to_json(schema)))
    found.not_understood = data["not_understood"]
    expected, read = by_name(catalog["tables"]), by_name(data["tables"])
    found.differ("tables", "all", sorted(expected), sorted(read))
    for name in expected.keys() & read.keys():
        compare_table(found, name, expected[name], read[name])
    found.differ("enums", "all", values(catalog["enums"], "values"), values(data["enums"], "values"))
    found.differ("domains", "all", domains(catalog["domains"]), domains(data["domains"]))
    return found


def by_name(tables: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{table['schema'] or ''}.{table['name']}": table for table in tables}


def values(items: Iterable[dict[str, Any]], key: str) -> dict[str, Any]:
    return {name: item[key] for name, item in by_name(items).items()}


def domains(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {name: (item["base_type"], item["not_null"], len(item["checks"])) for name, item in by_name(items).items()}


def compare_table(found: Comparison, name: str, expected: dict[str, Any], read: dict[str, Any]) -> None:
    found.tables += 1
    found.columns += len(expected["columns"])
    found.keys += bool(expected["primary_key"])
    found.foreign_keys += len(expected["foreign_keys"])
    found.checks += len(expected["checks"])
    kind = "table" if expected["kind"] == "unlogged" else expected["kind"]
    found.differ("kind", name, kind, read["kind"])
    for key in ("partition_of", "comment", "primary_key"):
        found.differ(key, name, expected[key], read[key])
    for key in ("unique", "unique_indexes"):
        found.differ(key, name, sorted(expected[key]), sorted(read[key]))
    found.differ("foreign_keys", name, references(found.dialect, expected), references(found.dialect, read))
    found.differ("checks", name, len(expected["checks"]), len(read["checks"]))
    found.differ("columns", name, names(expected), names(read))
    if names(expected) == names(read):
        for left, right in zip(expected["columns"], read["columns"], strict=True):
            compare_column(found, f"{name}.{left['name']}", left, right)


def compare_column(found: Comparison, name: str, expected: dict[str, Any], read: dict[str, Any]) -> None:
    for key in COLUMN_FIELDS:
        if not (key == "identity" and found.dialect == "sqlite"):  # its catalog does not show it
            found.differ(key, name, expected[key], read[key])
    found.differ("type", name, plain_type(found.dialect, expected["type"]), plain_type(found.dialect, read["type"]))


def names(table: dict[str, Any]) -> list[str]:
    return [column["name"] for column in table["columns"]]


def plain_type(dialect: str, text: str) -> str:
    if dialect == "mysql":
        return WIDTH.sub(r"\1", text)
    return text.lower() if dialect == "sqlite" else text


def references(dialect: str, table: dict[str, Any]) -> list[tuple[Any, ...]]:
    def action(text: str) -> str:  # the server in use shows one for the other
        return "NO ACTION" if dialect == "mysql" and text == "RESTRICT" else text

    return sorted(
        (
            key["columns"],
            key["references"]["schema"] or "",
            key["references"]["table"],
            key["references"]["columns"],
            action(key["on_delete"]),
            action(key["on_update"]),
        )
        for key in table["foreign_keys"]
    )


# ------------------------------------------------------------------------------------------------------------ tests


@needs_corpus
@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_reader_says_what_the_database_says(path: Path):
    found = compare(path)
    types = [line for what, line in found.differences if what == "type"]
    assert len(types) <= (1 - LEAST_EQUAL_TYPES) * found.columns, types
    for what, count in found.by_field.items():
        lines = [line for other, line in found.differences if other == what]
        assert EXPLAINED.get((found.name, what), 0) == count, lines
    assert not [note for note in found.not_understood if note["table_related"]]


@needs_corpus
@pytest.mark.parametrize("path", [path for path in EXPECTED if path.parent.name == "mysql"], ids=lambda path: path.stem)
def test_files_for_mysql_are_the_same_for_mariadb(path: Path):
    assert compare(path, "mariadb").differences == compare(path).differences


@needs_corpus
def test_corpus_is_whole():
    assert len(EXPECTED) == 30


# ---------------------------------------------------------------------------------------------------------- figures


def figures(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Yield the table of CORPUS.md, a line at a time."""
    yield "| schema | tables | columns | keys | references | checks | differences | not understood | CPU s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    total = Comparison(name="all", dialect="")
    for found in comparisons:
        yield figure(found)
        for key in ("tables", "columns", "keys", "foreign_keys", "checks", "seconds"):
            setattr(total, key, getattr(total, key) + getattr(found, key))
        total.differences += found.differences
        total.not_understood += found.not_understood
    yield figure(total)


def figure(found: Comparison) -> str:
    differences = ", ".join(f"{count} {what}" for what, count in sorted(found.by_field.items())) or "0"
    name = f"{found.dialect}/{found.name}" if found.dialect else "**all**"
    counts = f"{found.tables} | {found.columns} | {found.keys} | {found.foreign_keys} | {found.checks}"
    return f"| {name} | {counts} | {differences} | {len(found.not_understood)} | {found.seconds:.2f} |"


def main() -> int:
    """Print the figures, and every difference below them."""
    if not EXPECTED:
        print(f"no corpus at {CORPUS}: set RUNNER_CORPUS to where it is", file=sys.stderr)
        return 2
    comparisons = [compare(path) for path in EXPECTED]
    print("\n".join(figures(comparisons)))
    for found in comparisons:
        for _, line in found.differences:
            print(f"{found.dialect}/{found.name}: {line}")
        for note in found.not_understood:
            print(f"{note['file']}:{note['line']}: {note['reason']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
