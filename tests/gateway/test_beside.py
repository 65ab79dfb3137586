"""A session has one connection only, whatever bytes follow its Logon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gatepass.errors import NotLoggedOnError, StateError
from gatepass.fix.message import Message
from gatepass.gateway import Event, Gateway, Kind
from tests.gateway.peers import ON_ALREADY, RING, Peer, Stage, logon, play
from tests.slow_keys import SlowKeys

Behind = Callable[[Stage], bytes]

#: Bytes that may follow a good Logon in the same piece, and leave the session logged on.
GOES_ON: dict[str, Behind] = {
    "nothing": lambda _stage: b"",
    "an In-Session Logon": lambda stage: stage.logon(t141="Y", t108="31"),
    "two of them": lambda stage: b"".join(
        stage.logon(t141="Y", t108=beat) for beat in ("31", "32")
    ),
    "a Logon to another target": lambda stage: stage.message("A", t56="X"),
    "a message of an unknown type": lambda stage: stage.message("zz", t34="2"),
    "a garbled message": lambda _stage: b"8=FIX.4.2\x019=5\x0135=A\x0110=000\x01",
    "half a message": lambda stage: stage.message("1", t34="2", t112="T")[:40],
    "a message behind a gap": lambda stage: stage.message("1", t34="9", t112="T"),
    "a Test Request": lambda stage: stage.message("1", t34="2", t112="T"),
}
#: Bytes that end it.
ENDS: dict[str, Behind] = {
    "a Logout": lambda stage: stage.message("5", t34="2"),
    "a Logon without a signature": lambda stage: stage.message("A", t141="Y"),
    "a Logon of another firm": lambda stage: stage.logon(t49="ABC999N", t141="Y"),
    "a number that is too low": lambda stage: stage.message("0", t34="1"),
    "a number that is too high": lambda stage: stage.message("0", t34="99999999"),
    "a message of another sender": lambda stage: stage.message("0", t34="2", t49="XYZ123N"),
}


async def second(stage: Stage) -> Peer:
    return await stage.peer(stage.logon(t34="2"))


@pytest.mark.parametrize("backup", [False, True])
@pytest.mark.parametrize("behind", GOES_ON)
def test_a_session_stays_on_with_any_harmless_message_behind_its_logon(
    behind: str, backup: bool
) -> None:
    async def script(stage: Stage) -> None:
        first = await stage.peer(stage.logon(t49="ABC123U") if backup else stage.logon())
        if backup:
            wires = stage.logon(t49="ABC123U") + GOES_ON[behind](stage)
            first = await stage.peer(wires, backup=True)
        else:
            first.transport.abort()
            await asyncio.sleep(1)
            first = await stage.peer(stage.logon(t34="2") + GOES_ON[behind](stage))
        if first.ended:
            return  # on a backup some of these end the session
        account = stage.gateway.account("ABC123")
        assert (account.backup_on if backup else account.primary_on) is True
        logon = stage.logon(t49="ABC123U") if backup else stage.logon(t34="3")
        other = await stage.peer(logon, backup=backup)
        assert other.kinds == ["5"]
        assert other.texts == [ON_ALREADY]
        assert not first.ended
        stage.gateway.log_out_all("ABC")
        await asyncio.sleep(1)
        assert first.ended

    play(script)


@pytest.mark.parametrize("behind", ENDS)
def test_a_session_that_a_message_behind_its_logon_ends_is_not_logged_on(behind: str) -> None:
    async def script(stage: Stage) -> None:
        first = await stage.peer(stage.logon() + ENDS[behind](stage))
        assert first.ended
        assert not stage.gateway.account("ABC123").primary_on
        with pytest.raises(NotLoggedOnError, match="while the session is disconnected"):
            stage.gateway.send("ABC123", "n", [(58, "text")])
        with pytest.raises(StateError, match="fail over: not possible"):
            stage.gateway.fail_over("ABC123")
        # The session can log on again, with the next number.
        again = await stage.peer(stage.logon(t34="3"))
        assert "A" in again.kinds

    play(script)


def test_a_session_reset_directly_behind_its_logon_gets_messages() -> None:
    async def script(stage: Stage) -> None:
        first = await stage.peer(stage.logon() + stage.logon(t141="Y", t108="31"))
        assert stage.gateway.send("ABC123", "n", [(58, "text")]) == 3
        await asyncio.sleep(1)
        assert first.texts == ["text"]

    play(script)


def test_a_backup_ends_with_its_primary_even_after_a_rejected_logon() -> None:
    async def script(stage: Stage) -> None:
        primary = await stage.peer(stage.logon(t49="ABC123U"))
        reject = stage.message("A", t49="ABC123B", t56="X")
        backup = await stage.peer(stage.logon(t49="ABC123U") + reject, backup=True)
        assert not backup.ended
        primary.transport.abort()
        await asyncio.sleep(1)
        assert backup.ended

    play(script)


def test_port_closure_logs_a_session_out_even_after_a_rejected_logon() -> None:
    async def script(stage: Stage) -> None:
        first = await stage.peer(stage.logon() + stage.message("A", t56="X"))
        for _ in range(4):
            await stage.peer(stage.message("A"))
        assert stage.gateway.is_closed("ABC")
        assert first.ended

    play(script)


def test_of_two_logons_that_wait_for_key_pairs_one_is_admitted() -> None:
    async def told() -> None:
        keys = SlowKeys(RING)
        gateway = Gateway(keys, Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        keys.hold()
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for number, (_, writer) in enumerate(streams):
            first = logon(gateway.clock(), t108=str(30 + number))
            writer.write(first + logon(gateway.clock(), t141="Y"))
        await keys.begun()
        keys.release()
        firsts = [await asyncio.wait_for(reader.readuntil(b"\x0110="), 20) for reader, _ in streams]
        assert sorted(first.split(b"\x01")[2] for first in firsts) == [b"35=5", b"35=A"]
        for _, writer in streams:
            writer.close()
        await gateway.close()

    asyncio.run(told())


def test_a_failover_ends_a_backup_whose_logon_is_being_judged() -> None:
    """Its In-Session Logon waits for key pairs when its primary fails."""

    async def script(stage: Stage) -> None:
        await stage.peer(stage.logon(t49="ABC123U"))
        backup = await stage.peer(stage.logon(t49="ABC123U"), backup=True)
        connection = stage.gateway._live["ABC123", True]
        # As while key pairs are read.
        connection._judge = lambda _effect: None  # type: ignore[method-assign]
        await backup.send(stage.logon(t49="ABC123B", t141="Y"))
        stage.gateway.fail_over("ABC123")
        await asyncio.sleep(1)
        assert backup.ended
        assert "no backup connection is on" in stage.told(Event.FAILED_OVER)[0]

    play(script)


def test_messages_sent_together_with_the_logon_are_delivered() -> None:
    got: list[str] = []

    def deliver(_name: str, message: Message) -> None:
        got.append(message.get(58) or "")

    async def script(stage: Stage) -> None:
        orders = [stage.message("D", t34=str(n), t58=f"order {n}") for n in (2, 3)]
        await stage.peer(stage.logon(), *orders)

    play(script, application=deliver)
    assert got == ["order 2", "order 3"]


def test_a_session_that_the_application_logs_out_cannot_reset_afterwards() -> None:
    async def script(stage: Stage) -> None:
        stage.gateway.application = lambda _name, _message: stage.gateway.log_out_all("ABC")
        again = stage.logon(t141="Y", t108="31")
        first = await stage.peer(stage.logon(), stage.message("D", t34="2"), again)
        assert first.kinds == ["A", "1", "5"]
        assert first.ended
        assert len(stage.told(Event.LOGGED_ON)) == 1

    play(script)
