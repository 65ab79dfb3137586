"""`connect` against a gateway in the same process."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gatepass.client import (
    Attempt,
    BackOff,
    ClockPolicy,
    MemoryAttempts,
    SqliteAttempts,
    SqliteStore,
    clock,
    connect,
    opening,
)
from gatepass.client.clock import ClockReading
from gatepass.errors import (
    ClockError,
    KeySourceError,
    LogonGuardError,
    LogonRefusedError,
    LogonReplyError,
    NoConnectionError,
    NotLoggedOnError,
    PairExpiredError,
)
from gatepass.fix.message import Message
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of
from gatepass.gateway import Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.numbers import Numbers
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")


def ring(days_left: int = 300) -> KeyRing:
    today = date.today()
    expires = today + timedelta(days=days_left)
    return KeyRing([generate_pair("ABC", today - timedelta(days=400), expires).key_pair()])


@dataclass
class Live:
    """A gateway that listens, its keys, and what it reported."""

    gateway: Gateway
    keys: KeyRing
    port: int
    reports: list[Report] = field(default_factory=list)

    def count(self, what: str) -> int:
        return sum(report.what == what for report in self.reports)


@asynccontextmanager
async def live() -> AsyncIterator[Live]:
    reports: list[Report] = []
    keys = ring()
    gateway = Gateway(keys, Kind.parse("cgw"), report=reports.append)
    port = await gateway.listen("127.0.0.1", 0)
    try:
        yield Live(gateway, keys, port, reports)
    finally:
        await gateway.close()


def run(story: Callable[[Live], Awaitable[None]]) -> None:
    async def told() -> None:
        async with live() as running:
            await asyncio.wait_for(story(running), 30)

    asyncio.run(told())


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_messages_arrive_and_the_trace_has_all_of_them() -> None:
    async def story(here: Live) -> None:
        seen: list[tuple[bool, str]] = []
        async with connect(
            "127.0.0.1",
            here.port,
            SETTINGS,
            here.keys,
            MemoryStore(),
            trace=lambda sent, wire: seen.append((sent, Message.parse(wire).msg_type)),
        ) as link:
            here.gateway.send("ABC123", "n", [(58, "hello")])
            async for message in link.messages():
                assert message.get(58) == "hello"
                break
        assert link.goodbye is not None
        assert seen[0] == (True, "A")
        assert {(False, "A"), (False, "1"), (True, "0"), (False, "n")} < set(seen)
        assert seen[-2:] == [(True, "5"), (False, "5")]

    run(story)


@pytest.mark.parametrize("host", ["h..x", f"{'a' * 70}.example", "a\x00b", "\u00e4" * 70])
def test_a_malformed_address_is_no_connection(host: str) -> None:
    async def story() -> None:
        with pytest.raises(NoConnectionError, match="1 to 63 characters"):
            async with connect(host, 9443, SETTINGS, ring(), MemoryStore()):
                raise AssertionError

    asyncio.run(story())


def test_a_refusal_has_text_and_789() -> None:
    async def story(here: Live) -> None:
        store = MemoryStore()
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, store):
            pass
        with pytest.raises(LogonRefusedError) as caught:
            async with connect("127.0.0.1", here.port, SETTINGS, ring(), store):
                pass
        assert caught.value.text == "Invalid Logon. Logout Forced"
        assert caught.value.next_expected == store.load().next_out

    run(story)


def test_the_fifth_logon_is_not_sent_and_the_port_stays_open() -> None:
    async def story(here: Live) -> None:
        store = MemoryStore()
        for expected in [LogonRefusedError] * 4 + [LogonGuardError] * 3:
            with pytest.raises(expected):
                async with connect("127.0.0.1", here.port, SETTINGS, ring(), store):
                    pass
        assert here.count("refused") == 4
        assert not here.gateway.is_closed("ABC123")

    run(story)


def test_logons_are_counted_per_session_id_not_per_firm(tmp_path: Path) -> None:
    async def story(here: Live) -> None:
        outcomes = []
        for number in range(6):
            name = f"ABC12{number % 3}"
            settings = replace(SETTINGS, sender_comp_id=f"{name}N")
            with (
                closing(SqliteStore(tmp_path / "all.sqlite", name)) as store,
                pytest.raises((LogonRefusedError, LogonGuardError)) as caught,
            ):
                async with connect("127.0.0.1", here.port, settings, ring(), store):
                    pass
            outcomes.append(caught.type)
        assert outcomes == [LogonRefusedError] * 4 + [LogonGuardError] * 2

    run(story)


def test_attempts_may_be_stored_outside_the_store() -> None:
    async def story(here: Live) -> None:
        attempts = MemoryAttempts()
        for expected in [LogonRefusedError] * 4 + [LogonGuardError]:
            with pytest.raises(expected):
                async with connect(
                    "127.0.0.1", here.port, SETTINGS, ring(), MemoryStore(), attempts=attempts
                ):
                    pass

    run(story)


def test_refusals_of_a_gateway_on_this_machine_are_not_counted_as_an_exchanges(
    tmp_path: Path,
) -> None:
    async def story(here: Live) -> None:
        with closing(SqliteAttempts(tmp_path / "attempts", "ABC")) as attempts:
            for expected in [LogonRefusedError] * 4 + [LogonGuardError]:
                with pytest.raises(expected):
                    async with connect(
                        "127.0.0.1", here.port, SETTINGS, ring(), MemoryStore(), attempts=attempts
                    ):
                        pass
            moment = Attempt(utc_now())
            assert attempts.add(moment, moment, 4) == []
            assert len(attempts.on_loopback().add(moment, moment, 4)) == 4

    run(story)


def test_setting_the_clock_lets_no_fifth_logon_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is how a user corrects a Logon refused for its SendingTime."""

    async def story(here: Live) -> None:
        store = MemoryStore()
        for number, expected in enumerate([LogonRefusedError] * 4 + [LogonGuardError]):
            late = timedelta(seconds=-300 if number < 4 else 0)

            def now(late: timedelta = late) -> datetime:
                return utc_now() + late

            # `now` is the system's clock, and `connect` takes it for that clock.
            monkeypatch.setattr(opening, "utc_now", now)
            with pytest.raises(expected):
                async with connect("127.0.0.1", here.port, SETTINGS, here.keys, store, clock=now):
                    pass

    run(story)


