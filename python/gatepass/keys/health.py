"""The health of a session's key pairs: which one it uses, and whether that one expires soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gatepass.errors import KeyChoiceError
from gatepass.keys.expiry import WARNING_DAYS, ExpiryWarning, expiry_warning
from gatepass.keys.identifiers import SessionId
from gatepass.keys.pair import KeyPair
from gatepass.keys.ring import KeyRing


@dataclass(frozen=True, slots=True)
class SessionHealth:
    """One session and its pairs at one time.

    ``used`` is the pair that `KeyRing.choose` returns, ``problem`` why it returns none, ``warning``
    says that the pair in use expires soon, ``cut`` that its secret key has a length that CME's keys
    do not have. True exactly when it is `healthy`.
    """

    session: SessionId
    pairs: tuple[KeyPair, ...]
    used: KeyPair | None
    problem: KeyChoiceError | None
    warning: ExpiryWarning | None
    cut: str | None = None

    def __bool__(self) -> bool:
        return self.healthy

    @property
    def healthy(self) -> bool:
        """Whether there is a pair to use, its key is complete, and it does not expire soon.

        Another pair of the session may expire: that is how pairs are rotated.
        """
        return self.used is not None and self.warning is None and self.cut is None


def session_health(
    ring: KeyRing, at: datetime, within: int = WARNING_DAYS[0]
) -> tuple[SessionHealth, ...]:
    """Judge every session of a ring at the time ``at``, in the ring's order.

    A pair in use that has no more than ``within`` days left expires soon.

    Raises `ValueError` when ``at`` has no time zone.
    """
    return tuple(_judge(ring, session, at, within) for session in ring.sessions)


def _judge(ring: KeyRing, session: SessionId, at: datetime, within: int) -> SessionHealth:
    used, problem = None, None
    try:
        used = ring.choose(session, at)
    except KeyChoiceError as error:
        problem = error
    return SessionHealth(
        session=session,
        pairs=ring.pairs_for(session),
        used=used,
        problem=problem,
        warning=None if used is None else expiry_warning(used, at, within),
        cut=None if used is None else used.length_warning,
    )
