"""What a gateway remembers of the Logons that have come, on all its ports."""

from __future__ import annotations

from datetime import datetime

from gatepass._native import Logon
from gatepass.fix.message import Message
from gatepass.fix.sending_time import parse_sending_time
from gatepass.fix.verifier import LogonVerifier
from gatepass.signing.replay import Recall, ReplayMemory


class Replays:
    """Finds a Logon that came before; the `verifier` says how old SendingTime (52) may be.

    Gateways that are handed one `memory` know what has come to each.
    """

    def __init__(self, verifier: LogonVerifier, memory: ReplayMemory | None = None) -> None:
        self._verifier = verifier
        self._memory = ReplayMemory() if memory is None else memory

    def look(self, logon: Message, now: datetime) -> Recall:
        """Tell whether a Logon with a good signature may be admitted."""
        return self._memory.look(Logon(logon.wire).signature, now)

    def remember(self, logon: Message, now: datetime) -> None:
        """Note that a Logon is admitted."""
        until = self._verifier.window.until(parse_sending_time(logon.get(52) or ""))
        self._memory.accept(Logon(logon.wire).signature, until, now)

    def note(self, logon: bytes, now: datetime) -> None:
        """Note a Logon that was not admitted, for whatever reason, if its signature is right."""
        self._verifier.note_refused(self._memory, logon, now)
