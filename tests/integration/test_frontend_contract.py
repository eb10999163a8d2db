"""The frontend's services against the OpenAPI document of the backend that is generated with them.

In both directions: paths, parameters, fields, values and bounds of one must exist in the other. The services are
not parsed but run: each of their methods is called, and its request is compared.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.generation.react.javascript_patterns import javascript_pattern
from tests.corpus import CORPUS, needs_corpus
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import run
from tests.integration.frontend import frontend_files, run_node, write_files
from tests.integration.test_backend_corpus import corpus_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

REAL = ("postgres/pagila", "postgres/northwind", "postgres/chinook_pg", "postgres/sakila_pg", "mysql/sakila_mysql")
SCHEMAS = ("school", *(pytest.param(name, marks=needs_corpus) for name in REAL))
DESCRIBE = Path(__file__).with_name("describe_services.mjs")
TELL = """
import json
from importlib import import_module
from pathlib import Path

from app.main import app


def decimal(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "decimal":
            return schema.get("max_digits"), schema.get("decimal_places")
        return next((found for part in schema.values() if (found := decimal(part))), None)
    if isinstance(schema, (list, tuple)):
        return next((found for part in schema if (found := decimal(part))), None)
    return None


decimals, expandable = {}, {}
for module in (path.parent.name for path in Path("app").glob("*/router.py")):
    schemas, resource = import_module(f"app.{module}.schemas"), import_module(f"app.{module}.router").resource
    expandable[module] = sorted(resource.references.by_name())
    for name, kind in vars(schemas).items():
        if hasattr(kind, "model_fields") and kind.__module__ == schemas.__name__:
            for field, info in kind.model_fields.items():
                fields = kind.__pydantic_core_schema__["schema"]["fields"]
                if (found := decimal(fields[field])):
                    decimals.setdefault(name, {})[info.alias or info.serialization_alias or field] = found
print(json.dumps({"document": app.openapi(), "decimals": decimals, "expandable": expandable}))
"""
BITS = {"int16": 15, "int32": 31, "int64": 63}
TYPES = {**dict.fromkeys(BITS, "integer"), "number": "number", "boolean": "boolean", "json": "any", "array": "array"}
FORMATS = {
    "date": "date", "time": "time-local", "timestamp": "date-time", "local_timestamp": "date-time-local",
    "interval": "duration", "uuid": "uuid", "bytes": "byte",
}  # fmt: skip
LIMITS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
OF_PAGES = {"limit", "offset", "after", "before", "count", "sort", "expand"}  # which a count accepts and ignores
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Sides:
    """The descriptions of the backend and of the services."""

    document: Json
    decimals: Json
    expandable: Json
    services: Json

    def resolved(self, schema: Json) -> Json:
        """Return a schema, or the one that it refers to."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return self.document["components"]["schemas"][name] if name else schema

    def operations(self) -> Mapping[tuple[str, str], Json]:
        """Return the backend's operations on tables, by method and path, with numbers for the parts of the key."""
        return {
            (method.upper(), _numbered(path)): operation
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if path.startswith("/api/")
        }

    def requests(self) -> Mapping[tuple[str, str], Json]:
        """Return the requests of the services, in the same form."""
        return {
            (request["method"], request["path"]): request
            for service in self.services.values()
            for request in service["requests"]
        }


def _numbered(path: str) -> str:
    for number, name in enumerate(re.findall(r"\{[^}]+\}", path)):
        path = path.replace(name, f"{{{number}}}")
    return path


@pytest.fixture(scope="module", params=SCHEMAS)
def sides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sides:
    name = request.param
    schema = read_schema() if name == "school" else corpus_schema(CORPUS / "expected" / f"{name}.json")
    workspace = tmp_path_factory.mktemp(name.rpartition("/")[2])
    told = run(write_backend(backend_files(schema), workspace), "-c", TELL)
    assert told.returncode == 0, told.stderr[-2000:]
    folder = write_files(frontend_files(schema), workspace)
    shutil.copy(DESCRIBE, folder)
    described = run_node(folder, DESCRIBE.name)
    assert (described.returncode, described.stderr) == (0, "")
    return Sides(**json.loads(told.stdout), services=json.loads(described.stdout))


def test_each_has_the_others_operations(sides: Sides) -> None:
    assert set(sides.requests()) == set(sides.operations())


def test_each_has_the_others_parameters(sides: Sides) -> None:
    requests = sides.requests()
    for place, operation in sides.operations().items():
        sent, told = requests[place], operation.get("parameters", ())
        known = {found["name"] for found in told if found["in"] == "query"}
        unsent = OF_PAGES if place[1].endswith(("/count", ":count")) else set()
        assert set(sent["parameters"]) == known - unsent, place
        assert sent["etag"] == any(found["name"] == "if-match" for found in told), place


def test_each_has_the_others_fields(sides: Sides) -> None:
    operations = sides.operations()
    for name, service in sides.services.items():
        path = next(request["path"] for request in service["requests"])
        row = path + "".join(f"/{{{number}}}" for number in range(len(service["key"])))
        page = sides.resolved(_answer(operations["GET", path]))
        told = {"read": page["properties"]["items"]["items"]}
        if ("POST", path) in operations:
            told["create"] = _body(operations["POST", path])
        if ("PATCH", row) in operations:
            told["update"] = _body(operations["PATCH", row])
        assert set(service["schemas"]) == set(told), name
        for use, schema in told.items():
            assert _of_service(service["schemas"][use], use) == _of_document(sides, schema, use), (name, use)


def test_bodies_are_what_the_backend_takes(sides: Sides) -> None:
    requests = sides.requests()
    for place, operation in sides.operations().items():
        if "application/json" not in operation.get("requestBody", {}).get("content", {}) or place[0] == "PATCH":
            continue  # without a body, or with a file
        sent, schema = json.loads(requests[place]["body"]), sides.resolved(_body(operation))
        if schema["type"] == "array":
            sent, schema = sent[0], sides.resolved(schema["items"])
        if schema.get("type") == "object":
            assert set(sent) == set(schema.get("properties", ())), place
        else:
            parts = schema.get("prefixItems", [schema])
            values = sent if "prefixItems" in schema else [sent]
            are_integers = [part.get("type") == "integer" for part in parts]
            assert [isinstance(value, int) for value in values] == are_integers, place


def test_each_has_the_others_references(sides: Sides) -> None:
    services = sides.services
    assert {name: sorted(_names(found["references"])) for name, found in services.items()} == sides.expandable
    there = [(one["table"], name) for name, found in services.items() for one in found["references"]]
    back = [(name, one["table"]) for name, found in services.items() for one in found["referencedBy"]]
    assert sorted(there) == sorted(back)


def _names(references: Iterable[Json]) -> list[str]:
    return ["+".join(reference["fields"]) for reference in references]


def _answer(operation: Json) -> Json:
    schema: Json = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


def _body(operation: Json) -> Json:
    schema: Json = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


# ------------------------------------------------------------------------------------------------ fields of both, alike


def _of_service(fields: Json, use: str) -> dict[str, Json]:
    return {field: {"required": not told["optional"], **_told_here(told, use)} for field, told in fields.items()}


def _told_here(told: Json, use: str) -> dict[str, Any]:
    kind, bounds = told["kind"], dict(told["bounds"])
    found: dict[str, Any] = {"type": TYPES.get(kind, "string"), "nullable": told["nullable"] and kind != "json"}
    if kind in BITS:
        found["bounds"] = {"ge": -float(2 ** BITS[kind]), "le": float(2 ** BITS[kind] - 1)} | _floats(bounds)
    elif kind == "decimal":
        found["type"] = "string" if use == "read" else "decimal"
        shape = (bounds.pop("digits", None), bounds.pop("places", None))
        found |= {} if use == "read" else {"bounds": _floats(bounds), "shape": shape}
    elif kind in ("number", "text"):
        found["bounds"] = _floats(bounds)
    elif kind == "choice":
        found |= {"type": "choice", "choices": told["choices"]}
    elif kind == "array":
        found["item"] = _told_here(told["item"], "read")
    elif kind in FORMATS:
        found["format"] = FORMATS[kind]
    return {name: value for name, value in found.items() if value not in ({}, None)}


def _of_document(sides: Sides, schema: Json, use: str) -> dict[str, Json]:
    name = schema["$ref"].rpartition("/")[2]
    component = sides.resolved(schema)
    assert use == "read" or component["additionalProperties"] is False
    required = component.get("required", ())
    found = {field: _told_there(sides, told) for field, told in component.get("properties", {}).items()}
    for field, told in found.items():
        told["required"] = field in required
        if told["type"] == "decimal" and use == "read" and field not in sides.decimals.get(name, {}):
            told["type"] = "number"  # a float, of which NaN and infinity are sent as text
        elif told["type"] == "decimal":
            told["shape"] = tuple(sides.decimals[name][field])
    return dict(found)


def _told_there(sides: Sides, told: Json) -> dict[str, Any]:
    parts = [sides.resolved(part) for part in told.get("anyOf", [told])]
    parts = [part for part in parts if not _is_other_form(part)]
    kinds = [part.get("type") for part in parts if part.get("type") != "null"]
    plain = next((part for part in parts if part.get("type") != "null"), {})
    found: dict[str, Any] = {"nullable": len(kinds) < len(parts), "type": plain.get("type", "any")}
    if kinds == ["number", "string"]:
        found["type"] = "decimal"
    if "enum" in plain or "const" in plain:
        return {**found, "type": "choice", "choices": plain.get("enum", [plain.get("const")])}
    bounds = {short: plain[name] for name, short in LIMITS.items() if name in plain}
    bounds |= {"min": plain.get("minLength"), "max": plain.get("maxLength")}
    if "pattern" in plain:
        bounds["pattern"] = javascript_pattern(plain["pattern"])
    found |= {"bounds": _floats(bounds), "format": plain.get("format")}
    if "items" in plain:
        item = _told_there(sides, plain["items"])
        found["item"] = {**item, "nullable": False}  # the items of every array may be null and lists themselves
    return {name: value for name, value in found.items() if value not in ({}, None)}


def _is_other_form(part: Json) -> bool:
    """Whether a part is the text of a value that JSON has no number, date or time for, or a list in an array."""
    texts = part.get("pattern", "") + "".join(map(str, part.get("enum", ())))
    return "infinity" in texts or "24:00" in texts or "NaN" in texts or part == {"type": "array"}


def _floats(bounds: Json) -> dict[str, Any]:
    known = {name: value for name, value in bounds.items() if value is not None}
    return {name: value if name == "pattern" else float(value) for name, value in known.items()}
