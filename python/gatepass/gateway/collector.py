"""The garbage collector in a gateway's process: full collections become rare.

A full collection visits every object of every session. With 10,000 sessions that takes 0.14 s, and
no client gets an answer meanwhile. CPython runs one after ten smaller ones if a quarter of all
objects is new: just when sessions log on. At 500 logons a second, one pause delays 70 of them.

Full collections are still necessary. Sessions make no reference cycles, but asyncio's transports
do. Only a full collection frees those of long sessions, about 0.6 KiB each.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Smaller collections between two full ones. 10,000 logons cause about 60, so a full one runs after
#: about 16,000 logons; at most about as many dead transports, 10 MiB, wait for it.
BETWEEN_FULL = 100


@contextmanager
def rare_full_collections() -> Iterator[None]:
    """Make full collections rare in this process, until the end of the block.

    For the program that owns the process: `gatepass.gateway.Gateway` does not change the collector.
    """
    before = gc.get_threshold()
    gc.set_threshold(*before[:2], BETWEEN_FULL)
    try:
        yield
    finally:
        gc.set_threshold(*before)
