"""Errors that only the database detects: every violation is a 409 or 422 with fields and constraint, never a 500.

One schema with difficult constraints, on both databases, over HTTP.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.integration.postgres"]

DDL = r"""
CREATE DOMAIN percentage AS numeric(5,2) CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN even AS integer CONSTRAINT even_check CHECK (VALUE % 2 = 0);
CREATE DOMAIN short AS varchar(5);
CREATE TYPE color AS ENUM ('red', 'green');

CREATE TABLE rooms (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    floor int NOT NULL DEFAULT 0,
    closed_on date,
    CONSTRAINT rooms_floor_check CHECK (floor BETWEEN -2 AND 40)
);
CREATE UNIQUE INDEX rooms_open_code_key ON rooms (code) WHERE closed_on IS NULL;
CREATE UNIQUE INDEX rooms_lower_code_floor_key ON rooms (lower(code), floor);

CREATE TABLE keys (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wing text NOT NULL,
    number int NOT NULL,
    tag text GENERATED ALWAYS AS (wing || '/' || number) STORED UNIQUE,
    twice int GENERATED ALWAYS AS (number * 2) STORED CHECK (twice < 100)
);

CREATE TABLE stays (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id int NOT NULL CONSTRAINT stays_room_fk REFERENCES rooms (id) DEFERRABLE INITIALLY DEFERRED,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    adults smallint NOT NULL DEFAULT 1 CHECK (adults > 0),
    children smallint NOT NULL DEFAULT 0,
    price numeric(8,2) NOT NULL DEFAULT 0,
    factor int NOT NULL DEFAULT 1,
    weight int GENERATED ALWAYS AS (factor * 2) STORED,
    discount percentage,
    seats even,
    tag short,
    plate text CONSTRAINT stays_plate_check CHECK (plate ~ '^[A-Z]{1,2} [0-9]{1,4}$'),
    colors color[] NOT NULL DEFAULT '{}',
    address inet,
    network cidr[],
    during daterange,
    wait interval,
    words tsvector,
    CONSTRAINT stays_order_check CHECK (starts_on < ends_on),
    CONSTRAINT stays_beds_check CHECK (adults + children <= 6),
    CONSTRAINT stays_odd_check CHECK (length(coalesce(plate, '')) + factor % 7 <> 6)
);
"""
# Additions from a team's own migration: neither is carried over from the DDL.
ADDED = """
ALTER TABLE stays ADD CONSTRAINT stays_during_excl EXCLUDE USING gist (during WITH &&);
CREATE FUNCTION no_monday() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.starts_on = DATE '2024-01-01' THEN
        RAISE EXCEPTION 'never on a Monday' USING COLUMN = 'starts_on', CONSTRAINT = 'no_monday';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_monday BEFORE INSERT OR UPDATE ON stays FOR EACH ROW EXECUTE FUNCTION no_monday()
"""
STAY = {"starts_on": "2024-02-01", "ends_on": "2024-02-03"}

# body, status, fields, constraint. None: the constraint is a field's own type, and its name is not reported.
ALIKE: list[tuple[dict[str, Any], int, set[str], str | None]] = [
    ({"starts_on": "2024-02-09"}, 422, {"starts_on", "ends_on"}, "stays_order_check"),
    ({"adults": 4, "children": 3}, 422, {"adults", "children"}, "stays_beds_check"),
    ({"plate": "AB 12", "factor": 8}, 422, {"plate", "factor"}, "stays_odd_check"),
    ({"seats": 3}, 422, {"seats"}, "even_check"),
    ({"adults": 0}, 422, {"adults"}, None),
    ({"adults": 40_000}, 422, {"adults"}, None),
    ({"factor": 2**31}, 422, {"factor"}, None),
    ({"price": "1000000.00"}, 422, {"price"}, None),
    ({"price": "1.001"}, 422, {"price"}, None),
    ({"discount": "100.01"}, 422, {"discount"}, None),
    ({"tag": "too long"}, 422, {"tag"}, None),
    ({"plate": "b 1"}, 422, {"plate"}, None),
    ({"colors": ["blue"]}, 422, {"colors.0"}, None),
    ({"address": "300.1.1.1"}, 422, {"address"}, None),
    ({"network": ["10.0.0.0/8", "10.0.0.1/8"]}, 422, {"network.1"}, None),
    ({"starts_on": None}, 422, {"starts_on"}, None),
    ({"id": 7}, 422, {"id"}, None),
    ({"weight": 7}, 422, {"weight"}, None),
    ({"words": "a"}, 422, {"words"}, None),
    ({"room_id": 4711}, 422, {"room_id"}, "stays_room_fk"),
    ({"wait": "nonsense"}, 422, {"wait"}, None),
]
ON_POSTGRESQL: list[tuple[dict[str, Any], int, set[str], str | None]] = [
    ({"during": "[2024-01-02,2024-01-01]"}, 422, {"during"}, None),
    ({"during": "nonsense"}, 422, {"during"}, None),
    ({"starts_on": "2024-01-01"}, 422, {"starts_on"}, "no_monday"),
    ({"during": "[2024-01-05,2024-01-06]"}, 409, {"during"}, "stays_during_excl"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("violations")
    (folder / "a.sql").write_text(DDL, encoding="utf-8")
    backend = write_backend(backend_files(read_schema(folder / "a.sql")), folder)
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'a.db'}"
        if database == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgres_server").new_database())
        server = stack.enter_context(serving(backend, url))
        if database == "postgresql":
            with psycopg.connect(url) as connection:
                connection.execute(ADDED.encode())
        client = stack.enter_context(httpx.Client(base_url=f"{server.url}/api", timeout=60))
        yield client
        assert [seen for seen in server.requests() if seen["status"] >= 500] == []


def refused(response: httpx.Response, status: int) -> tuple[set[str], set[str | None]]:
    """Check that an answer is a problem with this status; return the fields and the constraints that it names."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    errors = response.json()["errors"]
    return {error["field"] for error in errors}, {error["constraint"] for error in errors}


