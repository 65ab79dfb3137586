"""How far SendingTime (52) may be from the verifier's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatepass.arguments import refuse
from gatepass.errors import ArgumentError
from gatepass.fix.sending_time import parse_sending_time
from gatepass.fix.time_zones import zone_hint
from gatepass.signing.verdict import Check, Outcome


@dataclass(frozen=True, slots=True)
class SendingTimeWindow:
    """How far SendingTime (52) may be from the verifier's clock.

    CME documents that a Logon older than five seconds is refused. Its rule for a time in the future
    is not public; five seconds is our choice. Raises `gatepass.errors.ArgumentError` for a negative
    limit.
    """

    max_age: timedelta = timedelta(seconds=5)
    max_ahead: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        for name in ("max_age", "max_ahead"):
            span = getattr(self, name)
            if not isinstance(span, timedelta):
                raise refuse(name, span, "a timedelta")
            if span < timedelta(0):
                raise ArgumentError(f"{name} is less than nothing: give a timedelta from 0", name)

    def until(self, sending_time: datetime) -> datetime:
        """Return the moment after which this SendingTime is too old, at most the last possible."""
        try:
            return sending_time + self.max_age
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def allows(self, age: timedelta) -> bool:
        """Return whether a Logon may have this age; a negative age is in the future."""
        return -self.max_ahead <= age <= self.max_age

    def check(self, sending_time: str, at: datetime) -> Check:
        """Check a SendingTime, as in the message, against the time `at`."""
        try:
            age = at - parse_sending_time(sending_time)
        except ValueError as error:
            return Check("sending time", Outcome.FAILED, str(error))
        if self.allows(age):
            return Check("sending time", Outcome.PASSED, f"{_seconds(age)} old")
        span, limit, where = age, self.max_age, "old"
        advice = "check the clock, and send it as soon as it is signed"
        if age < -self.max_ahead:
            span, limit, where = -age, self.max_ahead, "in the future"
            advice = "check the clock and that 52 is UTC"
        begin = f"SendingTime (52) is {_seconds(span)} {where}"
        detail = f"{begin}, more than {limit.total_seconds():g} s: {zone_hint(age) or advice}"
        return Check("sending time", Outcome.FAILED, detail)


def _seconds(span: timedelta) -> str:
    if span >= timedelta(days=2):
        return f"{span.days} days"
    seconds = span.total_seconds()
    return f"{seconds:.3f} s" if abs(seconds) < 120 else str(span).split(".")[0]
