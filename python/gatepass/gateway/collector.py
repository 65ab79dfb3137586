"""The garbage collector in a gateway's process: collections become rare.

A full collection visits every object of every session. With 10,000 sessions that takes 0.14 s, and
no client gets an answer meanwhile. CPython runs one after ten smaller ones if a quarter of all
objects is new: just when sessions log on. At 500 logons a second, one pause delays 70 of them.
The middle collections visit each new object once more: with ten of the youngest between two of
them, the collector took an eighth of the time of 12,000 logons, and now takes a sixtieth.

Full collections are still necessary. Sessions make no reference cycles, but asyncio's transports
do. Only a full collection frees those of long sessions, about 0.6 KiB each.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects between two collections of the youngest (CPython: 700), how many of those are between
#: two of the middle ones, and of these between two full ones. A middle or full one runs after about
#: 16,000 logons; at most about twice as many dead transports, 20 MiB, wait for a full one.
RARE = (7_000, 100, 1)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Make collections rare in this process, until the end of the block.

    For the program that owns the process: `gatepass.gateway.Gateway` does not change the collector.
    """
    before = gc.get_threshold()
    gc.set_threshold(*RARE)
    try:
        yield
    finally:
        gc.set_threshold(*before)
