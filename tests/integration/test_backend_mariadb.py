"""A schema of MariaDB becomes an application on both databases: types, sequences and versions of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import own_tests, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ["tests.integration.postgres"]

DDL = """/*M!999999\\- enable the sandbox mode */
CREATE SEQUENCE `parcel_no` start with 1 minvalue 1 increment by 1 cache 1000 nocycle ENGINE=InnoDB;
CREATE TABLE `gateways` (
  `id` uuid NOT NULL DEFAULT uuid(),
  `address` inet6 NOT NULL,
  `settings` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`settings`)),
  `added_at` datetime NOT NULL DEFAULT current_timestamp(),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
CREATE TABLE `parcels` (
  `no` bigint(20) NOT NULL DEFAULT nextval(`depot`.`parcel_no`),
  `label` varchar(400) /*M!100301 COMPRESSED*/ DEFAULT NULL,
  `remark` varchar(40) DEFAULT NULL WITHOUT SYSTEM VERSIONING,
  PRIMARY KEY (`no`)
) ENGINE=InnoDB WITH SYSTEM VERSIONING;
CREATE TABLE `fares` (
  `id` int(11) NOT NULL,
  `cents` int(11) DEFAULT NULL,
  `since` timestamp(6) GENERATED ALWAYS AS ROW START,
  `ends` timestamp(6) GENERATED ALWAYS AS ROW END,
  PRIMARY KEY (`id`,`ends`),
  PERIOD FOR SYSTEM_TIME (`since`, `ends`)
) ENGINE=InnoDB WITH SYSTEM VERSIONING;
CREATE TABLE `switches` (`is_on` tinyint(1) NOT NULL PRIMARY KEY, `note` varchar(20) DEFAULT NULL);
CREATE TABLE `shifts` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `begins` time NOT NULL DEFAULT 80000,
  `ends` time NOT NULL DEFAULT '100:00:00',
  PRIMARY KEY (`id`),
  CONSTRAINT `in_order` CHECK (`begins` <= `ends`)
) ENGINE=InnoDB;
"""
POSTED = {
    "gateways": {"address": "2001:db8::1", "settings": {"mode": ["a", 1]}},
    "parcels": {"label": "fragile"},
    "fares": {"id": 1, "cents": 250},
}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_ddl_text(DDL, "mariadb")), tmp_path_factory.mktemp("depot"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'depot.db'}"
        return
    with request.getfixturevalue("postgres_server").new_database() as url:
        yield url


def test_rows_are_stored_on_both_databases(backend: Path, url: str) -> None:
    with serving(backend, url) as running, httpx.Client(base_url=running.url, timeout=30) as client:
        rows = {}
        for table, body in POSTED.items():
            response = client.post(f"/api/{table}", json=body)
            assert response.status_code == 201, response.text
            rows[table] = response.json()
        assert rows["gateways"]["settings"] == {"mode": ["a", 1]}
        assert rows["parcels"]["no"] == 1
        assert rows["fares"]["ends"].startswith("2038-01-19T03:14:07.999999")


SPANS = ["-838:59:59", "-00:30:00.500000", "00:00:00", "09:05:00", "23:59:59", "24:00:00", "100:00:00", "838:59:59"]


def test_a_time_is_a_span_of_more_than_a_day(backend: Path, url: str) -> None:
    with serving(backend, url) as running, httpx.Client(base_url=f"{running.url}/api", timeout=30) as client:
        created = client.post("/shifts", json={}).json()
        assert (created["begins"], created["ends"]) == ("08:00:00", "100:00:00")
        for span in SPANS:
            response = client.post("/shifts", json={"begins": "-838:59:59", "ends": span})
            assert response.status_code == 201, response.text
            path = f"/shifts/{response.json()['id']}"
            assert client.get(path).json() == response.json() == client.patch(path, json={"ends": span}).json()
            assert response.json()["ends"] == span
        query: dict[str, str | int] = {"sort": "ends", "begins__lt": "00:00", "limit": 5}
        first = client.get("/shifts", params=query).json()
        second = client.get("/shifts", params={**query, "after": first["next"]}).json()
        assert [row["ends"] for row in first["items"] + second["items"]] == SPANS
        assert client.get("/shifts/count", params={"ends__gte": "24:00"}).json() == {"count": 4}
        assert ",100:00:00" in client.get("/shifts/export.csv").text
        for refused in ("839:00:00", "10:60", "PT1H", "noon", 60):
            assert client.post("/shifts", json={"ends": refused}).status_code == 422
        assert client.post("/shifts", json={"begins": "01:00:00", "ends": "-01:00:00"}).status_code == 422


def test_own_tests_of_the_backend_pass(backend: Path) -> None:
    assert own_tests(backend)
