"""The report of a refused Logon: the reason, the client's mistake in signing, and the Logon.

CME's answer is the same for every mistake, and an engine in another language has no other clue. Its
operator learns here what `gatepass.fix.explain` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from gatepass.fix import explain, sent_secret
from gatepass.fix.logged_logon import written
from gatepass.fix.message import LOGON, Message
from gatepass.fix.sent_secret import is_sent_secret
from gatepass.keys import KeyPair, KeyRing, KeySource
from gatepass.keys.likely_secret import hidden

#: For a wrong signature that matches no known mistake.
NO_MISTAKE = (
    "no known mistake: another secret key, or a field changed after signing (often 34 or 52)"
)

KEY_SENT = f"cause: {sent_secret.KEY_SENT}"


class Budget:
    """Seconds of work that may be spent: a saved amount, and a share of the time that passes.

    A flood of bad Logons is refused without a search for the mistake.
    """

    def __init__(
        self, saved: float = 0.1, share: float = 0.05, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._most = self._left = saved
        self._share = share
        self._clock = clock
        self._at = clock()

    def allows(self) -> bool:
        """Return whether any time is left."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._share)
        self._at = now
        return self._left > 0

    def spend(self) -> None:
        """Subtract the time since `allows`."""
        now = self._clock()
        self._left -= now - self._at
        self._at = now


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a Logon was refused, and that Logon, both without any secret."""

    detail: str
    logon: str = field(default="", repr=False)


class Refusals:
    """Explains refused Logons, and searches for the mistake while the `budget` lasts."""

    def __init__(self, keys: KeySource, budget: Budget | None = None) -> None:
        self._keys = keys
        self._budget = budget or Budget()

    def explain(self, logon: Message, reason: str, *, was_judged: bool = True) -> Refusal:
        """Explain a Logon that was refused for `reason`; if not judged, only record it."""
        if logon.msg_type != LOGON:
            return Refusal(hidden(reason))
        ring = self._keys.ring
        pairs = _pairs_of(logon, ring)
        found = ""
        if was_judged and self._budget.allows():
            found = _mistake(logon, ring, pairs)
            self._budget.spend()
        detail = f"{reason}; {found}" if found else reason
        return Refusal(hidden(detail), written(logon, pairs))


def _pairs_of(logon: Message, ring: KeyRing) -> list[KeyPair]:
    """Return the pairs whose secret the client probably has."""
    named = ring.find(logon.get(355) or "")
    return [*ring.serving(logon.sender_comp_id), *([] if named is None else [named])]


def _mistake(logon: Message, ring: KeyRing, pairs: Sequence[KeyPair]) -> str:
    if is_sent_secret((logon.get(1402) or "").encode("latin-1"), pairs):
        return KEY_SENT
    explanation = explain(logon.wire, ring, any_time=True)
    if explanation.cause is not None:
        return f"cause: {explanation.cause}"
    failed = {check.name for check in explanation.verdict.failed}
    if "signature" not in failed:
        return ""
    return NO_MISTAKE if explanation.untried is None else f"{NO_MISTAKE}; {explanation.untried}"
