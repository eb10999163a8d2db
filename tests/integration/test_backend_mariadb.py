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


def test_own_tests_of_the_backend_pass(backend: Path) -> None:
    assert own_tests(backend)
