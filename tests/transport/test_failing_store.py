"""A store that fails ends only its own session: no message is sent that was not stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gatepass.client import Link, connect
from gatepass.errors import LogonRefusedError, NoConnectionError, StoreError
from gatepass.fix.message import Message
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from gatepass.session import effects as fx
from gatepass.session.store import MemoryStore, Store
from tests.transport.failing import FailingStore, Unheard, is_first
from tests.transport.waits import let_pass

RING = KeyRing(
    generate_pair(session, created=date(2026, 1, 5), expires=date(2027, 1, 5)).key_pair()
    for session in ("ABC", "XYZ")
)
WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
PATIENCE = 20.0


class Clock:
    now = WEDNESDAY

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Scene:
    """A gateway where the store of one session may fail."""

    spoilt: FailingStore | None = None
    clock: Clock = field(default_factory=Clock)
    said: list[Report] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.gateway = Gateway(
            RING, Kind.parse("cgw"), report=self.said.append, store=self._store, clock=self.clock
        )

    def _store(self, name: str) -> Store:
        return self.spoilt if self.spoilt is not None and name == "ABC123" else MemoryStore()

    def link(self, name: str, store: Store) -> Any:
        return connect(
            "127.0.0.1",
            self.port,
            ClientSettings(f"{name}N", "OP1", "G", "US", "SYS", "1.0", "VENDOR"),
            RING,
            store,
            clock=self.clock,
            trace=(lambda sent, wire: (self.sent if sent else self.received).append(wire))
            if name == "ABC123"
            else None,
        )

    def count(self, what: Event) -> int:
        return sum(said.what == what and said.sender_comp_id[:6] == "ABC123" for said in self.said)


@asynccontextmanager
async def scene(spoilt: FailingStore | None = None) -> AsyncIterator[Scene]:
    here = Scene(spoilt)
    here.port = await here.gateway.listen("127.0.0.1", 0)
    try:
        yield here
    finally:
        await here.gateway.close()


async def until(true: Any) -> None:
    while not true():
        await asyncio.sleep(0.002)


async def converse(here: Scene, link: Link) -> None:
    """Use every call of a store: messages both ways, a gap, a heartbeat, an In-Session Logon."""
    await until(lambda: link.session.numbers.next_out >= 3 or link.closed.done())
    link.send("D", [(11, "one")])
    # As if one message had been lost.
    link.session.numbers = replace(link.session.numbers, next_out=link.session.numbers.next_out + 1)
    link.send("D", [(11, "three")])
    await until(lambda: here.count("message") == 2 or link.closed.done())
    # As if one message had been lost in this direction, too.
    link.session.numbers = replace(link.session.numbers, next_in=link.session.numbers.next_in - 1)
    for text in ("one", "two"):
        try:
            here.gateway.send("ABC123", "n", [(58, text)])
        except KeyError:
            break  # the session has ended
    async for message in link.messages():
        if message.get(58) == "two":
            break
    here.clock.now += timedelta(seconds=31)
    let_pass(link, 31.0)
    await link.log_on(Scenario.IN_SESSION)


def play(story: Coroutine[Any, Any, bool]) -> bool:
    return asyncio.run(asyncio.wait_for(story, PATIENCE))


async def still_there(here: Scene, other: Link) -> None:
    """The other session's messages pass."""
    before = len(here.said)
    other.send("D", [(11, "still here")])
    await until(lambda: any(said.what == Event.MESSAGE for said in here.said[before:]))
    here.gateway.send("XYZ789", "n", [(58, "so are we")])
    async for message in other.messages():
        assert message.get(58) == "so are we"
        return
    raise AssertionError("the other session has ended")


