"""The signatures of Logons that were accepted: the same Logon is not accepted again.

Who overhears a Logon can send its bytes again while SendingTime (52) is in its window. That takes
no key, and nothing in the bytes is wrong.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from threading import Lock

from gatepass.arguments import checked_class
from gatepass.errors import ArgumentError
from gatepass.keys.ring import counted

#: Signatures that are remembered at most: some 20 MiB.
MOST = 100_000
#: How much longer one is remembered than its Logon could be accepted: callers whose clocks differ a
#: little, and a wall clock that is set back by less, open nothing.
MARGIN = timedelta(seconds=60)


class Recall(enum.Enum):
    """What a memory says of a signature. True where its Logon may be accepted."""

    NEW = "it was not accepted before"
    SEEN = "this very Logon was accepted before: log on with a new one, stamped and signed again"
    FULL = "more Logons were accepted in the last seconds than can be remembered: try again later"

    def __bool__(self) -> bool:
        return self is Recall.NEW


@checked_class
class ReplayMemory:
    """Remembers accepted signatures while their Logons are in the window of SendingTime (52).

    Hand one to all that verify for the same sessions. Every verifier, port and thread of a process
    may share it: of two threads with the same Logon at the same moment, one accepts it. Another
    process knows nothing of it, nor does the same program after a restart: each may accept the
    Logon once more. Processes that share sessions need a subclass whose `look` and `accept` go to a
    store of all of them, where `accept` is one step.

    At most `most` are remembered. Only Logons that were accepted are, so only holders of a key can
    fill it; while it is full nothing is accepted.
    """

    def __init__(self, most: int = MOST) -> None:
        if most < 1:
            raise ArgumentError("most is the number of signatures kept: give 1 or more", "most")
        self._most = most
        self._until: dict[bytes, float] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._until)

    def __repr__(self) -> str:
        return f"<ReplayMemory of {counted(len(self), 'signature')}>"

    def look(self, signature: bytes, now: datetime) -> Recall:
        """Tell whether a Logon with this signature may be accepted; remembers nothing."""
        with self._lock:
            return self._recall(signature, now.timestamp())

    def accept(self, signature: bytes, until: datetime, now: datetime) -> Recall:
        """Remember a signature if it is new, until its Logon cannot be accepted any more.

        One step, whichever threads do the same: of one Logon `Recall.NEW` is given once.
        """
        with self._lock:
            recall = self._recall(signature, now.timestamp())
            if recall:
                self._until[signature] = until.timestamp()
            return recall

    def _recall(self, signature: bytes, now: float) -> Recall:
        if signature in self._until:
            return Recall.SEEN
        self._forget(now - MARGIN.total_seconds())
        if len(self._until) < self._most:
            return Recall.NEW
        # What is kept for the margin's sake goes first.
        self._until = {known: until for known, until in self._until.items() if until >= now}
        return Recall.NEW if len(self._until) < self._most else Recall.FULL

    def _forget(self, before: float) -> None:
        """Forget what is over, in the order in which it came.

        One whose SendingTime was ahead holds those behind it back, by seconds.
        """
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] >= before:
                return
            del self._until[oldest]
