"""Values and keys that are hard to carry: each comes back as it was sent, on both databases, and hides no other row."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytest_plugins = ["tests.integration.postgres"]

DDL = r"""
CREATE DOMAIN dose AS integer NOT NULL DEFAULT 5 CHECK (VALUE BETWEEN 1 AND 9);
CREATE TYPE sign AS ENUM ('\', '"', 'a,b', 'NULL', '{}');
CREATE TYPE part AS ENUM ('count', 'rest');

CREATE TABLE rosters (
    id serial PRIMARY KEY,
    words text[],
    doses dose[],
    signs sign[] DEFAULT '{"\\"}',
    days date[],
    grid integer[][],
    files bytea[]
);
CREATE TABLE extremes (
    id serial PRIMARY KEY,
    day date,
    at timestamptz,
    clock time,
    span interval,
    ratio double precision,
    small real,
    amount numeric,
    price numeric(8, 2),
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    valid_from date NOT NULL DEFAULT '-infinity'::date,
    renewal interval NOT NULL DEFAULT '1 mon 2 days',
    peak real NOT NULL DEFAULT '-Infinity'::real,
    level double precision CHECK (level > 0)
);
CREATE TABLE rounded (id serial PRIMARY KEY, ends time(0));
CREATE TABLE ways (
    direction smallint PRIMARY KEY CHECK (direction IN (1, 2)), mark char(5) CHECK (mark ~ '^[A-Z]+-?$')
);
CREATE TABLE terms (term text PRIMARY KEY, note text);
CREATE TABLE parts (part part PRIMARY KEY, note text);
CREATE TABLE pairs (one text, two varchar(20), note text, PRIMARY KEY (one, two));
CREATE TABLE digests (digest bytea PRIMARY KEY, note text);
CREATE TABLE seasons (start date PRIMARY KEY, note text);
CREATE TABLE owners (
    id serial PRIMARY KEY,
    "Name" text NOT NULL,
    name text NOT NULL UNIQUE,
    "NAME" integer DEFAULT 3 CHECK ("NAME" > 2),
    both text GENERATED ALWAYS AS ("Name" || '/' || name) STORED
);
CREATE INDEX owners_name ON owners (name DESC) WHERE "NAME" > 5;
CREATE TABLE pets (id serial PRIMARY KEY, "Owner" text, owner text REFERENCES owners (name), "Tag" text, tag text);
CREATE UNIQUE INDEX pets_tag ON pets (tag, lower("Tag"));
"""


@pytest.fixture(scope="module")
def servers(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """The application on both databases."""
    folder = tmp_path_factory.mktemp("values")
    (folder / "values.sql").write_text(DDL, encoding="utf-8")
    backend = write_backend(backend_files(read_schema(folder / "values.sql")), folder)
    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.new_database())
        clients = {}
        for name, address in {"sqlite": f"sqlite:///{folder}/values.db", "postgresql": url}.items():
            server = stack.enter_context(serving(backend, address))
            clients[name] = stack.enter_context(httpx.Client(base_url=f"{server.url}/api"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO rosters (words, grid) VALUES ('[0:1]={a,b}', '{{1,2},{3,4}}')")
            connection.execute("INSERT INTO extremes (amount, price) VALUES ('NaN', 'NaN')")
        yield clients


@pytest.fixture(params=["sqlite", "postgresql"])
def client(servers: Mapping[str, httpx.Client], request: pytest.FixtureRequest) -> httpx.Client:
    return servers[request.param]


def _kept(client: httpx.Client, table: str, field: str, value: Any) -> None:
    """Assert that a value is stored, read, sent back and exported as it is."""
    created = client.post(f"/{table}", json={field: value})
    assert created.status_code == 201, created.text
    row = created.json()
    assert row[field] == value
    path = f"/{table}/{row['id']}"
    assert client.get(path).json() == row
    changes = {name: sent for name, sent in row.items() if name != "id"}
    assert client.patch(path, json=changes).json() == row, changes
    page = client.get(f"/{table}", params={"limit": 500})
    assert page.status_code == 200
    assert row in page.json()["items"]
    exported = client.get(f"/{table}/export.csv")
    assert len(exported.text.splitlines()) == 1 + page.json()["total"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("words", ["x", None, "NULL", '"\\', ""]),
        ("words", [["a", "b"], ["c", None]]),
        ("words", []),
        ("doses", [2, 3]),
        ("doses", None),
        ("signs", ["\\", '"', "a,b", "NULL", None, "{}"]),
        ("days", ["2024-01-01", "infinity", None]),
        ("grid", [[1, 2], [3, None]]),
        ("grid", [1, 2]),
        ("files", ["AAE=", None]),
    ],
)
def test_arrays_hold_what_the_database_holds(client: httpx.Client, field: str, value: Any) -> None:
    _kept(client, "rosters", field, value)


def test_an_array_has_neither_default_nor_not_null_of_its_items(client: httpx.Client) -> None:
    row = client.post("/rosters", json={}).json()
    assert (row["doses"], row["signs"]) == (None, ["\\"])


def test_a_backslash_escapes_in_patterns(client: httpx.Client) -> None:
    for term in ("50%_a", "50%Xa", "500_a"):
        assert client.post("/terms", json={"term": term}).status_code == 201
    for operator in ("like", "ilike"):
        found = client.get("/terms", params={f"term__{operator}": r"50\%\_%"}).json()["items"]
        assert [row["term"] for row in found] == ["50%_a"]


def test_items_keep_the_checks_of_their_domain(client: httpx.Client) -> None:
    refused = client.post("/rosters", json={"doses": [[1], [10]]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith("doses")


def test_items_at_any_depth_are_found(client: httpx.Client) -> None:
    row = client.post("/rosters", json={"words": [["deep", "er"]], "doses": [7]}).json()
    for parameters in ({"words__contains": "er"}, {"doses__contains": "7"}):
        assert row in client.get("/rosters", params=parameters).json()["items"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("day", "infinity"),
        ("day", "-infinity"),
        ("at", "infinity"),
        ("clock", "24:00:00"),
        ("span", "P1M"),
        ("span", "P1Y2M3DT4H5M6.5S"),
        ("span", "P-1MT2H"),
        ("span", "P1000000000D"),
        ("span", "infinity"),
        ("span", "P30D"),
        ("ratio", "NaN"),
        ("ratio", "Infinity"),
        ("small", "NaN"),
        ("amount", "NaN"),
        ("amount", "-Infinity"),
        ("price", "NaN"),
    ],
)
def test_values_that_python_has_no_type_for_are_kept(client: httpx.Client, field: str, value: Any) -> None:
    _kept(client, "extremes", field, value)
    assert client.get("/extremes", params={field: value}).json()["total"] > 0


@pytest.mark.parametrize("field", ["day", "at", "clock", "span", "ratio", "small", "amount"])
def test_cursors_lead_past_such_values(client: httpx.Client, field: str) -> None:
    values = {"clock": ["24:00:00", "08:00:00"], "span": ["infinity", "P1M", "P1D"], "day": ["infinity", "-infinity"]}
    values |= {"at": ["infinity", "2024-01-15T08:00:00Z"]}
    for value in values.get(field, ["NaN", "Infinity", "-Infinity"]):
        assert client.post("/extremes", json={field: value}).status_code == 201
    for sort in (field, f"-{field}"):
        rows = client.get("/extremes", params={"sort": sort, "limit": 500}).json()["items"]
        found, page = [], client.get("/extremes", params={"sort": sort, "limit": 3}).json()
        while page["next"] is not None:
            found += page["items"]
            page = client.get("/extremes", params={"sort": sort, "limit": 3, "after": page["next"]}).json()
        assert found + page["items"] == rows


def test_defaults_may_be_such_values(client: httpx.Client) -> None:
    row = client.post("/extremes", json={}).json()
    names = ("valid_to", "valid_from", "renewal", "peak")
    assert [row[name] for name in names] == ["infinity", "-infinity", "P1M2D", "-Infinity"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("day", "0044-03-15 BC"),
        ("day", "12024-01-31"),
        ("at", "0044-03-15 12:00:00+00 BC"),
        ("at", "12024-01-31 00:00:00+00"),
    ],
)
def test_years_without_four_digits_are_kept_by_postgresql(
    servers: Mapping[str, httpx.Client], field: str, value: str
) -> None:
    _kept(servers["postgresql"], "extremes", field, value)
    refused = servers["sqlite"].post("/extremes", json={field: value})
    assert (refused.status_code, "SQLite has no years" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("day", "2024-02-31"),
        ("day", "Infinity BC"),
        ("at", "0044-03-15 12:00:00 BC"),
        ("clock", "24:01:00"),
        ("span", "-P1M"),
        ("span", "1 mon"),
        ("level", "-Infinity"),
        ("price", "Infinity"),
    ],
)
def test_other_texts_are_refused_and_not_stored(client: httpx.Client, field: str, value: str) -> None:
    before = client.get("/extremes/count").json()
    assert client.post("/extremes", json={field: value}).status_code == 422
    assert client.get("/extremes/count").json() == before


def test_a_date_that_is_none_is_named(servers: Mapping[str, httpx.Client]) -> None:
    refused = servers["postgresql"].post("/extremes", json={"day": "0044-02-31 BC", "span": "P1M"})
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, ["day"])


def test_a_time_that_the_database_rounds_to_24_hours_stays_readable(servers: Mapping[str, httpx.Client]) -> None:
    client = servers["postgresql"]
    row = client.post("/rounded", json={"ends": "23:59:59.7"}).json()
    assert row["ends"] == "24:00:00"
    assert client.get("/rounded").json()["items"] == [row]
    assert client.delete(f"/rounded/{row['id']}").status_code == 204


@pytest.mark.parametrize("term", ["count", "export.csv", "bulk", "a/b", "/", "x:count", "50%", "a%2Fb", "é ü?#"])
def test_every_text_is_a_key(client: httpx.Client, term: str) -> None:
    row = client.post("/terms", json={"term": term}).json()
    path = f"/terms/{quote(term, safe='')}"
    assert client.get(path).json() == row
    assert client.patch(path, json={"note": "x"}).json() == {"term": term, "note": "x"}
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_such_tables_are_counted_and_exported_beside_their_rows(client: httpx.Client) -> None:
    client.post("/parts", json={"part": "count"})
    assert client.get("/parts/count").json() == {"part": "count", "note": None}
    assert client.get("/parts:count").json() == {"count": 1}
    assert client.get("/parts:export.csv").text.splitlines() == ["part,note", "count,"]


def test_each_part_of_a_key_may_hold_slashes(client: httpx.Client) -> None:
    row = client.post("/pairs", json={"one": "a/b", "two": "c/d"}).json()
    assert client.get("/pairs/a%2Fb/c%2Fd").json() == row
    missing = client.get("/pairs/a%2Fb/c%2Fe").json()
    assert (missing["detail"], missing["instance"]) == ("There is no pair a/b, c/e.", "/api/pairs/a/b/c/e")


def test_binary_keys_are_base64url_in_paths(client: httpx.Client) -> None:
    row = client.post("/digests", json={"digest": "//79AA=="}).json()
    for path in ("/digests/__79AA", "/digests/__79AA==", "/digests/%2F%2F79AA%3D%3D"):
        assert client.get(path).json() == row
    assert client.get("/digests", params={"digest": "__79AA"}).json()["items"] == [row]
    assert client.put("/digests/__79AA", json={"note": "x"}).json() == {**row, "note": "x"}
    assert client.get("/digests/***").json()["errors"][0]["field"] == "digest"
    assert client.post("/digests/bulk-delete", json=["//79AA=="]).json() == {"deleted": 1}


def test_a_date_without_an_end_is_a_key(client: httpx.Client) -> None:
    row = client.post("/seasons", json={"start": "-infinity"}).json()
    assert client.get("/seasons/-infinity").json() == row
    assert client.delete("/seasons/-infinity").status_code == 204


def test_columns_that_differ_only_in_case_are_apart(client: httpx.Client) -> None:
    created = client.post("/owners", json={"name": "A", "name_2": "b"})
    row = created.json()
    assert (created.status_code, row) == (201, {"id": 1, "name": "A", "name_2": "b", "name_3": 3, "both": "A/b"})
    second = client.post("/owners", json={"name": "A", "name_2": "a", "name_3": 6}).json()
    assert client.get("/owners", params={"name_2": "b"}).json()["items"] == [row]
    assert client.get("/owners", params={"sort": "name_2"}).json()["items"] == [second, row]
    assert client.patch("/owners/1", json={"name": "C"}).json() == {**row, "name": "C", "both": "C/b"}
    for body, field in (({"name_2": "a"}, "name_2"), ({"name_3": 1}, "name_3")):
        refused = client.patch("/owners/1", json=body)
        assert refused.status_code in {409, 422}
        assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert client.post("/pets", json={"owner": "x", "owner_2": "b"}).status_code == 201
    refused = client.post("/pets", json={"owner": "b", "owner_2": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "owner_2")
    assert client.delete("/owners/1").status_code == 409
    assert client.post("/pets", json={"tag": "a", "tag_2": "x"}).status_code == 201
    refused = client.post("/pets", json={"tag": "A", "tag_2": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "tag_2")


def test_numbers_that_a_check_lists_are_found_and_a_padded_text_fills_its_column(client: httpx.Client) -> None:
    for row in ({"direction": 1, "mark": "ABCD-"}, {"direction": 2}):
        assert client.post("/ways", json=row).status_code == 201
    found = {
        query: client.get("/ways", params=query).json()["total"]
        for query in ("direction=1", "direction__gte=1", "direction__in=1,2")
    }
    assert found == {"direction=1": 1, "direction__gte=1": 2, "direction__in=1,2": 2}
    assert client.get("/ways/1").json()["mark"] == "ABCD-"
    assert client.get("/ways?direction=3").status_code == 422
    assert client.patch("/ways/2", json={"mark": "ABC"}).status_code == 422  # PostgreSQL would match "ABC  "


def test_the_document_states_these_forms(client: httpx.Client) -> None:
    document = client.get(str(client.base_url).replace("/api/", "/openapi.json")).json()
    fields = document["components"]["schemas"]["ExtremeCreate"]["properties"]
    patterns = {name: [part.get("pattern", "") for part in fields[name].get("anyOf", ())] for name in fields}
    assert any("infinity" in pattern for pattern in patterns["day"])
    assert any("24:00" in pattern for pattern in patterns["clock"])
    assert {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]} in fields["ratio"]["anyOf"]
    words = document["components"]["schemas"]["RosterCreate"]["properties"]["words"]["anyOf"][0]
    assert words["items"]["anyOf"] == [{"type": "string"}, {"type": "null"}, {"type": "array"}]
