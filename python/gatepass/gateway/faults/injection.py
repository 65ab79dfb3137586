"""The state of a plan in one gateway: its counters, its clock and its expired pairs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepass.errors import KeyChoiceError
from gatepass.fix.message import Message
from gatepass.fix.names import is_named
from gatepass.gateway.faults import plan as ft
from gatepass.gateway.faults.actions import Action
from gatepass.gateway.faults.expired import ExpiredPairs
from gatepass.keys import AccessKeyId, KeyRing
from gatepass.transport import Clock
from gatepass.transport.fresh_keys import FreshKeys


@dataclass(slots=True)
class _Count:
    """How many messages that match a fault have arrived."""

    fault: ft.Fault
    seen: int = 0

    def strikes(
        self, direction: ft.Direction, message: Message, session: str, *, ends_answer: bool
    ) -> bool:
        fault = self.fault
        if fault.direction is not direction:
            return False
        if fault.msg_type not in (None, message.msg_type):
            return False
        if fault.action.ends_answers and not ends_answer:
            return False
        if fault.session is not None and not is_named(fault.session, session):
            return False
        self.seen += 1
        return fault.nth <= self.seen < fault.nth + fault.times


class Injection:
    """A plan at work in one gateway: counters, the clock's error, the pairs that expired."""

    def __init__(self, plan: ft.FaultPlan, keys: FreshKeys, clock: Clock) -> None:
        self._counts = [_Count(fault) for fault in plan.faults]
        self._keys = keys
        self._clock = clock
        self._skew = timedelta()
        self._expired: set[str] = set()
        self._expiring: list[str] = []

    def clock(self) -> datetime:
        """Return the time by the gateway's clock, which may be wrong."""
        return self._clock() + self._skew

    @property
    def ring(self) -> KeyRing:
        """The ring as last read, with the pairs that the plan has expired."""
        ring = self._keys.ring
        while self._expiring:
            with suppress(KeyChoiceError):
                pair = self._altered(ring).choose(self._expiring.pop(0), self.clock())
                self._expired.add(pair.access_key_id)
        return self._altered(ring)

    def _altered(self, ring: KeyRing) -> KeyRing:
        return KeyRing(ExpiredPairs(ring, frozenset(self._expired))) if self._expired else ring

    def strike(
        self, direction: ft.Direction, message: Message, session: str, *, ends_answer: bool
    ) -> list[Action]:
        """Count this message and return the faults that strike it, in the plan's order.

        `ends_answer` says that it is a gap fill that reaches the end of the requested range.
        """
        return [
            count.fault.action
            for count in self._counts
            if count.strikes(direction, message, session, ends_answer=ends_answer)
        ]

    def skew(self, seconds: float) -> None:
        """Set the clock wrong by this many seconds."""
        self._skew = timedelta(seconds=seconds)

    def expire(self, access_key_id: AccessKeyId | None, sender_comp_id: str) -> None:
        """Expire a pair: this one, or the one that the session would use, if it has any."""
        if access_key_id is not None:
            self._expired.add(access_key_id)
            return
        self._expiring.append(sender_comp_id)
        if self._keys.is_current():
            self.ring  # noqa: B018 - chooses the pair now; otherwise after the next reading
