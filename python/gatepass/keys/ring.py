"""The key pairs at hand, and which of them to use for a logon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import cast

from gatepass.counting import counted
from gatepass.errors import (
    KeyChoiceError,
    PairExpiredError,
    PairNotYetValidError,
    UnknownAccessKeyError,
    UnknownSessionError,
)
from gatepass.keys.expiry import ExpiryWarning, expiry_warning
from gatepass.keys.identifiers import SESSION_ID_LENGTHS, SessionId
from gatepass.keys.listed import FoundPairs, ListedPairs
from gatepass.keys.pair import KeyPair
from gatepass.keys.validity import Status, require_aware

_LONGEST_FIRST = sorted(SESSION_ID_LENGTHS, reverse=True)


class KeyRing:
    """Key pairs of any number of sessions, at most two each. Immutable.

    Raises `KeySourceError` when a session has more than two pairs or two pairs share an Access
    Key ID.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[KeyPair]) -> None:
        # If the pairs are refused, a traceback that shows local variables shows this ring, too.
        self._pairs: FoundPairs = ListedPairs(())
        found = hasattr(pairs, "of_session")
        self._pairs = cast(FoundPairs, pairs) if found else ListedPairs(pairs)

    def __iter__(self) -> Iterator[KeyPair]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"<KeyRing of {counted(len(self), 'pair')} for {_list(self.sessions)}>"

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""
        return self._pairs.sessions

    def pairs_for(self, sender_comp_id: str) -> tuple[KeyPair, ...]:
        """Return the pairs of the session that a SenderCompID (49) belongs to, or none.

        If a session of 3 and one of 6 characters match, it is the longer one.
        """
        serving = self.serving(sender_comp_id)
        return tuple(pair for pair in serving if pair.session == serving[0].session)

    def serving(self, sender_comp_id: str) -> tuple[KeyPair, ...]:
        """Return the pairs of every session that serves a SenderCompID, the longest session first.

        A Logon may name any of them; `pairs_for` returns those that are used by default.
        """
        found: tuple[KeyPair, ...] = ()
        for length in _LONGEST_FIRST:
            if len(sender_comp_id) >= length:
                found += self._pairs.of_session(sender_comp_id[:length])
        return found

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID, valid or not; ``None`` if there is none."""
        return self._pairs.find(access_key_id)

    def choose(
        self, sender_comp_id: str, at: datetime, access_key_id: str | None = None
    ) -> KeyPair:
        """Choose the pair to sign a logon of ``sender_comp_id`` with at time ``at``.

        It is the pair created last among those valid at ``at``; of two from one day, the one that
        expires last, then the one later in the file. CME's rule is not public. With an
        ``access_key_id``, it is that pair, of any session that serves the SenderCompID.

        Raises `UnknownSessionError`, `UnknownAccessKeyError`, `PairExpiredError` or
        `PairNotYetValidError`, and `ValueError` when ``at`` has no time zone.
        """
        require_aware(at)
        candidates: Sequence[KeyPair] = self.pairs_for(sender_comp_id)
        if not candidates:
            raise UnknownSessionError(
                f"there is no key pair for session {sender_comp_id[:3]!r}, the start of"
                f" SenderCompID (49); sessions with key pairs: {_list(self.sessions)}"
            )
        if access_key_id is not None:
            candidates = self._named(access_key_id, sender_comp_id)
        active = [pair for pair in candidates if pair.status(at) is Status.ACTIVE]
        if not active:
            raise _none_valid(candidates, at)
        # max() takes the first of equals, but the one later in the file must be chosen.
        return max(reversed(active), key=_age_order)

    def warnings(self, at: datetime) -> list[ExpiryWarning]:
        """Return a warning for each pair that expires within `WARNING_DAYS` of ``at``."""
        due = (expiry_warning(pair, at) for pair in self._pairs)
        return [warning for warning in due if warning is not None]

    @property
    def unusual(self) -> tuple[KeyPair, ...]:
        """The pairs whose secret key has a length that CME's keys do not have."""
        return self._pairs.unusual

    def _named(self, access_key_id: str, sender_comp_id: str) -> list[KeyPair]:
        serving = self.serving(sender_comp_id)
        named = [pair for pair in serving if pair.access_key_id == access_key_id]
        if not named:
            # What was asked for is not repeated: it may be a secret put in the wrong place.
            known = ", ".join(pair.access_key_id for pair in serving)
            raise UnknownAccessKeyError(
                f"session {serving[0].session} has no key pair with the Access Key ID asked for;"
                f" it has {known}"
            )
        return named


def _list(sessions: Sequence[str], most: int = 20) -> str:
    """Name sessions for a message, which must stay readable with thousands of them."""
    shown = ", ".join(sessions[:most]) or "none"
    return shown if len(sessions) <= most else f"{shown} and {len(sessions) - most} more"


def _age_order(pair: KeyPair) -> tuple[date, date]:
    return pair.created or date.min, pair.expires or date.max


def _none_valid(pairs: Sequence[KeyPair], at: datetime) -> KeyChoiceError:
    """Say for each pair why it is not valid; a future pair decides the type of the error."""
    waiting = any(pair.status(at) is Status.NOT_YET_VALID for pair in pairs)
    reasons = "; ".join(
        f"{pair.access_key_id} is not valid before {pair.valid_from}"
        if pair.status(at) is Status.NOT_YET_VALID
        else f"{pair.access_key_id} expired at {pair.valid_until}"
        for pair in pairs
    )
    kind = PairNotYetValidError if waiting else PairExpiredError
    remedy = (
        "wait, or check this machine's clock"
        if waiting
        else "generate a new pair at the Request Center"
    )
    when = f"{at:%Y-%m-%d %H:%M:%S %Z}"
    return kind(f"session {pairs[0].session} has no valid key pair at {when}: {reasons}: {remedy}")
