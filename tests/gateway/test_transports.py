"""A connection needs no asyncio transport: those of other event loops are not subclasses."""

from __future__ import annotations

import asyncio

from gatepass.gateway import Gateway, Kind
from gatepass.gateway.connection import GatewayConnection
from gatepass.keys import KeyRing


class Foreign:
    """The methods of a transport that a connection uses, without a base class of asyncio."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    abort = close


def test_a_connection_works_with_the_transport_of_another_event_loop() -> None:
    async def converse() -> Foreign:
        gateway = Gateway(KeyRing([]), Kind.parse("cgw"))
        connection, transport = GatewayConnection(gateway, backup=False), Foreign()
        connection.connection_made(transport)
        connection.data_received(b"8=FIX.4.2\x019=5\x0135=0\x0110=161\x01")
        connection.connection_lost(None)
        return transport

    transport = asyncio.run(converse())
    assert b"\x0135=5\x01" in transport.written
    assert transport.closed
