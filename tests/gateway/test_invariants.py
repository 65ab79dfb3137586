"""A gateway's tables match its connections, whatever clients, operator and clock do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.errors import BacklogError, NotLoggedOnError, StateError
from gatepass.fix.message import Message
from gatepass.fix.states import State
from tests.gateway.peers import Peer, Stage, play

LIVE = {State.LOGGED_ON, State.VERIFYING}
KINDS = ["logon", "logon", "unsigned", "1", "2", "4", "5", "D", "bytes"]
#: Most belong to one session, so that it is usually logged on.
NAMES = st.sampled_from(
    ["ABC123U"] * 8 + ["ABC123P"] * 4 + ["ABC123B"] * 2 + ["ABC123N", "ABC456N", "XYZ123N"]
)
NUMBERS = st.sampled_from(["1", "1", "2", "3", "4", "5", "9", "40", "4000"])
FLAGS = st.sampled_from([None, None, "Y", "N"])


@st.composite
def wires(draw: st.DrawFn) -> Callable[[Stage], bytes]:
    """Some messages in one piece; the first is usually a good Logon."""
    parts: list[Callable[[Stage], bytes]] = []
    for index in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(KINDS))
        changes = {"t49": draw(NAMES), "t34": draw(NUMBERS)}
        if kind in ("logon", "unsigned"):
            begins_again = index > 0 and draw(st.booleans())
            changes |= {
                "t49": draw(st.sampled_from(["ABC123P", "ABC123B"]))
                if begins_again
                else changes["t49"],
                "t34": "1" if begins_again else changes["t34"],
                "t141": "Y" if begins_again else draw(FLAGS),
                "t56": draw(st.sampled_from(["CME"] * 4 + ["X"])),
                "t108": str(draw(st.integers(5, 60))),
            }
        elif kind == "2":
            changes |= {"t7": draw(NUMBERS), "t16": draw(NUMBERS)}
        elif kind == "4":
            changes |= {"t36": draw(NUMBERS), "t123": draw(FLAGS)}
        elif kind == "1":
            changes |= {"t112": "T"}
        cut, flipped = draw(st.integers(0, 60)), draw(st.integers(0, 2000))

        def write(
            stage: Stage,
            kind: str = kind,
            changes: dict[str, str | None] = changes,  # type: ignore[assignment]
            cut: int = cut,
            flipped: int = flipped,
        ) -> bytes:
            if kind == "logon":
                return stage.logon(**changes)
            wire = stage.message("A" if kind in ("unsigned", "bytes") else kind, **changes)
            if kind != "bytes":
                return wire
            spoilt = bytearray(wire[: len(wire) - cut])
            spoilt[flipped % len(spoilt)] ^= 1 + flipped % 255
            return bytes(spoilt)

        parts.append(write)
    return lambda stage: b"".join(part(stage) for part in parts)


ACTIONS = st.one_of(
    st.tuples(st.just("connect"), st.booleans(), wires()),
    st.tuples(st.just("send"), st.integers(0, 9), wires()),
    st.tuples(st.just("hang up"), st.integers(0, 9)),
    st.tuples(st.just("fail over")),
    st.tuples(st.just("log out")),
    st.tuples(st.just("say")),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 40.0, 70.0])),
    st.tuples(st.just("set the clock"), st.sampled_from([-70.0, -5.0, 0.0, 5.0, 70.0, 90000.0])),
)


def check(stage: Stage, peers: list[Peer]) -> None:
    gateway = stage.gateway
    on: dict[tuple[str, bool], int] = {}
    for connection in gateway.connections:
        if connection._name and connection.session.state in LIVE:
            place = connection._name, connection.backup
            on[place] = on.get(place, 0) + 1
            assert gateway._live[place] is connection
    assert set(on.values()) <= {1}, on
    for (name, backup), connection in gateway._live.items():
        assert connection in gateway.connections
        account = gateway.account(name)
        assert account.backup_on if backup else account.primary_on
    for name, account in gateway._accounts._admitted.items():
        assert account.primary_on is ((name, False) in gateway._live)
        assert account.backup_on is ((name, True) in gateway._live)
    for peer in peers:
        last = 0
        for message in peer.got:
            number = message.msg_seq_num or 0
            if message.get(43) == "Y" or (message.msg_type == "3" and number == 1):
                continue
            # An In-Session Logon and the promotion of a backup restart the numbers.
            assert number > last or message.msg_type in ("A", "1", "5"), peer.got
            last = number


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, min_size=1, max_size=14))
def test_a_gateway_always_knows_which_sessions_are_logged_on(actions: list[tuple]) -> None:  # type: ignore[type-arg]
    peers: list[Peer] = []

    async def script(stage: Stage) -> None:
        def answer(name: str, message: Message) -> None:
            with suppress(NotLoggedOnError, BacklogError):
                stage.gateway.send(name, "8", [(58, f"fill for {message.msg_seq_num}")])

        stage.gateway.application = answer
        for action in actions:
            if action[0] == "connect":
                peers.append(await stage.peer(action[2](stage), backup=action[1]))
            elif action[0] == "send" and peers:
                await peers[action[1] % len(peers)].send(action[2](stage))
            elif action[0] == "hang up" and peers:
                peers[action[1] % len(peers)].transport.abort()
            elif action[0] == "fail over":
                with suppress(StateError):
                    stage.gateway.fail_over("ABC123")
            elif action[0] == "log out":
                stage.gateway.log_out_all("ABC")
            elif action[0] == "say":
                with suppress(NotLoggedOnError):
                    stage.gateway.send("ABC123", "n", [(58, "text")])
            elif action[0] == "wait":
                await asyncio.sleep(action[1])
            elif action[0] == "set the clock":
                stage.ahead = timedelta(seconds=action[1])
            await asyncio.sleep(1)
            check(stage, peers)

    play(script, port_closure=False)