def test_a_rehearsal_may_cause_a_port_closure() -> None:
    async def story(here: Live) -> None:
        texts = []
        for _ in range(5):
            with pytest.raises(LogonRefusedError) as caught:
                async with connect(
                    "127.0.0.1", here.port, SETTINGS, ring(), MemoryStore(), guarded=False
                ):
                    pass
            texts.append(caught.value.text)
        assert "Port Closure" in texts[-1]
        assert here.gateway.is_closed("ABC123")

    run(story)


def test_a_valid_in_session_logon_is_not_counted() -> None:
    async def story(here: Live) -> None:
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()) as link:
            for _ in range(6):
                await link.log_on(Scenario.IN_SESSION)
        assert here.count("logged on") == 7

    run(story)


def test_an_expired_pair_is_found_before_anything_is_sent() -> None:
    async def story(here: Live) -> None:
        with pytest.raises(PairExpiredError):
            async with connect("127.0.0.1", here.port, SETTINGS, ring(-9), MemoryStore()):
                pass
        assert here.count("refused") == 0

    run(story)


def test_the_error_of_a_key_source_is_not_shown_in_a_traceback() -> None:
    class Vault:
        @property
        def ring(self) -> KeyRing:
            raise ConnectionError("no answer to token=swordfish")

    async def story(here: Live) -> None:
        with pytest.raises(KeySourceError, match="raised ConnectionError") as caught:
            async with connect("127.0.0.1", here.port, SETTINGS, Vault(), MemoryStore()):
                pass
        assert "swordfish" not in "".join(traceback.format_exception(caught.value))

    run(story)


def test_no_gateway_is_no_connection() -> None:
    async def story() -> None:
        async with connect("127.0.0.1", free_port(), SETTINGS, ring(), MemoryStore()):
            pass

    with pytest.raises(NoConnectionError, match=r"no connection to 127.0.0.1:\d+: Connection ref"):
        asyncio.run(story())


def test_a_clock_that_is_off_refuses_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    off = ClockReading(9.0, "the clock is off by about 9.000 s")
    monkeypatch.setattr(clock.check_clock, "__defaults__", (lambda: off,))

    async def story() -> None:
        async with connect(
            "127.0.0.1", 1, SETTINGS, ring(), MemoryStore(), clock_policy=ClockPolicy.REFUSE
        ):
            pass

    with pytest.raises(ClockError):
        asyncio.run(story())


