"""One rehearsal: a gateway, a relay in front of it, and an engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gatepass import KeyRing
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import generate_pair
from gatepass.keys.pair import IssuedPair
from gatepass.transport import utc_now
from tests.interop import engines
from tests.interop.relay import CLIENT, Relay

INVALID = "Invalid Logon. Logout Forced"
NAME = engines.SENDER[:-1]
CGW = Kind.parse("cgw")


def new_pair() -> IssuedPair:
    today = utc_now().date()
    return generate_pair("ABC", today - timedelta(days=30), today + timedelta(days=300))


@dataclass
class Rehearsal:
    """A gateway, a relay in front of it, and one engine's name, pair and state."""

    engine: engines.Engine
    state: Path
    pair: IssuedPair = field(default_factory=new_pair)
    relay: Relay = field(default_factory=Relay)
    reports: list[Report] = field(default_factory=list)
    late: timedelta = timedelta()
    kind: Kind = CGW
    sender: str = engines.SENDER

    @contextlib.asynccontextmanager
    async def gateway(self, known: IssuedPair | None = None) -> AsyncIterator[tuple[Gateway, int]]:
        ring = KeyRing([(known or self.pair).key_pair()])
        gateway = Gateway(
            ring,
            self.kind,
            report=self.reports.append,
            clock=lambda: utc_now() + self.late,
        )
        try:
            async with self.relay.listening(await gateway.listen("127.0.0.1", 0)) as port:
                yield gateway, port
        finally:
            await gateway.close()

    def client(self, port: int) -> contextlib.AbstractAsyncContextManager[engines.Running]:
        role = engines.Role(port, self.pair, self.state, self.sender, self.kind.sub_id)
        return engines.running(self.engine, role)

    async def up(self, engine: engines.Running) -> None:
        """Wait until the engine is logged on and has answered the Test Request."""
        before = len(self.relay.messages(CLIENT, "0"))
        await engine.line("* logged on")
        await until(lambda: len(self.relay.messages(CLIENT, "0")) > before)

    def reasons(self) -> list[str]:
        return [report.detail for report in self.reports if report.what == Event.REFUSED]

    def count(self, what: Event) -> int:
        return sum(report.what == what for report in self.reports)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition is true."""

    async def look() -> None:
        while not is_so():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), engines.PATIENCE)
