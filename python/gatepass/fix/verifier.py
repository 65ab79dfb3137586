"""Verify a signed Logon as CME Globex does, with the result of each check."""

from __future__ import annotations

from datetime import UTC, datetime

from gatepass.arguments import a_time, refuse
from gatepass.errors import LogonError
from gatepass.fix.arguments import flag, read_logon, whole
from gatepass.fix.checks import check_values, unreadable, verdict_of
from gatepass.fix.findings import find_out
from gatepass.fix.right_signature import Signed, read_signed
from gatepass.fix.window import SendingTimeWindow
from gatepass.keys import Keys, as_source
from gatepass.signing.replay import Noted, ReplayMemory
from gatepass.signing.verdict import Check, Outcome, Verdict


class LogonVerifier:
    """Verifies Logons with the key pairs of a key source, read again for each Logon.

    ``keys`` is a key source, a `KeyRing`, or the path of a key file, whose changes are followed.

    A `replays` memory remembers every Logon with a right signature, whatever else is wrong with it
    (unless it arrives too late: a caller may judge by any time). When it arrives again, its verdict
    is invalid (the check ``replay``). Without a memory, the same Logon is valid any number of times
    within its window, as is necessary to verify a record.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        window: SendingTimeWindow | None = None,
        replays: ReplayMemory | None = None,
    ) -> None:
        self._keys = as_source(keys)
        if not (window is None or isinstance(window, SendingTimeWindow)):
            raise refuse("window", window, "a SendingTimeWindow or None")
        if not (replays is None or isinstance(replays, ReplayMemory)):
            raise refuse("replays", replays, "a ReplayMemory or None")
        self.window = window or SendingTimeWindow()
        self._replays = replays

    def __repr__(self) -> str:
        return f"<LogonVerifier with keys from {self._keys!r}>"

    def verify(
        self,
        logon: bytes,
        *,
        at: datetime | None = None,
        any_time: bool = False,
        logged_on: bool | None = None,
    ) -> Verdict:
        """Make every check that is possible, and return the result of each.

        `at` is the time to judge by; the default is now. `any_time`, for logons from a record,
        omits what depends on the time: age, validity of the pair, and replay. `logged_on` says
        whether the session is already logged on; by default ResetSeqNumFlag (141) decides. A bad
        Logon is a failed check, not an error. Raises `gatepass.errors.ArgumentError` if `at` has no
        time zone, `FramingError` if `logon` is not bytes.
        """
        ring = self._keys.ring
        message = whole(logon)
        given = None if at is None else a_time(at)
        moment = None if flag(any_time, "any_time") else given or datetime.now(UTC)
        if logged_on is not None:
            flag(logged_on, "logged_on")
        try:
            parsed = read_logon(message)
        except LogonError as error:
            if self._replays is not None and moment is not None:
                self.note_refused(self._replays, message, moment, late=False)
            return unreadable(error)
        found = find_out(parsed, ring, self.window, moment)
        field_values = check_values(parsed, logged_on=logged_on)
        verdict = verdict_of(found, ring, self.window, field_values)
        if self._replays is None or moment is None:
            return verdict
        replay = Check("replay", Outcome.NOT_CHECKED, "")
        signed = found.signed if field_values else None
        if signed is not None:
            until = self.window.until(signed.sending_time)
            recall = self._replays.accept(signed.signature, until, moment)
            replay = Check("replay", Outcome.PASSED if recall else Outcome.FAILED, recall.value)
        else:
            self.note_refused(self._replays, message, moment, late=False)
        checks = (*verdict.checks, replay)
        return Verdict(checks, verdict.sender_comp_id, verdict.access_key_id)

    def examine(self, logon: bytes, at: datetime) -> Signed | Verdict:
        """Verify a Logon whose field values a gateway has already checked.

        Returns its signature if it is valid, otherwise the verdict. Remembers nothing.
        """
        try:
            parsed = read_logon(logon)
        except LogonError as error:
            return unreadable(error)
        ring = self._keys.ring
        found = find_out(parsed, ring, self.window, at)
        return found.signed or verdict_of(found, ring, self.window)

    def note_refused(
        self, memory: ReplayMemory, logon: bytes, at: datetime, *, late: bool = True
    ) -> None:
        """Let a memory remember a refused Logon, unless its signature is wrong.

        Otherwise an eavesdropper could use it later, or with other values in unsigned fields. One
        that arrived too `late` could be accepted after the clock is set back.
        """
        signed = read_signed(logon, self._keys.ring)
        if signed is None:
            return
        until = self.window.until(signed.sending_time)
        noted = Noted.RIGHT if signed.is_right else Noted.UNKNOWN
        if signed.is_right and signed.sending_time - at > self.window.max_ahead:
            noted = Noted.AHEAD
        if late or at <= until:
            memory.note(signed.signature, until, at, noted)