def test_a_log_on_after_the_end_is_no_connection() -> None:
    async def story(here: Live) -> None:
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()) as link:
            await here.gateway.close()
            await link.closed
            with pytest.raises(NoConnectionError):
                await link.log_on(Scenario.IN_SESSION)

    run(story)


def test_reconnecting_gives_a_new_link_when_one_has_ended() -> None:
    async def story(here: Live) -> None:
        store = MemoryStore()
        numbers = []
        links = connect("127.0.0.1", here.port, SETTINGS, here.keys, store, back_off=BackOff(0.01))
        async with aclosing(links):
            async for link in links:
                numbers.append(link.session.numbers.next_out)
                if len(numbers) == 3:
                    break
                link.abort()
                await link.closed
        assert numbers == sorted(set(numbers))
        assert here.count("logged on") == 3

    run(story)


def test_a_send_that_races_a_disconnect_does_not_end_the_loop() -> None:
    async def story(here: Live) -> None:
        store, sent = MemoryStore(), []
        links = connect("127.0.0.1", here.port, SETTINGS, here.keys, store, back_off=BackOff(0.01))
        async for link in links:
            try:
                link.send("D", [(58, f"{len(sent)}")])
                if not sent:
                    (side,) = here.gateway.connections
                    side.abort()
                    await link.closed
                before = store.load()
                sent.append(link.send("D", [(58, "late")]))
            except NoConnectionError as error:
                sent.append(str(error))
                assert store.load() == before
        assert str(sent[0]).endswith("; nothing was sent: log on again, then send it there")
        assert int(sent[1]) > 3

    run(story)


def test_a_body_that_ends_before_the_socket_closes_gets_a_new_link() -> None:
    async def story(here: Live) -> None:
        count = 0
        links = connect(
            "127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore(), back_off=BackOff(0.01)
        )
        async for link in links:
            count += 1
            if count == 2:
                continue
            (side,) = here.gateway.connections
            side.force_out("over")
            while not link.has_ended:
                await asyncio.sleep(0)
            with pytest.raises(NoConnectionError, match="logged out; nothing was sent"):
                link.send("D", [])
            assert not link.closed.done()
        assert count == 2

    run(story)


def test_a_send_while_the_session_is_resetting_has_its_own_error() -> None:
    async def story(here: Live) -> None:
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()) as link:
            resetting = asyncio.create_task(link.log_on(Scenario.IN_SESSION))
            await asyncio.sleep(0)
            with pytest.raises(NotLoggedOnError, match="resetting; nothing was sent"):
                link.send("D", [])
            await resetting
            assert link.send("D", []) < 4

    run(story)


def test_a_link_keeps_the_first_reason_for_its_end() -> None:
    async def story(here: Live) -> None:
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()) as link:
            assert link.ending is None
            (side,) = here.gateway.connections
            side.session.numbers = replace(side.session.numbers, next_out=1)
            here.gateway.send("ABC123", "n", [(58, "again")])
            await link.closed
            assert "too low: expected 3, received 1" in str(link.ending)
            # Later errors do not replace the reason.
            with pytest.raises(NoConnectionError, match="received 1; nothing was sent"):
                link.send("D", [])

    run(story)


def test_reconnecting_ends_if_the_body_leaves_a_link_connected() -> None:
    async def story(here: Live) -> None:
        count = 0
        async for _ in connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()):
            count += 1
        assert count == 1

    run(story)


def test_reconnecting_waits_for_a_gateway() -> None:
    async def story(here: Live) -> None:
        port = free_port()

        async def later() -> None:
            await asyncio.sleep(0.1)
            await here.gateway.listen("127.0.0.1", port)

        opening = asyncio.create_task(later())
        links = connect(
            "127.0.0.1", port, SETTINGS, here.keys, MemoryStore(), back_off=BackOff(0.02, 0.05)
        )
        async for link in links:
            assert week_of(link.session.numbers).begun
        await opening

    run(story)


def test_reconnecting_does_not_try_a_wrong_key_again() -> None:
    async def story(here: Live) -> None:
        with pytest.raises(LogonRefusedError):
            async for _ in connect("127.0.0.1", here.port, SETTINGS, ring(), MemoryStore()):
                pass
        assert here.count("refused") == 1

    run(story)


