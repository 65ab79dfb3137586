"""Key pairs of which a fault plan lets some expire early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from gatepass.keys import KeyPair, KeyRing, SessionId

#: An Expiration Date before any gateway's time.
_LONG_AGO = date(2000, 1, 1)


class ExpiredPairs:
    """The pairs of a ring, some of them expired. A ring may have thousands, so none is copied."""

    def __init__(self, ring: KeyRing, expired: frozenset[str]) -> None:
        self._ring = ring
        self._expired = expired

    def __len__(self) -> int:
        return len(self._ring)

    def __iter__(self) -> Iterator[KeyPair]:
        return map(self._known, self._ring)

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""
        return self._ring.sessions

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID."""
        pair = self._ring.find(access_key_id)
        return None if pair is None else self._known(pair)

    def of_session(self, session: str) -> tuple[KeyPair, ...]:
        """Return the pairs of a session, in their order."""
        its = (pair for pair in self._ring.serving(session) if pair.session == session)
        return tuple(map(self._known, its))

    def _known(self, pair: KeyPair) -> KeyPair:
        if pair.access_key_id not in self._expired:
            return pair
        return replace(pair, created=None, expires=_LONG_AGO)
