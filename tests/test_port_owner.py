"""Who listens on a port, for messages about one that is taken."""

from __future__ import annotations

import os
import socket

import pytest

from runner.records.port_owner import port_owner


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_process_that_listens_is_named(family: socket.AddressFamily, host: str) -> None:
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip("this system has no IPv6")
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        assert (port_owner(port) or "").endswith(f"(process {os.getpid()})")
    assert port_owner(port) is None


def test_who_is_connected_does_not_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert port_owner(client.getsockname()[1]) is None
