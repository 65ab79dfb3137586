"""gatepass's client: ``python -m benches.load.messages.gatepass_client PORT COUNT [STORE]``.

Without STORE, a file, numbers and messages are kept in memory. Writes how many messages a second it
sent and received, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

from benches.load.messages import GO, LAST, NAME, ORDER, asking
from gatepass.client import ClientSettings, MemoryStore, connect
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.store import Store
from gatepass.storage import SqliteStore

SETTINGS = ClientSettings(NAME, "OP1", "G", "US", "LOAD", "1", "BENCH")
#: Messages between two looks at whether the peer is behind.
BURST = 100


async def measure(port: int, count: int, store: Store) -> tuple[float, float]:
    """Give messages sent and received a second."""
    today = datetime.now(UTC).date()
    pair = generate_pair(NAME[:3], today - timedelta(days=2), today + timedelta(days=300))
    ring = KeyRing([pair.key_pair()])
    async with connect("127.0.0.1", port, SETTINGS, ring, store, guarded=False) as link:
        messages = link.messages()
        begun = time.perf_counter()
        for number in range(count):
            link.send("D", list(ORDER))
            if number % BURST == 0:
                await asyncio.sleep(0)
                await link.drained()
        link.send("D", list(asking(LAST)))
        await anext(messages)
        sent = count / (time.perf_counter() - begun)
        begun = time.perf_counter()
        link.send("D", list(asking(GO)))
        for _ in range(count):
            await anext(messages)
        return sent, count / (time.perf_counter() - begun)


def main() -> None:
    port, count, *path = sys.argv[1:]
    store = SqliteStore(path[0], NAME[:-1]) if path else MemoryStore()
    print(json.dumps(asyncio.run(measure(int(port), int(count), store))))


if __name__ == "__main__":
    main()
