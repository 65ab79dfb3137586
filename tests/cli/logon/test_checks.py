"""The names of gateways, and which gateways are on this machine."""

from __future__ import annotations

import pytest

from gatepass.cli.logon.checks import is_loopback, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [("h:1", ("h", 1)), ("127.0.0.1:9443", ("127.0.0.1", 9443)), ("[::1]:9", ("::1", 9))],
)
def test_a_target_is_a_host_and_a_port(text: str, target: tuple[str, int]) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.5", True), ("::1", True), ("192.0.2.1", False), ("h", False)],
)
def test_only_addresses_of_this_machine_are_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local
