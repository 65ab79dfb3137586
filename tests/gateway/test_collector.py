"""Collections become rare, and an ended session leaves nothing for them to free."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, date, datetime, timedelta

import pytest

from gatepass.fix import format_sending_time
from gatepass.fix.message import encode
from gatepass.gateway import Gateway, Kind
from gatepass.gateway.collector import RARE, rare_collections
from gatepass.keys import KeyRing, generate_pair

TODAY = datetime.now(UTC).date()
PAIR = generate_pair("ABC", TODAY - timedelta(days=2), date(TODAY.year + 1, 6, 1)).key_pair()
OTHER = generate_pair("ABC", TODAY - timedelta(days=2), date(TODAY.year + 1, 6, 1)).key_pair()


def full_collections() -> int:
    return gc.get_stats()[2]["collections"]


def test_many_new_objects_cause_no_full_collection() -> None:
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() == RARE
        gc.collect()
        counted = full_collections()
        kept = [[] for _ in range(200_000)]
        assert full_collections() == counted
    assert gc.get_threshold() == before
    assert len(kept) == 200_000


def test_the_collectors_settings_are_restored_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="mine"), rare_collections():
        raise ValueError("mine")
    assert gc.get_threshold() == before


@pytest.mark.parametrize("pair", [PAIR, OTHER], ids=["logged on", "refused"])
def test_an_ended_session_leaves_no_reference_cycle_of_gatepass(pair: object) -> None:
    def logon() -> bytes:
        now = format_sending_time(datetime.now(UTC))
        head = [(35, "A"), (34, "1"), (49, "ABC123N"), (50, "OP"), (52, now), (56, "CME")]
        tail = [(57, "G"), (142, "US"), (369, "0"), (108, "30")]
        names = [(1603, "T"), (1604, "1"), (1605, "T")]
        return pair.signing_key.sign_logon(pair.access_key_id, encode([*head, *tail, *names]))

    async def converse() -> list[str]:
        gateway = Gateway(KeyRing([PAIR]), Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            writer.write(logon())
            await reader.readuntil(b"\x0135=1\x01" if pair is PAIR else b"\x0135=5\x01")
            writer.close()
            while gateway.connections:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.001)
            gc.collect()
            found = [type(thing) for thing in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
        await gateway.close()
        return [f"{kind.__module__}.{kind.__qualname__}" for kind in found]

    left = asyncio.run(converse())
    assert [name for name in left if name.startswith("gatepass")] == []
