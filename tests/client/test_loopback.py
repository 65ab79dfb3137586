"""Which peers are gateways on this machine."""

from __future__ import annotations

import pytest

from gatepass.client.loopback import is_loopback


@pytest.mark.parametrize(
    "peer",
    [("127.0.0.1", 9443), ("127.8.9.10", 1), ("::1", 9443, 0, 0), ("::ffff:127.0.0.1", 1, 0, 0)],
)
def test_a_loopback_address_is_this_machine(peer: object) -> None:
    assert is_loopback(peer)


@pytest.mark.parametrize(
    "peer",
    [
        ("192.0.2.1", 9443),
        ("10.0.0.1", 9443),
        ("169.254.0.1", 1),
        ("::", 1, 0, 0),
        ("::ffff:192.0.2.1", 1, 0, 0),
        ("fe80::1%eth0", 1, 0, 2),
        ("localhost", 1),
        ("", 1),
        (),
        "",
        "127.0.0.1",
        b"/run/socket",
        None,
    ],
)
def test_any_other_peer_counts_as_an_exchange(peer: object) -> None:
    assert not is_loopback(peer)
