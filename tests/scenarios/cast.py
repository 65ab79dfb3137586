"""The key pairs of the conversations, by name."""

from __future__ import annotations

from datetime import UTC, date, datetime

from gatepass.keys import AccessKeyId, IssuedPair, KeyRing, SecretKey, SessionId

#: A Monday morning in Chicago: every conversation begins here, in a new trading week.
START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)


def _pair(session: str, name: str, letter: str, created: date, expires: date) -> IssuedPair:
    return IssuedPair(
        session=SessionId(session),
        access_key_id=AccessKeyId(name.ljust(20, "0")),
        secret=SecretKey(letter * 42 + "A"),
        created=created,
        expires=expires,
        environment=None,
    )


_OLD, _NEW, _LATE = date(2025, 2, 3), date(2026, 1, 20), date(2027, 1, 20)
PAIRS = {
    # Session ABC has two active pairs, as in the weeks of a rotation.
    "current": _pair("ABC", "current", "a", date(2025, 2, 10), date(2026, 2, 10)),
    "next": _pair("ABC", "next", "b", _NEW, _LATE),
    "expired": _pair("EXP", "expired", "c", date(2024, 12, 1), date(2025, 12, 1)),
    "foreign": _pair("XYZ", "foreign", "d", _OLD, _LATE),
    # The right Access Key ID with another secret: the signature cannot match.
    "wrong": _pair("ABC", "current", "e", date(2025, 2, 10), date(2026, 2, 10)),
    # Unknown at the exchange.
    "unknown": _pair("ABC", "unknown", "f", _NEW, _LATE),
}
KNOWN = ("current", "next", "expired", "foreign")


class Keys:
    """The exchange's keys; a pair can be withdrawn while the exchange runs."""

    def __init__(self) -> None:
        self._names = set(KNOWN)

    @property
    def ring(self) -> KeyRing:
        """The current pairs."""
        return KeyRing(PAIRS[name].key_pair() for name in sorted(self._names))

    def withdraw(self, name: str) -> None:
        """Delete a pair."""
        self._names.remove(name)

    def issue(self, name: str) -> None:
        """Add a pair."""
        self._names.add(name)
