"""Requests that no well-behaved client sends: each gets an error that names the problem, and is harmless."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE words (
    word text PRIMARY KEY,
    size integer NOT NULL DEFAULT 1,
    tags varchar(4)[] NOT NULL DEFAULT '{}',
    extra jsonb NOT NULL DEFAULT '{}',
    note json
);
CREATE TABLE ranks (id serial PRIMARY KEY, code text NOT NULL, CHECK (code ~ '^[a-z]+$' OR id > 3));
CREATE TABLE "returning" (id serial PRIMARY KEY, "nothing" int, "collation" text, "concurrently" text, "lateral" text,
    "system_user" text, "tablesample" text, "returning" text);
"""
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client of an application with one table, on each database."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "words.sql").write_text(DDL, encoding="utf-8")
    backend = write_backend(backend_files(read_schema(folder / "words.sql")), folder)
    url = f"sqlite:///{folder / 'words.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        with server.new_database() as url, serving(backend, url) as running, _client(running.url) as made:
            yield made
        return
    with serving(backend, url) as running, _client(running.url) as made:
        yield made


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30)


def test_words_that_only_newer_databases_reserve_are_names(client: httpx.Client) -> None:
    """SQLAlchemy 2.1 quotes none of these by itself."""
    row = {"nothing": 1} | dict.fromkeys(
        ("collation", "concurrently", "lateral", "system_user", "tablesample", "returning"), "a"
    )
    created = client.post("/api/returning", json=row)
    assert created.status_code == 201, created.text
    path = f"/api/returning/{created.json()['id']}"
    assert client.patch(path, json={"returning": "b", "lateral": "c"}).json()["returning"] == "b"
    for name in row:
        found = client.get("/api/returning", params={"sort": name, f"{name}__is_null": "false"})
        assert found.json()["total"] == 1, found.text
    assert client.delete(path).status_code == 204


def at_fault(response: httpx.Response, status: int = 422) -> list[str]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    assert all(error["message"] for error in found["errors"])
    return [error["field"] for error in found["errors"]]


def nested(depth: int) -> bytes:
    return b'{"word": "deep%d", "extra": ' % depth + b"[" * depth + b"]" * depth + b"}"


def test_json_that_could_not_be_read_again_is_refused(client: httpx.Client) -> None:
    assert client.post("/api/words", content=nested(100), headers=JSON).status_code == 201
    for depth in (101, 300, 900):
        assert at_fault(client.post("/api/words", content=nested(depth), headers=JSON)) == ["extra"]
    listed = client.get("/api/words")
    assert listed.status_code == 200  # every stored value can be serialised
    assert [item["word"] for item in listed.json()["items"]] == ["deep100"]
    assert client.get("/api/words:export.csv").status_code == 200


@pytest.mark.parametrize("sign", ["\x00", "\ud800"])
def test_signs_that_no_database_keeps_are_refused(client: httpx.Client, sign: str) -> None:
    body = json.dumps({"word": "sign", "extra": {"key": f"a{sign}"}}).encode()
    assert at_fault(client.post("/api/words", content=body, headers=JSON)) == ["extra"]


def test_a_filter_that_cannot_be_is_named(client: httpx.Client) -> None:
    for name in ("q", "word", "word__in", "word__like", "word__contains", "tags__contains"):
        assert at_fault(client.get("/api/words", params={name: "a\x00"})) == [name]
    for text in ("\\", "%\\", "\\\\\\"):
        assert at_fault(client.get("/api/words", params={"word__like": text})) == ["word__like"]
    assert client.get("/api/words", params={"word__like": "%\\\\"}).status_code == 200
    many = client.get("/api/words", params={"q": "\x00", "size": "x", "word__like": "\\"})
    assert set(at_fault(many)) == {"q", "size", "word__like"}


def test_a_key_that_no_row_can_have_is_not_found(client: httpx.Client) -> None:
    assert at_fault(client.get("/api/words/a%00b"), 404) == []
    assert at_fault(client.delete("/api/words/a%00b"), 404) == []
    assert client.post("/api/words/bulk-delete", json=["a\x00b"]).json() == {"deleted": 0}