def add(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    response = client.post(path, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_a_row_is_refused_when_made_and_when_changed(client: httpx.Client, database: str) -> None:
    room = add(client, "/rooms", code="A1")
    stay = {"room_id": room["id"], **STAY}
    add(client, "/stays", **stay, during="[2024-01-05,2024-01-09)")
    made = add(client, "/stays", **stay)
    cases = [*ALIKE, *(ON_POSTGRESQL if database == "postgresql" else ())]
    for body, status, fields, constraint in cases:
        found = refused(client.post("/stays", json={**stay, **body}), status)
        assert found == (fields, {constraint}), body
        found = refused(client.patch(f"/stays/{made['id']}", json=body), status)
        assert found == (fields, {constraint}), body
        found = refused(client.post("/stays/bulk", json=[stay, {**stay, **body}]), status)
        assert {field.partition(".")[0] for field in found[0]} == {"1"}, body
    assert client.get(f"/stays/{made['id']}").json() == made
    assert client.get("/stays/count").json() == {"count": 2}


def test_unique_indexes_of_a_part_and_of_an_expression(client: httpx.Client) -> None:
    add(client, "/rooms", code="b1", floor=1)
    assert refused(client.post("/rooms", json={"code": "b1", "floor": 2}), 409) == ({"code"}, {"rooms_open_code_key"})
    add(client, "/rooms", code="b1", floor=2, closed_on="2024-01-01")
    again = {"code": "B1", "floor": 1, "closed_on": "2024-01-01"}
    assert refused(client.post("/rooms", json=again), 409) == ({"code", "floor"}, {"rooms_lower_code_floor_key"})


def test_a_violation_over_a_computed_column_names_the_fields_that_it_is_computed_from(client: httpx.Client) -> None:
    add(client, "/keys", wing="N", number=7)
    again = refused(client.post("/keys", json={"wing": "N", "number": 7}), 409)
    assert again == ({"wing", "number"}, {"keys_tag_key"})
    assert refused(client.post("/keys", json={"wing": "N", "number": 50}), 422) == ({"number"}, {"keys_twice_check"})


def test_values_that_fit_come_back_as_they_are(client: httpx.Client, database: str) -> None:
    room = add(client, "/rooms", code="C1")
    body = {
        "price": "999999.99",
        "discount": "100.00",
        "seats": 4,
        "tag": "short",
        "plate": "AB 1234",
        "colors": ["green", "red"],
        "address": "10.0.0.1/32",
        "network": ["10.0.0.0/8"],
        "wait": "P1DT2H",
    }
    made = add(client, "/stays", room_id=room["id"], **STAY, **body, factor=21)
    expected = {**body, "address": "10.0.0.1" if database == "postgresql" else body["address"]}
    found = {name: made[name] for name in body}
    found["address"] = found["address"].removesuffix("/32") if database == "postgresql" else found["address"]
    assert found == expected
    assert made["weight"] == 42


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b'{"factor": ' + b"9" * 5000 + b"}"])
def test_a_body_that_is_no_sound_json_is_refused(client: httpx.Client, body: bytes) -> None:
    response = client.post("/stays", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text


@pytest.mark.parametrize(
    "query",
    [
        "adults=99999", "factor__gt=9999999999999999999999", "id__in=1,x", "plate__like=%5C", "colors__contains=blue",
        "wait__gt=P999999999D", "q=%00", "q=%5C", "starts_on=2024-13-01", "discount__lt=NaN", "sort=words",
        "offset=9223372036854775807", "plate__like=%00",
    ],
)  # fmt: skip
def test_a_query_is_answered_or_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/stays?{query}").status_code in (200, 422)
    assert client.get(f"/stays/export.csv?{query}").status_code in (200, 422)