def test_reconnecting_uses_the_expected_number() -> None:
    async def story(here: Live) -> None:
        async with connect("127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore()):
            pass
        # The numbers of a backup copy that is a few messages old.
        old = MemoryStore()
        old.save(numbers_of(Week(trading_week(utc_now()), begun=True), 2, 2))
        async for link in connect("127.0.0.1", here.port, SETTINGS, here.keys, old):
            assert link.session.numbers.next_out > 4
        assert here.count("refused") == 1

    run(story)


def test_reconnecting_to_a_peer_that_closes_stops_at_four_logons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logons = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal logons
        logons += bool(await reader.read(4096))
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        links = connect("127.0.0.1", port, SETTINGS, ring(), MemoryStore(), back_off=BackOff(0.0))

        async def follow() -> None:
            async for _ in links:
                raise AssertionError

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(follow(), 1)
        server.close()

    asyncio.run(story())
    assert logons == 4


def test_reconnecting_ends_if_the_gateway_has_forgotten_the_numbers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(here: Live) -> None:
        store = MemoryStore()
        week = trading_week(utc_now())
        store.save(numbers_of(Week(week, begun=True), 20, 20))
        here.gateway.account("ABC123").store.save(numbers_of(Week(week, begun=True), 2, 20))
        links = connect("127.0.0.1", here.port, SETTINGS, here.keys, store, back_off=BackOff(0.01))
        with pytest.raises(LogonReplyError, match="too low: expected 20"):
            await anext(links)
        assert here.count("logged on") == 3

    with caplog.at_level(logging.WARNING, "gatepass.client"):
        run(story)
    said = [record.getMessage() for record in caplog.records if record.name == "gatepass.client"]
    assert len(said) == 2
    assert all("too low: expected 20: trying again in" in words for words in said)


def test_reconnecting_begins_the_week_again_if_the_gateway_has_forgotten_it() -> None:
    async def story(here: Live) -> None:
        store = MemoryStore()
        store.save(numbers_of(Week(trading_week(utc_now()), begun=True), 20, 20))
        links = connect("127.0.0.1", here.port, SETTINGS, here.keys, store, back_off=BackOff(0.01))
        link = await anext(links)
        assert week_of(link.session.numbers).begun
        assert [report.what for report in here.reports] == ["refused", "close", "logged on"]
        await links.aclose()

    run(story)


def test_reconnecting_ends_if_the_week_cannot_begin() -> None:
    class Forgetful(MemoryStore):
        """Always has the old numbers."""

        def save(self, *_: object) -> None: ...

        def load(self) -> Numbers:
            return numbers_of(Week(trading_week(utc_now()), begun=True), 20, 20)

    async def story(here: Live) -> None:
        links = connect(
            "127.0.0.1", here.port, SETTINGS, here.keys, Forgetful(), back_off=BackOff(0.01)
        )
        with pytest.raises(LogonRefusedError, match="Failed to reset"):
            await anext(links)
        assert here.count("refused") == 2

    run(story)


def test_reconnecting_to_a_session_that_always_ends_soon_backs_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(here: Live) -> None:
        loop = asyncio.get_running_loop()
        times = []
        links = connect(
            "127.0.0.1", here.port, SETTINGS, here.keys, MemoryStore(), back_off=BackOff(0.05)
        )
        async with aclosing(links):
            async for link in links:
                times.append(loop.time())
                if len(times) == 4:
                    break
                link.abort()
                await link.closed
        pauses = [later - earlier for earlier, later in pairwise(times)]
        for pause, least in zip(pauses, [0.05, 0.1, 0.2], strict=True):
            assert pause >= least

    with caplog.at_level(logging.WARNING, "gatepass.client"):
        run(story)
    ending = "the gateway closed the connection without a message"
    assert f"the session has ended: {ending}" in caplog.text


def test_reconnecting_gives_a_new_fault_tolerant_link_when_both_connections_have_ended() -> None:
    async def story(here: Live) -> None:
        backup = await here.gateway.listen("127.0.0.1", 0, backup=True)
        where = ("127.0.0.1", here.port)
        settings = replace(SETTINGS, sender_comp_id="ABC123U")
        count = 0
        links = connect(
            *where,
            settings,
            here.keys,
            MemoryStore(),
            backup=("127.0.0.1", backup),
            back_off=BackOff(0.01),
        )
        async for link in links:
            count += 1
            if count < 3:
                assert link.backup is not None
                link.primary.abort()
                link.backup.abort()
                await link.closed
        assert count == 3
        assert here.count("logged on") == 6

    run(story)


def test_the_back_off_doubles_up_to_its_limit() -> None:
    waits = BackOff(1, 60)
    assert [waits.wait(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waits.wait(10**6) == 60
