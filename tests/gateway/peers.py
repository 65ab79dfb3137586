"""Clients that send raw bytes to a gateway, without sockets or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gatepass._native import Framer
from gatepass.fix import format_sending_time
from gatepass.fix.message import Message, encode
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from tests.faults.virtual import Pipe, VirtualLoop, run_at

WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
PAIR = generate_pair("ABC", created=date(2026, 1, 5), expires=date(2027, 1, 5))
RING = KeyRing([PAIR.key_pair()])
INVALID = "Invalid Logon. Logout Forced"
ON_ALREADY = "Invalid logon. Logout forced."


def message(msg_type: str, at: datetime, **changes: str | None) -> bytes:
    """Write a valid message; ``t34="2"`` changes MsgSeqNum, ``None`` omits a field."""
    values: dict[int, str | None] = {
        35: msg_type,
        34: "1",
        49: "ABC123N",
        50: "OP1",
        52: format_sending_time(at),
        56: "CME",
        57: "G",
        142: "US",
        369: "0",
    }
    if msg_type == "A":
        values |= {108: "30", 1603: "SYS", 1604: "1.0", 1605: "V"}
    values |= {int(name[1:]): value for name, value in changes.items()}
    return encode((tag, value) for tag, value in values.items() if value is not None)


def logon(at: datetime, **changes: str | None) -> bytes:
    """Write a Logon and sign it."""
    key = PAIR.key_pair()
    return key.signing_key.sign_logon(key.access_key_id, message("A", at, **changes))


class Peer(asyncio.Protocol):
    """One connection, and the messages received on it."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.ended = False
        self.pieces = 0
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Pipe)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pieces += 1
        for wire in self._framer.feed(data):
            assert isinstance(wire, bytes)
            self.got.append(Message.parse(wire))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True

    async def send(self, *wires: bytes) -> None:
        """Send bytes as one piece; let a second pass."""
        self.transport.write(b"".join(wires))
        await asyncio.sleep(1.0)

    @property
    def kinds(self) -> list[str]:
        return [message.msg_type for message in self.got]

    @property
    def texts(self) -> list[str]:
        return [text for message in self.got if (text := message.get(58))]

    @property
    def numbers(self) -> list[int]:
        return [message.msg_seq_num or 0 for message in self.got]


@dataclass
class Stage:
    """A gateway with both ports, and its reports."""

    loop: VirtualLoop
    options: dict[str, Any]
    said: list[Report] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        kind = self.options.pop("kind", Kind.parse("cgw"))
        keys = self.options.pop("keys", RING)
        self.gateway = Gateway(
            keys, kind, report=self.said.append, clock=self.clock, **self.options
        )
        self.ports: list[int] = []

    def clock(self) -> datetime:
        return self.loop.clock() + self.ahead

    async def peer(self, *wires: bytes, backup: bool = False) -> Peer:
        """Connect, and send bytes as one piece."""
        _, peer = await self.loop.create_connection(Peer, "127.0.0.1", self.ports[backup])
        if wires:
            await peer.send(*wires)
        return peer

    def message(self, msg_type: str, **changes: str | None) -> bytes:
        """Write a valid message; ``t34="2"`` changes MsgSeqNum."""
        return message(msg_type, self.clock(), **changes)

    def logon(self, **changes: str | None) -> bytes:
        """Write a Logon and sign it."""
        return logon(self.clock(), **changes)

    def told(self, what: Event) -> list[str]:
        return [report.detail for report in self.said if report.what == what]


def play(
    script: Callable[[Stage], Coroutine[Any, Any, None]],
    *,
    begin: datetime = WEDNESDAY,
    **options: Any,
) -> Stage:
    """Run a script beside a gateway; `options` are the gateway's."""
    stages: list[Stage] = []
    errors: list[dict[str, Any]] = []

    async def main(loop: VirtualLoop) -> None:
        loop.set_exception_handler(lambda _loop, context: errors.append(context))
        stage = Stage(loop, options)
        stages.append(stage)
        for backup in (False, True):
            stage.ports.append(await stage.gateway.listen("127.0.0.1", 0, backup=backup))
        await asyncio.wait_for(script(stage), 86400)
        await stage.gateway.close()

    run_at(begin, main)
    assert errors == []
    return stages[0]
