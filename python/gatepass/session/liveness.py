"""Whether the other side is alive: when it was heard last, and the Test Request that is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Heartbeat intervals of silence after which a Test Request goes out.
SILENCE = 1.2


@dataclass(slots=True)
class Liveness:
    """When each side was heard last.

    A message in its turn, one held behind a gap and the answer to a Resend Request are signs of
    life; bytes that are no message, and old messages that nobody asked for, are none. While an
    exchange answers a Resend Request it sends no Heartbeat (documented by CME): its Test Request's
    answer stands behind all that was asked for.
    """

    heard: datetime | None = None
    sent: datetime | None = None
    #: TestReqID (112) of the Test Request that was not answered yet, and when it was sent.
    test: str | None = None
    tested: datetime | None = None
    _tests: int = 0

    def begin_test(self, now: datetime) -> str:
        """Note that a Test Request goes out; give its TestReqID (112)."""
        self._tests += 1
        self.test, self.tested = f"{now:%H%M%S}-{self._tests}", now
        return self.test

    def is_answered(self, identifier: str | None) -> bool:
        """Take a Heartbeat's TestReqID (112); tell whether it answers the open Test Request."""
        if self.test is None or identifier != self.test:
            return False
        self.test = None
        return True

    def gone_at(self, heartbeat: timedelta) -> datetime | None:
        """Say when the other side counts as gone: a Test Request is open and nothing was heard."""
        if self.test is None or self.tested is None or self.heard is None:
            return None
        return max(self.tested, self.heard) + heartbeat

    def test_at(self, heartbeat: timedelta) -> datetime | None:
        """Say when a Test Request is due; ``None`` while one is open."""
        if self.heard is None or self.test is not None:
            return None
        return self.heard + heartbeat * SILENCE

    def heartbeat_at(self, heartbeat: timedelta) -> datetime | None:
        """Say when a Heartbeat is due."""
        return None if self.sent is None else self.sent + heartbeat
