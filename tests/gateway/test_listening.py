"""Wrong arguments of a gateway: an error says at once what to give."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatepass.errors import ArgumentError, StateError
from gatepass.gateway import Gateway, Kind
from gatepass.keys import KeyRing

RING = KeyRing([])


def test_a_gateway_needs_a_kind() -> None:
    name: Any = "cgw"
    with pytest.raises(ArgumentError, match=r"kind is of type str: give a Kind, such as Kind\.p"):
        Gateway(RING, name)


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        (None, 0, "host is of type NoneType: give an address of this machine"),
        ("no host", 0, "host cannot be found: give an address of this machine"),
        ("a" * 64, 0, "host cannot be found"),
        ("127.0.0.1\0", 0, "host cannot be found"),
        ("127.0.0.1", "0", "port is of type str"),
        ("127.0.0.1", 65536, "port is out of range: give 0 to 65535"),
    ],
)
def test_an_address_that_does_not_exist_is_refused(host: Any, port: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        asyncio.run(Gateway(RING, Kind.parse("cgw")).listen(host, port))


def test_a_closed_gateway_does_not_listen_again() -> None:
    async def script() -> None:
        gateway = Gateway(RING, Kind.parse("cgw"))
        await gateway.listen("127.0.0.1", 0)
        await gateway.close()
        with pytest.raises(StateError, match="listen: not possible while the gateway is closed"):
            await gateway.listen("127.0.0.1", 0)

    asyncio.run(script())
