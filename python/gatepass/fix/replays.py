"""What a gateway remembers of the Logons received on all its ports."""

from __future__ import annotations

from datetime import datetime

from gatepass.fix.right_signature import Signed
from gatepass.fix.verifier import LogonVerifier
from gatepass.signing.replay import Recall, ReplayMemory


class Replays:
    """Finds a Logon that came before; the `verifier` defines how old SendingTime (52) may be.

    Gateways that share one `memory` know the Logons received by all of them.
    """

    def __init__(self, verifier: LogonVerifier, memory: ReplayMemory | None = None) -> None:
        self._verifier = verifier
        self._memory = ReplayMemory() if memory is None else memory

    def look(self, signed: Signed, now: datetime) -> Recall:
        """Return whether a Logon with this signature may be admitted."""
        return self._memory.look(signed.signature, now)

    def remember(self, signed: Signed, now: datetime) -> None:
        """Note that a Logon is admitted."""
        until = self._verifier.window.until(signed.sending_time)
        self._memory.accept(signed.signature, until, now)

    def note(self, logon: bytes, now: datetime) -> None:
        """Note a Logon that was not admitted, for any reason, if its signature is right."""
        self._verifier.note_refused(self._memory, logon, now)
