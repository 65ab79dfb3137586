"""A refused Logon cannot be replayed by an eavesdropper when the reason for the refusal is gone.

The client itself tries again with a new Logon, which has a new SendingTime.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from gatepass.errors import KeySourceError
from gatepass.fix import SendingTimeWindow
from gatepass.fix.message import encode
from gatepass.gateway import Event
from gatepass.keys import KeyRing
from gatepass.signing import ReplayMemory
from tests.gateway.peers import INVALID, PAIR, RING, Peer, Stage, play

LONG = SendingTimeWindow(max_age=timedelta(minutes=10))
#: Sends a Logon that is refused, removes the reason, and returns the Logon and the port to try.
Story = Callable[[Stage], Awaitable[tuple[bytes, bool]]]


async def backup_first(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon(t49="ABC123U")
    assert (await stage.peer(logon, backup=True)).kinds == ["5"]
    return logon, False


async def backup_first_and_then_the_primary_is_on(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon(t49="ABC123U", t108="31")
    assert (await stage.peer(logon, backup=True)).kinds == ["5"]
    assert "A" in (await stage.peer(stage.logon(t49="ABC123U"))).kinds
    return logon, True


async def ahead(stage: Stage) -> tuple[bytes, bool]:
    stage.ahead = timedelta(seconds=7)
    logon = stage.logon()
    stage.ahead = timedelta()
    assert (await stage.peer(logon)).kinds == ["5"]
    await asyncio.sleep(4)
    return logon, False


async def half_a_day_ahead(stage: Stage) -> tuple[bytes, bool]:
    stage.ahead = timedelta(hours=12)
    logon = stage.logon()
    stage.ahead = timedelta()
    assert (await stage.peer(logon)).kinds == ["5"]
    await asyncio.sleep(12 * 3600)
    return logon, False


async def behind_and_then_the_clock_is_set_back(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon()
    stage.ahead = timedelta(minutes=20)
    assert (await stage.peer(logon)).kinds == ["5"]
    stage.ahead = timedelta()
    return logon, False


async def on_already(stage: Stage) -> tuple[bytes, bool]:
    first = await stage.peer(stage.logon())
    logon = stage.logon(t34="2")
    assert (await stage.peer(logon)).kinds == ["5"]
    first.transport.abort()
    await asyncio.sleep(1)
    return logon, False


async def closed_ports(stage: Stage) -> tuple[bytes, bool]:
    for _ in range(5):
        await stage.peer(stage.message("A"))
    logon = stage.logon()
    assert (await stage.peer(logon)).kinds == ["5"]
    stage.gateway.reopen("ABC")
    return logon, False


async def the_fifth(stage: Stage) -> tuple[bytes, bool]:
    for _ in range(4):
        await stage.peer(stage.message("A"))
    logon = stage.logon(t49="ABC123U")
    assert (await stage.peer(logon, backup=True)).kinds == ["5"]
    stage.gateway.reopen("ABC")
    return logon, False


async def in_a_tag_that_is_not_signed(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon(t56="X")
    assert (await stage.peer(logon)).kinds == ["3"]
    return altered(logon, (56, "CME")), False


async def as_another_message(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon()
    assert (await stage.peer(altered(logon, (35, "0")))).kinds == ["5"]
    return logon, False


async def with_141(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon(t141="Y")
    assert (await stage.peer(logon)).kinds == ["5"]
    return altered(logon, (141, "N")), False


async def with_the_old_98(stage: Stage) -> tuple[bytes, bool]:
    logon = altered(stage.logon(), (98, "0"))
    assert (await stage.peer(logon)).kinds == ["5"]
    return altered(logon, (98, None)), False


async def with_the_name_of_another_pair(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon()
    wrong = altered(logon, (355, "A" * 20))
    assert (await stage.peer(wrong)).kinds == ["5"]
    return logon, False


async def on_a_live_connection(stage: Stage) -> tuple[bytes, bool]:
    first = await stage.peer(stage.logon())
    logon = stage.logon(t34="2")
    await first.send(logon)
    assert first.ended
    return logon, False


async def behind_one_that_was_refused(stage: Stage) -> tuple[bytes, bool]:
    logon = stage.logon()
    assert (await stage.peer(stage.message("A"), logon)).kinds == ["5"]
    return logon, False


async def while_it_was_judged(stage: Stage) -> tuple[bytes, bool]:
    """Its connection breaks while the key pairs are read."""
    peer = await stage.peer()
    logon = stage.logon()
    current, stage.gateway.keys.is_current = stage.gateway.keys.is_current, lambda: False
    refresh, stage.gateway.keys.refresh = stage.gateway.keys.refresh, asyncio.Event().wait  # type: ignore[assignment]
    await peer.send(logon)
    peer.transport.abort()
    await asyncio.sleep(1)
    stage.gateway.keys.is_current = current  # type: ignore[method-assign]
    stage.gateway.keys.refresh = refresh  # type: ignore[method-assign]
    return logon, False


async def where_no_pairs_could_be_read(stage: Stage) -> tuple[bytes, bool]:
    async def fail() -> None:
        raise KeySourceError("the key file cannot be read")

    logon = stage.logon()
    current, stage.gateway.keys.is_current = stage.gateway.keys.is_current, lambda: False
    refresh, stage.gateway.keys.refresh = stage.gateway.keys.refresh, fail  # type: ignore[method-assign]
    peer = await stage.peer(logon)
    assert peer.ended
    assert peer.kinds == []
    stage.gateway.keys.is_current = current  # type: ignore[method-assign]
    stage.gateway.keys.refresh = refresh  # type: ignore[method-assign]
    return logon, False


STORIES: list[Story] = [
    backup_first,
    backup_first_and_then_the_primary_is_on,
    ahead,
    half_a_day_ahead,
    behind_and_then_the_clock_is_set_back,
    on_already,
    closed_ports,
    the_fifth,
    in_a_tag_that_is_not_signed,
    as_another_message,
    with_141,
    with_the_old_98,
    with_the_name_of_another_pair,
    on_a_live_connection,
    behind_one_that_was_refused,
    while_it_was_judged,
    where_no_pairs_could_be_read,
]


def altered(logon: bytes, *changes: tuple[int, str | None]) -> bytes:
    """Change fields of a signed Logon that the signature does not cover."""
    new = dict(changes)
    fields = [field.partition(b"=") for field in logon.split(b"\x01")[2:-2]]
    kept = [(int(tag), value.decode()) for tag, _, value in fields if int(tag) not in new]
    extra = [(tag, value) for tag, value in changes if value is not None]
    if 355 in new:
        at = [tag for tag, _ in kept].index(1400)
        return encode([*kept[:at], *extra, *kept[at:]])
    return encode([*(extra if 35 in new else [kept[0], *extra]), *kept[1 - (35 in new) :]])


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_refused_logon_stays_refused_and_a_new_one_is_accepted(story: Story) -> None:
    async def script(stage: Stage) -> None:
        # Key pairs are read before the first Logon, as in a running gateway.
        await stage.gateway.keys.refresh()
        logon, backup = await story(stage)
        replayer = await stage.peer(logon, backup=backup)
        assert "A" not in replayer.kinds
        if story is not backup_first_and_then_the_primary_is_on:
            assert replayer.texts[-1:] == [INVALID]
            assert "replay: this very Logon was refused before" in stage.told(Event.REFUSED)[-1]
        # The client, which has the key, stamps and signs a new one.
        indicator = "U" if b"49=ABC123U" in logon else "N"
        number = "3" if story is on_already else "2" if story is on_a_live_connection else "1"
        honest = await stage.peer(stage.logon(t49=f"ABC123{indicator}", t34=number), backup=backup)
        assert "A" in honest.kinds, (honest.texts, stage.said)

    play(script, window=LONG if story is behind_and_then_the_clock_is_set_back else None)


class Later:
    """A key source that gets its pair later."""

    def __init__(self) -> None:
        self.ring = KeyRing([])


def test_a_logon_refused_for_an_unknown_pair_stays_refused() -> None:
    keys = Later()

    async def script(stage: Stage) -> None:
        logon = stage.logon()
        assert (await stage.peer(logon)).kinds == ["5"]
        keys.ring = RING
        assert (await stage.peer(logon)).texts == [INVALID]
        assert "replay: this very Logon was refused before" in stage.told(Event.REFUSED)[-1]
        assert "A" in (await stage.peer(stage.logon())).kinds

    play(script, keys=keys)


@pytest.mark.parametrize("before", [b"\n", b"8=FIX", b"8=FIX.4.2\x019=5\x0135=A\x0110=000\x01"])
@pytest.mark.parametrize("behind", [b"", b"\n", b"8=FIX.4.2\x019=5\x0135=0\x0110=000\x01"])
def test_a_good_logon_between_garbage_is_admitted_in_any_pieces(
    before: bytes, behind: bytes
) -> None:
    async def script(stage: Stage) -> None:
        length = len(before + stage.logon() + behind)
        for cut in range(length):
            number = str(cut * 2 + 1)
            wire = before + stage.logon(t34=number) + behind
            peer = await stage.peer()
            peer.transport.write(wire[:cut])
            await peer.send(wire[cut:])
            assert "A" in peer.kinds, (cut, stage.said[-3:])
            await peer.send(stage.message("5", t34=str(cut * 2 + 2)))
            assert peer.ended

    play(script)


@pytest.mark.parametrize("shared", [True, False])
def test_gateways_with_one_replay_memory_know_each_others_refused_logons(shared: bool) -> None:
    memory = ReplayMemory()

    async def script(stage: Stage) -> None:
        logon = stage.logon(t49="ABC123U")
        await stage.peer(logon, backup=True)
        other = Stage(stage.loop, {"replays": memory if shared else None})
        other.ports.append(await other.gateway.listen("127.0.0.1", 0))
        peer: Peer = await other.peer(logon)
        assert peer.kinds[0] == ("5" if shared else "A")
        await other.gateway.close()

    play(script, replays=memory)


def test_a_refused_logon_is_refused_again_for_the_same_reason_while_it_lasts() -> None:
    async def script(stage: Stage) -> None:
        logon = stage.logon(t49="ABC123U")
        for _ in range(3):
            await stage.peer(logon, backup=True)
        assert stage.told(Event.REFUSED) == ["the primary is not logged on"] * 3

    play(script)


def test_a_clock_that_was_ahead_for_a_moment_allows_no_replay() -> None:
    async def script(stage: Stage) -> None:
        logon = stage.logon(t49="ABC123U")
        assert "A" in (await stage.peer(logon)).kinds
        stage.ahead = timedelta(seconds=70)
        await stage.peer(stage.logon(t49="ABC777U"))
        stage.ahead = timedelta()
        replayer = await stage.peer(logon, backup=True)
        assert replayer.texts == [INVALID]
        assert "replay: this very Logon was accepted before" in stage.told(Event.REFUSED)[-1]

    play(script)


@pytest.mark.parametrize("max_age", [timedelta.max, timedelta(days=3_000_000)])
def test_a_window_of_any_size_allows_no_replay(max_age: timedelta) -> None:
    async def script(stage: Stage) -> None:
        logon = stage.logon()
        first = await stage.peer(logon)
        assert first.kinds == ["A", "1"]
        assert "A" not in (await stage.peer(logon, backup=True)).kinds

    play(script, window=SendingTimeWindow(max_age=max_age))


def test_the_pairs_of_these_tests_belong_to_one_session() -> None:
    assert [pair.session for pair in RING] == [PAIR.session]
