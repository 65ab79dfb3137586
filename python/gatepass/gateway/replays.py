"""What a gateway remembers of the Logons it has admitted, on all its ports."""

from __future__ import annotations

from datetime import datetime, timedelta

from gatepass._native import Logon
from gatepass.session.message import Message
from gatepass.signing import Recall, ReplayMemory, parse_sending_time


class Replays:
    """Finds a Logon that was admitted before; `max_age` is how old SendingTime (52) may be.

    Gateways that are handed one `memory` know what each has admitted.

    A Logon that was refused is not remembered: sent again, it is refused for the same reason.
    """

    def __init__(self, max_age: timedelta, memory: ReplayMemory | None = None) -> None:
        self._max_age = max_age
        self._memory = ReplayMemory() if memory is None else memory

    def look(self, logon: Message, now: datetime) -> Recall:
        """Tell whether a Logon with a good signature may be admitted."""
        return self._memory.look(Logon(logon.wire).signature, now)

    def remember(self, logon: Message, now: datetime) -> None:
        """Note that a Logon is admitted."""
        until = parse_sending_time(logon.get(52) or "") + self._max_age
        self._memory.accept(Logon(logon.wire).signature, until, now)