def test_a_client_whose_store_fails_raises_it_and_sends_nothing_more() -> None:
    failed_in = set()

    async def story(fails_at: int) -> bool:
        unheard, store = Unheard(), FailingStore(fails_at)
        async with scene() as here:
            try:
                async with here.link("ABC123", store) as link:
                    await converse(here, link)
            except StoreError:
                raised = True
            else:
                raised = False
            assert raised == bool(store.failed_in)
            # The Logout after a failed acknowledgement may be stored. The numbers of an In-Session
            # Logon are stored when it is accepted: only such a Logon is sent before.
            first = {wire for wire in here.sent if is_first(wire) and b"\x01141=Y\x01" not in wire}
            logons = {wire for wire in first if b"\x0135=A\x01" in wire}
            assert first - logons <= store.kept
            # A Logon's number is stored before it is signed.
            assert {Message.parse(logon).msg_seq_num for logon in logons} <= store.reserved
            store.fails_at = 0
            await until(lambda: not here.gateway.connections)
            # A Logon whose answer could not be stored still counts: 789 gives its number.
            with suppress(LogonRefusedError):
                async with here.link("ABC123", store):
                    pass
            async with here.link("ABC123", store):
                pass
        assert unheard == []
        failed_in.add(store.failed_in)
        return bool(store.failed_in)

    fails_at = 1
    while play(story(fails_at)):
        fails_at += 1
    assert failed_in == {"load", "save", "sent", "undelivered", "delivered", ""}


def test_a_gateway_whose_store_fails_reports_it_and_continues() -> None:
    failed_in = set()

    async def story(fails_at: int) -> bool:
        unheard, store = Unheard(), FailingStore(fails_at)
        async with AsyncExitStack() as stack:
            here = await stack.enter_async_context(scene(store))
            other = await stack.enter_async_context(here.link("XYZ789", MemoryStore()))
            try:
                async with here.link("ABC123", MemoryStore()) as link:
                    await converse(here, link)
            except (NoConnectionError, StoreError, RuntimeError):
                # The client only knows that the connection is gone.
                assert store.failed_in
            first = {wire for wire in here.received if is_first(wire)}
            assert first <= store.kept
            assert here.count("store") == bool(store.failed_in)
            await still_there(here, other)
        assert unheard == []
        failed_in.add(store.failed_in)
        return bool(store.failed_in)

    fails_at = 1
    while play(story(fails_at)):
        fails_at += 1
    assert failed_in == {"load", "save", "sent", "undelivered", "delivered", ""}


def test_send_raises_if_a_message_cannot_be_stored_and_uses_no_number() -> None:
    async def story() -> bool:
        store = MemoryStore()
        async with scene() as here:
            with suppress(StoreError):
                async with here.link("ABC123", store) as link:
                    await until(lambda: link.session.numbers.next_out == 3)
                    before = store.load()
                    spoil(store)
                    for _ in range(2):
                        with pytest.raises(StoreError, match="full"):
                            link.send("D", [(11, "one")])
                    await link.closed
                # The Logout could not be stored either.
                raise AssertionError("nothing was raised at the end")
            assert store.load() == before
            assert here.count("message") == 0
        return True

    assert play(story())


def spoil(store: MemoryStore) -> None:
    def save(*_: object, **__: object) -> None:
        raise StoreError("cannot be written: the disk is full", "week.sqlite")

    store.save = save  # type: ignore[method-assign]


def test_an_error_of_the_program_also_ends_the_connection() -> None:
    """After any error, the remaining effects of the session are lost."""

    async def story() -> bool:
        unheard = Unheard()

        def observe(effect: fx.Effect) -> None:
            if isinstance(effect, fx.Received):
                raise ZeroDivisionError

        async with (
            scene() as here,
            connect(
                "127.0.0.1",
                here.port,
                ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "VENDOR"),
                RING,
                MemoryStore(),
                clock=here.clock,
                observe=observe,
            ) as link,
        ):
            here.gateway.send("ABC123", "n", [(58, "one")])
            await link.closed
            with pytest.raises(NoConnectionError):
                link.send("D", [(11, "one")])
        assert [type(context["exception"]) for context in unheard] == [ZeroDivisionError]
        return True

    assert play(story())
