"""The exchange's end of a session: ``python -m benches.load.messages.peer COUNT``.

As cheap as can be, so that the client is what is measured. It answers a Logon, answers the message
`LAST` with one of its own, and `GO` with COUNT, which were written before. Writes its port, ends
with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from benches.load.messages import GO, LAST, ORDER
from gatepass._native import Framer
from gatepass.fix import format_sending_time
from gatepass.fix.message import Message, encode


class Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._framer = Framer()
        self._sent = self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        for wire in self._framer.feed(data):
            self._received += 1
            # A message begins with 8, 9 and 35; an error of the framer is one of the bench's own.
            kind = wire.split(b"\x01", 3)[2]  # type: ignore[union-attr]
            if kind == b"35=D":
                self._answer(wire)  # type: ignore[arg-type]
            elif kind == b"35=A":
                self._log_on(Message.parse(wire))  # type: ignore[arg-type]
            elif kind == b"35=5":
                self._transport.write(self._encode("5", ()))
                self._transport.close()

    def _log_on(self, logon: Message) -> None:
        self._client = logon.get(49) or "", logon.get(50) or "OP1"
        self._transport.write(self._encode("A", ((98, "0"), (108, logon.get(108) or "30"))))
        self._done = self._encode("8", ORDER)
        self._asked = b"".join(self._encode("8", ORDER) for _ in range(self._count))

    def _answer(self, wire: bytes) -> None:
        if b"\x0111=%s\x01" % LAST.encode() in wire:
            self._transport.write(self._done)
        elif b"\x0111=%s\x01" % GO.encode() in wire:
            self._transport.write(self._asked)

    def _encode(self, msg_type: str, body: tuple[tuple[int, str], ...]) -> bytes:
        self._sent += 1
        name, operator = self._client
        now = format_sending_time(datetime.now(UTC))
        first = [(35, msg_type), (34, str(self._sent)), (49, "CME"), (50, "G"), (52, now)]
        return encode([*first, (56, name), (57, operator), *body])


async def serve(count: int) -> None:
    """Listen until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(count), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
