"""Our client logs on to a third-party acceptor, which checks Logons as CME does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatepass import KeyRing
from gatepass.client import Link, connect
from gatepass.errors import LogonRefusedError
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import week_of
from gatepass.keys.pair import IssuedPair
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now
from tests import oracle
from tests.interop import engines
from tests.interop.rehearsal import INVALID, new_pair
from tests.interop.relay import CLIENT, GATEWAY, Relay

SETTINGS = ClientSettings(engines.SENDER, "OPERATOR1", "G", "US,NY", "GATEPASS", "1.0", "TEST")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Acceptor:
    state: Path
    pair: IssuedPair = field(default_factory=new_pair)
    store: MemoryStore = field(default_factory=MemoryStore)
    relay: Relay = field(default_factory=Relay)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[engines.Running, int]]:
        port = free_port()
        role = engines.Role(port, self.pair, self.state)
        engine = engines.running(engines.quickfix_acceptor, role)
        async with engine as acceptor, self.relay.listening(port) as relayed:
            await acceptor.line("* listening")
            yield acceptor, relayed

    def client(
        self, port: int, pair: IssuedPair | None = None, behind: float = 0
    ) -> contextlib.AbstractAsyncContextManager[Link]:
        ring = KeyRing([(pair or self.pair).key_pair()])
        return connect(
            "127.0.0.1",
            port,
            SETTINGS,
            ring,
            self.store,
            clock=lambda: utc_now() - timedelta(seconds=behind),
        )


@pytest.fixture
def acceptor(tmp_path: Path) -> Acceptor:
    return Acceptor(tmp_path)


def test_it_logs_on_answers_the_test_request_and_logs_out(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port):
            async with acceptor.client(port):
                await engine.line("< ", "|35=0|", "|112=CME-HANDSHAKE|")
            await engine.line("* logged out")
        (logon,) = [wire for side, wire in acceptor.relay.passed if side == CLIENT][:1]
        assert oracle.verify(acceptor.pair.secret.reveal(), logon)
        assert len(acceptor.relay.messages(GATEWAY, "5")) == 1
        assert week_of(acceptor.store.load()).begun

    asyncio.run(conversation())


def test_orders_arrive_and_messages_come_back(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port), acceptor.client(port) as link:
            await engine.line("< ", "|35=0|")
            link.send("D", [(11, "one")])
            await engine.line("< ", "|35=D|", "|11=one|")
            await engine.order("send hello")
            message = await asyncio.wait_for(anext(link.messages()), engines.PATIENCE)
            assert (message.msg_type, message.get(58)) == ("n", "hello")

    asyncio.run(conversation())


def test_messages_lost_in_either_direction_are_resent(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port), acceptor.client(port) as link:
            await engine.line("< ", "|35=0|")
            acceptor.relay.lose(CLIENT, lambda message: message.get("11") == "two")
            acceptor.relay.lose(GATEWAY, lambda message: message.get("58") == "two")
            for name in ("one", "two", "three"):
                link.send("D", [(11, name)])
            await engine.line("< ", "|43=Y|", "|11=two|", "|122=")
            for text in ("one", "two", "three"):
                await engine.order(f"send {text}")
            messages = link.messages()
            came = [
                (await asyncio.wait_for(anext(messages), engines.PATIENCE)).get(58)
                for _ in range(3)
            ]
            assert came == ["one", "two", "three"]
        assert len(acceptor.relay.lost) == 2

    asyncio.run(conversation())


def test_skipped_numbers_are_gap_filled(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port), acceptor.client(port) as link:
            await engine.line("< ", "|35=0|")
            await engine.order("skip 4000")
            await engine.order("send after the failover")
            message = await asyncio.wait_for(anext(link.messages()), engines.PATIENCE)
            assert message.get(58) == "after the failover"
            assert message.msg_seq_num == 4003
        requests = [(m["7"], m["16"]) for m in acceptor.relay.messages(CLIENT, "2")]
        assert requests[0] == ("3", "2502")

    asyncio.run(conversation())


def test_it_logs_on_again_in_mid_week(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port):
            for _ in range(2):
                async with acceptor.client(port):
                    await engine.line("< ", "|35=0|")
                await engine.line("* logged out")
        assert [m["34"] for m in acceptor.relay.messages(CLIENT, "A")] == ["1", "4"]

    asyncio.run(conversation())


@pytest.mark.parametrize("fault", ["wrong key", "stale time"])
def test_a_refusal_raises_an_error_with_its_text(acceptor: Acceptor, fault: str) -> None:
    async def conversation() -> None:
        pair = acceptor.pair
        if fault == "wrong key":
            pair = replace(new_pair(), access_key_id=pair.access_key_id)
        async with acceptor.running() as (_, port):
            with pytest.raises(LogonRefusedError) as refused:
                async with acceptor.client(port, pair, behind=20 if fault == "stale time" else 0):
                    pass
        assert refused.value.text == INVALID
        assert refused.value.next_expected == 1

    asyncio.run(conversation())


def test_the_next_logon_uses_the_number_in_the_refusal(acceptor: Acceptor) -> None:
    async def conversation() -> None:
        async with acceptor.running() as (engine, port):
            async with acceptor.client(port):
                await engine.line("< ", "|35=0|")
            await engine.line("* logged out")
            await engine.order("expect 9")
            await engine.line("* obeyed expect 9")
            with pytest.raises(LogonRefusedError) as refused:
                async with acceptor.client(port):
                    pass
            assert refused.value.next_expected == 9
            async with acceptor.client(port):
                await engine.line("< ", "|35=0|")
        assert [m["34"] for m in acceptor.relay.messages(CLIENT, "A")] == ["1", "4", "9"]

    asyncio.run(conversation())
