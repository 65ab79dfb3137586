"""The garbage collector in a process that is a gateway: full collections become rare.

A full collection looks at every object of every session, 0.14 s with 10,000 of them, and nobody is
answered meanwhile. CPython runs one after ten smaller ones if a quarter of all objects is new, so
just when sessions log on. At 500 logons a second one pause delays 70 of them.

They cannot be left out. Sessions make no reference cycles, but asyncio's transports do, and those
of long sessions are freed by a full collection alone, about 0.6 KiB each.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Smaller collections between two full ones. 10,000 logons lead to some 60: so a full one comes
#: after some 16,000, and about as many dead transports, 10 MiB, wait for it.
BETWEEN_FULL = 100


@contextmanager
def rare_full_collections() -> Iterator[None]:
    """Let full collections be rare in this process, until the end of the block.

    For the program that owns the process: `gatepass.gateway.Gateway` leaves the collector alone.
    """
    before = gc.get_threshold()
    gc.set_threshold(*before[:2], BETWEEN_FULL)
    try:
        yield
    finally:
        gc.set_threshold(*before)