def test_a_key_may_be_the_name_of_a_route(client: httpx.Client) -> None:
    for word in ("count", "export.csv"):
        assert client.post("/api/words", json={"word": word}).status_code == 201
        assert client.get(f"/api/words/{word}").json()["word"] == word
        assert client.get("/api/words", params={"word": word}).json()["total"] == 1
        assert client.patch(f"/api/words/{word}", json={"size": 2}).json()["size"] == 2
        assert client.delete(f"/api/words/{word}").status_code == 204
    for word in ("bulk", "bulk-delete", "a/b", "../words", "?", "#", "%2F", " ", "ü"):
        assert client.post("/api/words", json={"word": word}).status_code == 201
        path = f"/api/words/{quote(word, safe='')}"
        assert client.get(path).json()["word"] == word
        assert client.delete(path).status_code == 204


def test_items_of_an_array_keep_their_bounds(client: httpx.Client) -> None:
    assert at_fault(client.post("/api/words", json={"word": "long", "tags": ["four", "fives"]})) == ["tags.1"]
    made = client.post("/api/words", json={"word": "short", "tags": ["four"]})
    assert made.json()["tags"] == ["four"]
    assert at_fault(client.patch("/api/words/short", json={"tags": ["fives"]})) == ["tags.0"]


def test_null_is_told_from_nothing_for_any_json(client: httpx.Client) -> None:
    assert at_fault(client.post("/api/words", json={"word": "null", "extra": None})) == ["extra"]
    made = client.post("/api/words", json={"word": "null", "note": None}).json()
    assert (made["extra"], made["note"]) == ({}, None)
    assert at_fault(client.patch("/api/words/null", json={"extra": None})) == ["extra"]
    assert client.patch("/api/words/null", json={"note": {"a": 1}}).json()["note"] == {"a": 1}
    assert client.patch("/api/words/null", json={"note": None}).json()["note"] is None
    assert "null" in [row["word"] for row in client.get("/api/words?note__is_null=true&limit=500").json()["items"]]


def test_each_field_has_its_own_message(client: httpx.Client) -> None:
    told = client.post("/api/words", content=b'{"size": NaN}', headers=JSON).json()
    assert told["detail"] == "size: must not be NaN or infinite; word: Field required"
    told = client.post("/api/words", content=b"word=a").json()
    assert told["detail"] == "body: must be a JSON object, sent as application/json"


def test_an_order_names_a_field_once(client: httpx.Client) -> None:
    assert client.get("/api/words", params={"sort": ",".join(["size", "-size"] * 3000)}).status_code == 200
    assert at_fault(client.get("/api/words", params={"sort": "--size"})) == ["sort"]


def test_head_is_a_get_without_a_body(client: httpx.Client) -> None:
    client.post("/api/words", json={"word": "head"})
    for path in ("/healthz", "/readyz", "/api/words", "/api/words/head", "/api/words:count"):
        shown, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("etag") == shown.headers.get("etag")
        assert head.headers["content-length"] == shown.headers["content-length"]
    assert client.head("/api/words/nobody").status_code == 404


def test_text_is_exported_as_text_and_never_as_a_formula(client: httpx.Client) -> None:
    for text, cell in (('a=1,"x"\r\nnew line', '"a=1,""x""\r\nnew line"'), ("=1+1", "'=1+1"), ("-5", "-5")):
        client.post("/api/words", json={"word": text, "size": -7})
        exported = client.get("/api/words:export.csv", params={"word": text})
        assert f"{cell},-7,[],{{}}," in exported.text


def test_a_rule_over_a_number_of_the_database_is_checked_when_it_is_known(client: httpx.Client) -> None:
    assert at_fault(client.post("/api/ranks", json={"code": "C 1"})) == ["code", "id"]
    assert at_fault(client.post("/api/ranks/bulk", json=[{"code": "a"}, {"code": "C 2"}])) == ["1.code", "1.id"]
    assert client.get("/api/ranks/count").json() == {"count": 0}
    for code in ("a", "b", "c", "C 4"):
        assert client.post("/api/ranks", json={"code": code}).status_code == 201
