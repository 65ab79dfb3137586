"""Key pairs that exist as objects, with an index to look them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from gatepass._native import MAX_PAIRS_PER_SESSION
from gatepass.arguments import refuse
from gatepass.errors import KeySourceError
from gatepass.keys.identifiers import SessionId
from gatepass.keys.pair import KeyPair


class FoundPairs(Protocol):
    """Pairs in an order, with an index to look them up."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[KeyPair]: ...

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID."""

    def of_session(self, session: str) -> tuple[KeyPair, ...]:
        """Return the pairs of a session, in their order."""

    @property
    def unusual(self) -> tuple[KeyPair, ...]:
        """The pairs whose secret key has a length that CME's keys do not have."""


class ListedPairs:
    """Pairs in the order given.

    Raises `KeySourceError` when a session has more than `MAX_PAIRS_PER_SESSION` or two pairs
    share an Access Key ID.
    """

    __slots__ = ("_by_access_key", "_by_session", "_pairs")

    def __init__(self, pairs: Iterable[KeyPair]) -> None:
        if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
            raise refuse("pairs", pairs, "KeyPairs, or take the ring of open_keys(path)")
        self._pairs = tuple(pairs)
        # A gateway has thousands of sessions: the cost of a look-up must not depend on how many.
        self._by_session: dict[str, tuple[KeyPair, ...]] = {}
        self._by_access_key: dict[str, KeyPair] = {}
        for pair in self._pairs:
            if not isinstance(pair, KeyPair):
                raise refuse("pairs", pair, "a KeyPair for each")
            if pair.access_key_id in self._by_access_key:
                raise KeySourceError(f"Access Key ID {pair.access_key_id} occurs twice: keep one")
            self._by_access_key[pair.access_key_id] = pair
            self._by_session[pair.session] = (*self._by_session.get(pair.session, ()), pair)
        for session, found in self._by_session.items():
            if len(found) > MAX_PAIRS_PER_SESSION:
                raise KeySourceError(
                    f"session {session} has {len(found)} key pairs, and only"
                    f" {MAX_PAIRS_PER_SESSION} can exist: delete one at the Request Center and"
                    " download the file again"
                )

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[KeyPair]:
        return iter(self._pairs)

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""
        return tuple(pairs[0].session for pairs in self._by_session.values())

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID."""
        return self._by_access_key.get(access_key_id)

    @property
    def unusual(self) -> tuple[KeyPair, ...]:
        """The pairs whose secret key has a length that CME's keys do not have."""
        return tuple(p for p in self._pairs if not p.signing_key.has_usual_length)

    def of_session(self, session: str) -> tuple[KeyPair, ...]:
        """Return the pairs of a session, in the order given."""
        return self._by_session.get(session, ())
