"""The signatures of received Logons: the same Logon is not accepted again.

An eavesdropper can send a Logon's bytes again while SendingTime (52) is in its window. That needs
no key, and nothing in the bytes is wrong. The same is true of a Logon that was refused: the reason
may be gone when it comes again, or may be in a field that the signature does not cover.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from threading import Lock

from gatepass.counting import counted
from gatepass.errors import ArgumentError

#: How many signatures are remembered at most: some 30 MiB.
MOST = 100_000
#: Logons `Noted` as anything but right get a tenth of that per kind; the oldest is dropped.
SHARE = 10
#: How much longer a signature is remembered than its Logon could be accepted. So clocks that differ
#: a little, and a wall clock that is set back by less, are safe.
MARGIN = timedelta(seconds=60)
_MARGIN = MARGIN.total_seconds()


class Recall(enum.Enum):
    """What a memory says of a signature. True if its Logon may be accepted."""

    NEW = "it did not come before"
    SEEN = "this very Logon was accepted before: log on with a new one, stamped and signed again"
    REFUSED = "this very Logon was refused before: log on with a new one, stamped and signed again"
    FULL = "more Logons came in the last seconds than can be remembered: try again later"

    def __bool__(self) -> bool:
        return self is Recall.NEW


class Noted(enum.Enum):
    """What is known of a Logon that was not accepted."""

    RIGHT = "its signature is right"
    AHEAD = "its signature is right, and its time is still in the future"
    UNKNOWN = "the pair that it names is not known, or not yet"


class ReplayMemory:
    """Remembers signatures while their Logons are in the window of SendingTime (52).

    Give the same one to all verifiers of the same sessions. Every verifier, port and thread of a
    process may share it: of two threads with the same Logon at the same moment, one accepts it.
    Another process does not know it, nor does the same program after a restart: each may accept the
    Logon once more. Processes that share sessions need a subclass whose `look`, `accept` and `note`
    use a common store, each in one atomic step.

    A signature is forgotten when the window is over by both clocks: the wall clock, ``now``, which
    may be set at any time, and ``steady``, in seconds, which cannot be set.

    At most `most` are remembered, and while it is full nothing is accepted. Only right signatures
    can fill it, so only clients with a key can.
    """

    def __init__(self, most: int = MOST, *, steady: Callable[[], float] = time.monotonic) -> None:
        if most < 1:
            raise ArgumentError("most is the number of signatures kept: give 1 or more", "most")
        self._most = most
        self._steady = steady
        #: Its end by the wall clock and by the steady one, and whether the Logon was accepted.
        self._known: dict[bytes, _Entry] = {}
        #: Signatures that are dropped to make room, in the order in which they came.
        self._spare: dict[Noted, dict[bytes, None]] = {Noted.AHEAD: {}, Noted.UNKNOWN: {}}
        # Windows that are over by neither clock, and those that are over by the steady one.
        self._by_steady: list[tuple[float, bytes]] = []
        self._by_wall: list[tuple[float, bytes]] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"<ReplayMemory of {counted(len(self), 'signature')}>"

    def look(self, signature: bytes, now: datetime) -> Recall:
        """Tell whether a Logon with this signature may be accepted; remembers nothing."""
        with self._lock:
            return self._recall(signature, now.timestamp())

    def accept(self, signature: bytes, until: datetime, now: datetime) -> Recall:
        """Remember a signature if it is new, until its Logon cannot be accepted any more.

        One atomic step: among all threads, `Recall.NEW` is returned once per Logon.
        """
        with self._lock:
            recall = self._recall(signature, now.timestamp())
            if recall:
                self._keep(signature, until, now, Recall.SEEN)
            return recall

    def note(
        self, signature: bytes, until: datetime, now: datetime, noted: Noted = Noted.RIGHT
    ) -> None:
        """Remember the signature of a Logon that was not accepted, if it is new.

        Logons that are ahead of their time, or of an unknown pair, make room for the others.
        """
        with self._lock:
            if not self._recall(signature, now.timestamp()):
                return
            self._keep(signature, until, now, Recall.REFUSED)
            spare = self._spare.get(noted)
            if spare is not None:
                spare[signature] = None
                if len(spare) > max(1, self._most // SHARE):
                    self._drop(next(iter(spare)))

    def _keep(self, signature: bytes, until: datetime, now: datetime, recall: Recall) -> None:
        wall = until.timestamp()
        steady = self._steady() + max(0.0, wall - now.timestamp())
        self._known[signature] = wall, steady, recall
        heappush(self._by_steady, (steady, signature))
        if len(self._by_steady) + len(self._by_wall) > 2 * self._most:
            # Most of them were dropped long ago: clients without a key can send them, too.
            self._order_again()

    def _order_again(self) -> None:
        self._by_wall = []
        self._by_steady = [(entry[1], key) for key, entry in self._known.items()]
        heapify(self._by_steady)

    def _recall(self, signature: bytes, now: float) -> Recall:
        known = self._known.get(signature)
        if known is not None:
            return known[2]
        steady = self._steady()
        if self._by_wall or (self._by_steady and self._by_steady[0][0] < steady - _MARGIN):
            self._forget(now - _MARGIN, steady - _MARGIN)
        if len(self._known) >= self._most:
            # Signatures that are only kept for the margin go first.
            self._known = {
                signature: entry
                for signature, entry in self._known.items()
                if entry[0] >= now or entry[1] >= steady
            }
            self._order_again()
            for spare in self._spare.values():
                for key in spare.keys() - self._known.keys():
                    del spare[key]
        return Recall.NEW if len(self._known) < self._most else Recall.FULL

    def _forget(self, wall: float, steady: float) -> None:
        """Forget windows that were over by both clocks before these times."""
        while self._by_steady and self._by_steady[0][0] < steady:
            _, signature = heappop(self._by_steady)
            entry = self._known.get(signature)
            # One that was dropped and came again has another place in the heap, further back.
            if entry is not None and entry[1] < steady:
                heappush(self._by_wall, (entry[0], signature))
        while self._by_wall and self._by_wall[0][0] < wall:
            self._drop(heappop(self._by_wall)[1])

    def _drop(self, signature: bytes) -> None:
        self._known.pop(signature, None)
        for spare in self._spare.values():
            spare.pop(signature, None)


_Entry = tuple[float, float, Recall]
