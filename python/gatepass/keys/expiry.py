"""Warnings before a pair expires: which are due; each is given only once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gatepass.arguments import refuse
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.pair import KeyPair
from gatepass.keys.validity import Status

#: How many days before the Expiration Date to warn. CME's rule is not public (it sends mail to
#: the registered administrators); the first is the four weeks in which a second pair may exist.
WARNING_DAYS = (28, 14, 7, 3, 1)


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """A pair that expires soon. ``threshold`` is the entry of `WARNING_DAYS` it has reached.

    If the caller asked for fewer days, ``threshold`` is that number.
    """

    pair: KeyPair
    days_left: int
    threshold: int

    def __str__(self) -> str:
        days = {0: "today", 1: "in 1 day"}.get(self.days_left, f"in {self.days_left} days")
        return (
            f"session {self.pair.session}: key pair {self.pair.access_key_id} expires {days},"
            f" at market close of {self.pair.expires}: generate a new pair at the Request Center"
        )


def expiry_warning(
    pair: KeyPair, at: datetime, within: int = WARNING_DAYS[0]
) -> ExpiryWarning | None:
    """Return the warning that is due for a pair, or ``None``; the first is `within` days before.

    Only the closest threshold counts: 10 days before the end, it is the one of 14 days. An expired
    pair gets no warning.
    """
    days = pair.days_left(at)
    if days is None or pair.status(at) is Status.EXPIRED:
        return None
    if days > within:
        return None
    return ExpiryWarning(pair, days, min(within, reached_threshold(days) or within))


def reached_threshold(days: int) -> int | None:
    """Return the closest of `WARNING_DAYS` that is reached so many days before the end."""
    return min((threshold for threshold in WARNING_DAYS if days <= threshold), default=None)


class ExpiryReminder:
    """Lets each warning through once per pair and threshold."""

    __slots__ = ("_given",)

    def __init__(self) -> None:
        self._given: set[tuple[AccessKeyId, int]] = set()

    def unseen(self, warnings: Iterable[ExpiryWarning]) -> list[ExpiryWarning]:
        """Return the warnings that were not let through before, and remember them."""
        new = []
        for warning in warnings:
            if not isinstance(warning, ExpiryWarning):
                raise refuse("warnings", warning, "an ExpiryWarning for each")
            mark = (warning.pair.access_key_id, warning.threshold)
            if mark not in self._given:
                self._given.add(mark)
                new.append(warning)
        return new
