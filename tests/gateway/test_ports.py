"""Ports close per Session ID, and only a call reopens them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gatepass.client import connect
from gatepass.errors import LogonRefusedError, StoreError
from gatepass.fix.settings import ClientSettings
from gatepass.gateway import Gateway, Kind, SqliteClosedPorts
from gatepass.gateway.ports import MAX_STRANGERS, Ports
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.port import INVALID_LOGONS, Port
from gatepass.session.store import MemoryStore
from tests.scenarios.cast import START

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "VENDOR")
TODAY = date.today()


def ring(session: str = "ABC") -> KeyRing:
    created, expires = TODAY - timedelta(days=9), TODAY + timedelta(days=90)
    return KeyRing([generate_pair(session, created, expires).key_pair()])


def close(port: Port) -> None:
    for _ in range(INVALID_LOGONS):
        port.count_invalid(START)


async def log_on(port: int, sender: str, keys: KeyRing) -> str:
    """Log on and out; return the text of a refusal."""
    settings = replace(SETTINGS, sender_comp_id=sender)
    try:
        async with connect("127.0.0.1", port, settings, keys, MemoryStore(), guarded=False):
            return ""
    except LogonRefusedError as error:
        return error.text


def test_all_firms_with_one_session_id_share_its_ports() -> None:
    async def main() -> None:
        gateway = Gateway(keys := ring(), Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        settings = replace(SETTINGS, sender_comp_id="ABC999N")
        async with connect("127.0.0.1", port, settings, keys, MemoryStore()) as live:
            texts = [await log_on(port, f"ABC12{n % 3}N", ring()) for n in range(5)]
            assert ["Port Closure" in text for text in texts] == [False] * 4 + [True]
            # A session that is logged on with that Session ID is logged out.
            await asyncio.wait_for(live.closed, 10)
            assert live.goodbye is not None
            assert "Port Closure" in (live.goodbye.text or "")
        for name in ("ABC", "ABC123", "ABC777"):
            assert gateway.is_closed(name)
        assert not gateway.is_closed("ABD")
        assert "Port Closure" in await log_on(port, "ABC777N", keys)
        gateway.reopen("ABC")
        assert await log_on(port, "ABC777N", keys) == ""
        await gateway.close()

    asyncio.run(main())


def test_sender_comp_ids_share_ports_but_not_numbers() -> None:
    gateway = Gateway(ring(), Kind.parse("cgw"))
    one, other = gateway.account("ABC123"), gateway.account("ABC456")
    assert one.port is other.port
    assert one.store is not other.store


def test_the_session_id_of_drop_copy_has_six_characters() -> None:
    gateway = Gateway(ring("ABC123"), Kind.parse("dropcopy"))
    close(gateway.account("ABC123").port)
    assert gateway.is_closed("ABC123")
    assert not gateway.is_closed("ABC456")
    gateway.reopen("ABC123")
    assert not gateway.is_closed("ABC123")


def test_invented_names_displace_no_known_port_and_use_little_memory() -> None:
    """Neither a closed port of a known name is forgotten, nor its count of invalid Logons."""
    ports = Ports(3, lambda name: name.startswith(("ABC", "XYZ")), None)
    close(ports.of("ABC777"))
    counting = [ports.of("XYZ777").count_invalid(START) for _ in range(INVALID_LOGONS - 1)]
    assert not any(counting)
    for number in range(MAX_STRANGERS + 100):
        close(ports.of(f"{number:06d}"[::-1]))
    assert len(ports._strangers) == MAX_STRANGERS
    assert ports.of("ABC777").closed
    assert ports.of("XYZ777").count_invalid(START)


def test_a_port_used_before_its_key_pair_existed_is_kept_after_a_logon() -> None:
    known: list[str] = []
    ports = Ports(3, known.__contains__, None)
    port = ports.of("ABC123")
    ports.admit("ABC123")
    for number in range(MAX_STRANGERS + 100):
        ports.of(f"{number:06d}"[::-1])
    assert ports.of("ABC123") is port


def test_a_closed_port_stays_closed_when_the_gateway_restarts(tmp_path: Path) -> None:
    path = tmp_path / "week.sqlite"

    def started(kept: SqliteClosedPorts) -> Gateway:
        return Gateway(ring(), Kind.parse("cgw"), closed_ports=kept)

    with closing(SqliteClosedPorts(path)) as kept:
        close(started(kept).account("ABC123").port)
    with closing(SqliteClosedPorts(path)) as kept:
        gateway = started(kept)
        assert gateway.is_closed("ABC")
        assert gateway.account("ABC456").port.closed
        gateway.reopen("ABC123")
    with closing(SqliteClosedPorts(path)) as kept:
        assert not started(kept).is_closed("ABC")


def test_a_port_is_not_closed_if_that_cannot_be_stored(tmp_path: Path) -> None:
    kept = SqliteClosedPorts(tmp_path / "week.sqlite")
    gateway = Gateway(ring(), Kind.parse("cgw"), closed_ports=kept)
    kept.close()
    with pytest.raises(StoreError):
        close(gateway.account("ABC123").port)
    assert not gateway.is_closed("ABC")
