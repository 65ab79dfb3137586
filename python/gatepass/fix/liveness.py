"""Whether the other side is alive: when it was last heard, and the open Test Request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

#: Heartbeat intervals of silence after which a Test Request is sent.
SILENCE = 1.2


#: Test Requests whose late answer still counts.
_REMEMBERED = 3


@dataclass(slots=True)
class Liveness:
    """When each side was last heard, as time since the connection began (`Passage.at`).

    Signs of life are a message in sequence, one held behind a gap, and the answer to a Resend
    Request. Bytes that are not a message, and old messages that were not requested, are not. While
    a Test Request is open, any sign of life counts: the Test Request may have been garbled, or its
    answer may be waiting behind the requested messages (while an exchange answers a Resend Request,
    it sends no Heartbeat: documented by CME).
    """

    heard: timedelta | None = None
    sent: timedelta | None = None
    #: When the last Test Request was sent, if none has been answered since.
    tested: timedelta | None = None
    #: Whether nothing was heard since.
    _is_silent: bool = False
    #: The TestReqIDs whose answer counts, the latest last.
    _open: tuple[str, ...] = ()
    _tests: int = 0

    def hear(self, at: timedelta) -> None:
        """Note a sign of life."""
        self.heard, self._is_silent = at, False

    def begin_test(self, now: datetime, at: timedelta) -> str:
        """Note that a Test Request is sent; return its TestReqID (112), which contains the time."""
        self._tests += 1
        self.tested, self._is_silent = at, True
        identifier = f"{now.hour:02}{now.minute:02}{now.second:02}-{self._tests}"
        self._open = (*self._open[1 - _REMEMBERED :], identifier)
        return identifier

    def is_answered(self, identifier: str | None) -> bool:
        """Return whether a Heartbeat's TestReqID (112) answers a Test Request."""
        if identifier not in self._open:
            return False
        self.forget_tests()
        return True

    def forget_tests(self) -> None:
        """Expect no answer any more."""
        self._open = ()
        self.tested, self._is_silent = None, False

    def gone_at(self, heartbeat: timedelta) -> timedelta | None:
        """Return when the other side counts as lost: silent since a Test Request."""
        return self.tested + heartbeat if self._is_silent and self.tested is not None else None

    def test_at(self, heartbeat: timedelta) -> timedelta | None:
        """Return when a Test Request is due; ``None`` while one is open and nothing was heard."""
        return None if self._is_silent or self.heard is None else self.heard + _patience(heartbeat)

    def heartbeat_at(self, heartbeat: timedelta) -> timedelta | None:
        """Return when a Heartbeat is due."""
        return None if self.sent is None else self.sent + heartbeat


@cache
def _patience(heartbeat: timedelta) -> timedelta:
    return heartbeat * SILENCE
