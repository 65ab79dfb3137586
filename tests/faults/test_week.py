"""A trading week of a client and a gateway, with a key rotation and a failover, in memory."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gatepass.client import FaultTolerantLink, connect
from gatepass.fix.message import Message
from gatepass.fix.names import INDICATORS
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from gatepass.session import effects as fx
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore
from tests.faults.virtual import VirtualLoop, run_at

CHICAGO = ZoneInfo("America/Chicago")
SUNDAY = datetime(2026, 3, 1, 17, 0, tzinfo=CHICAGO)
HOUR, DAY = 3600.0, 86400.0
NAME = "ABC123"
SETTINGS = ClientSettings(f"{NAME}U", "OP1", "G", "US", "SYS", "1.0", "VENDOR")


class Keys:
    """A key source whose ring is replaced while the gateway runs."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring


class Week:
    """Both sides of a week, and what they saw."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.old, self.new = (
            generate_pair("ABC", created=created, expires=date(2027, 3, 1)).key_pair()
            for created in (date(2026, 1, 5), date(2026, 3, 3))
        )
        self.keys = Keys(KeyRing([self.old]))
        self.said: list[Report] = []
        self.store = MemoryStore()
        self.exchange_store = MemoryStore()
        self.sent: list[str] = []
        self.got: list[str] = []
        self.out: list[str] = []
        self.arrived: list[str] = []
        self.roles: list[str] = []
        self.gateway = Gateway(
            self.keys,
            Kind.parse("cgw"),
            report=self.said.append,
            store=lambda _name: self.exchange_store,
            clock=loop.clock,
            application=lambda _name, message: self.arrived.append(message.get(58) or ""),
        )
        self.ports: dict[bool, int] = {}

    async def open(self) -> None:
        for backup in (False, True):
            self.ports[backup] = await self.gateway.listen("127.0.0.1", 0, backup=backup)

    def fault_tolerant(self):  # type: ignore[no-untyped-def]
        """Log on to both gateways."""
        return connect(
            "127.0.0.1",
            self.ports[False],
            SETTINGS,
            self.keys,
            self.store,
            backup=("127.0.0.1", self.ports[True]),
            observe=self.observe,
            clock=self.loop.clock,
        )

    def observe(self, which: str, effect: fx.Effect) -> None:
        if isinstance(effect, fx.RoleChanged):
            self.roles.append(f"{which} {INDICATORS[effect.role]}")

    async def trade(self, link: FaultTolerantLink, hours: int) -> None:
        """Send a message each way, every hour, and read what comes."""
        reading = asyncio.create_task(self.read(link))
        for _ in range(hours):
            await asyncio.sleep(HOUR)
            await self.exchange(link)
        await asyncio.sleep(1.0)
        reading.cancel()

    async def exchange(self, link: FaultTolerantLink) -> None:
        """Send a message each way."""
        text = f"{len(self.sent) + len(self.out) + 1}"
        self.out.append(text)
        await link.send("D", [(58, text)])
        self.say(text)

    def say(self, text: str) -> None:
        self.gateway.send(NAME, "n", [(58, text)])
        self.sent.append(text)

    async def read(self, link: FaultTolerantLink) -> None:
        async for message in link.messages():
            assert not message.possibly_delivered
            self.got.append(text_of(message))
            link.acknowledge()

    def logons(self) -> list[str]:
        return [report.detail for report in self.said if report.what == Event.LOGGED_ON]


def text_of(message: Message) -> str:
    return message.get(58) or ""


def test_a_trading_week_loses_nothing() -> None:
    weeks: list[Week] = []

    async def main(loop: VirtualLoop) -> None:
        week = Week(loop)
        weeks.append(week)
        await week.open()
        async with week.fault_tolerant() as link:  # Sunday: the Beginning of Week Logon
            assert link.primary.session.scenario is Scenario.BEGINNING_OF_WEEK
            await week.trade(link, hours=46)
            link.primary.abort()  # Tuesday: the network fails
            link.backup.abort()
            week.say("while away")
            await link.closed

        before = week.store.load()
        async with week.fault_tolerant() as link:  # and recovers
            assert link.primary.session.scenario is Scenario.MID_WEEK
            assert link.primary.session.numbers.next_out > before.next_out
            await week.trade(link, hours=10)

        week.keys.ring = KeyRing([week.old, week.new])  # Wednesday: a second pair
        async with week.fault_tolerant() as link:
            await week.trade(link, hours=10)
        week.keys.ring = KeyRing([week.new])  # the old one is deleted

        async with week.fault_tolerant() as link:  # Thursday: the primary gateway fails
            await week.trade(link, hours=10)
            assert (link.role, link.backup.session.role) == (Role.PRIMARY, Role.BACKUP)
            await week.exchange(link)  # in flight: neither arrives on the primary
            week.gateway.fail_over(NAME)
            await week.trade(link, hours=10)
            assert link.primary.closed.done()
            assert link.role is Role.PRIMARY
        end = week.store.load()
        assert end.next_out > 46 * 120 / 2
        there = week.exchange_store.load()
        assert (end.next_out, end.next_in) == (there.next_in, there.next_out)
        gaps = [report.detail for report in week.said if report.what == Event.GAP]
        assert len(gaps) == 1

        to_sunday = SUNDAY + timedelta(days=7) - loop.clock()
        await asyncio.sleep(to_sunday.total_seconds())
        async with week.fault_tolerant() as link:
            assert link.primary.session.scenario is Scenario.BEGINNING_OF_WEEK
            assert link.primary.session.numbers.next_out < 5
            await week.trade(link, hours=1)

    run_at(SUNDAY, main)
    week = weeks[0]
    assert week.got == week.sent
    assert week.arrived == week.out
    both = ["primary P", "backup B"]
    assert week.roles == [*both, *both, *both, *both, "backup P", *both]
    pairs = [detail.rpartition(" ")[2] for detail in week.logons()]
    assert pairs == [week.old.access_key_id] * 4 + [week.new.access_key_id] * 6
    assert not [report for report in week.said if report.what == Event.REFUSED]
