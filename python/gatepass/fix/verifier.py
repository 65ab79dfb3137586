"""Verify a signed Logon as CME Globex does, with the result of each check."""

from __future__ import annotations

from datetime import UTC, datetime

from gatepass._native import PROFILES, Logon, logon_faults
from gatepass.arguments import a_time, refuse
from gatepass.errors import LogonError
from gatepass.fix.arguments import flag, read_logon, whole
from gatepass.fix.notation import visible
from gatepass.fix.right_signature import Signed, read_signed
from gatepass.fix.window import SendingTimeWindow, read_time
from gatepass.keys import KeyPair, KeyRing, Keys, Status, as_source
from gatepass.keys.likely_secret import hidden
from gatepass.signing.replay import Noted, ReplayMemory
from gatepass.signing.verdict import Check, Outcome, Verdict

_TAGS = tuple(tag for tag, _ in PROFILES["fix-logon"])
_SENDER_COMP_ID = _TAGS.index(49)
_SENDING_TIME = _TAGS.index(52)

#: Every check, in the order in which it is made.
CHECKS = (
    "message",
    "signed fields",
    "field values",
    "credentials",
    "session",
    "access key",
    "key validity",
    "sending time",
    "signature",
)


_MESSAGE_PASSED = Check("message", Outcome.PASSED, "one whole, intact Logon")
_SIGNED_PASSED = Check("signed fields", Outcome.PASSED, f"all {len(_TAGS)} present and legal")
_VALUES_PASSED = Check("field values", Outcome.PASSED, "each is one that CME's tables allow")
_CREDENTIALS_PASSED = Check("credentials", Outcome.PASSED, "355, 1400 and 1402 are well-formed")


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
            return _unreadable(error)
        verdict, signed = self._verify(parsed, ring, moment, _field_values(parsed, logged_on))
        if self._replays is None or moment is None:
            return verdict
        replay = Check("replay", Outcome.NOT_CHECKED, "")
        if signed is not None:
            until = self.window.until(signed.sending_time)
            recall = self._replays.accept(signed.signature, until, moment)
            replay = Check("replay", Outcome.PASSED if recall else Outcome.FAILED, recall.value)
        else:
            self.note_refused(self._replays, message, moment, late=False)
        checks = (*verdict.checks, replay)
        return Verdict(checks, verdict.sender_comp_id, verdict.access_key_id)

    def examine(self, logon: bytes, at: datetime) -> tuple[Verdict, Signed | None]:
        """Verify a Logon whose field values a gateway has already checked.

        Also returns its signature if the verdict is valid. Remembers nothing.
        """
        try:
            parsed = read_logon(logon)
        except LogonError as error:
            return _unreadable(error), None
        return self._verify(parsed, self._keys.ring, at, _VALUES_PASSED)

    def _verify(
        self, logon: Logon, ring: KeyRing, moment: datetime | None, field_values: Check
    ) -> tuple[Verdict, Signed | None]:
        checks = [_MESSAGE_PASSED]
        # Made visible: a sender may have put a terminal's control codes into it.
        values = logon.values
        sender, stamp = _visible(values[_SENDER_COMP_ID]), _visible(values[_SENDING_TIME])
        sent = None if stamp is None else read_time(stamp)
        canonical = _signed_fields(logon, checks)
        checks.append(field_values)
        signature = _credentials(logon, checks)
        pair = _pair(logon, ring, sender, checks)
        if moment is not None:
            if pair is not None:
                checks.append(_key_validity(pair, moment))
            if sent is not None:
                late = sent if isinstance(sent, Check) else self.window.check_age(moment - sent)
                checks.append(late)
        if pair is not None and canonical is not None and signature is not None:
            checks.append(_signature(pair, canonical, signature))
        name = None if sender is None else hidden(sender, 49)
        verdict = Verdict(_complete(checks), name, None if pair is None else pair.access_key_id)
        if verdict.valid and signature is not None and isinstance(sent, datetime):
            return verdict, Signed(signature, sent, is_right=True)
        return verdict, None

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


def _visible(value: bytes | None) -> str | None:
    return None if value is None else visible(value)


def _signed_fields(logon: Logon, checks: list[Check]) -> bytes | None:
    try:
        canonical = logon.canonical
    except LogonError as error:
        checks.append(Check("signed fields", Outcome.FAILED, str(error)))
        return None
    checks.append(_SIGNED_PASSED)
    return canonical


def _field_values(logon: Logon, logged_on: bool | None) -> Check:
    """Check values against CME's tables, which need no state."""
    faults = logon_faults(logon.message, logged_on=logged_on)
    if not faults:
        return _VALUES_PASSED
    return Check("field values", Outcome.FAILED, "; ".join(why for _, _, _, why in faults))


def _credentials(logon: Logon, checks: list[Check]) -> bytes | None:
    try:
        logon.access_key_id  # noqa: B018 - raises if it is not there
        signature = logon.signature
    except LogonError as error:
        checks.append(Check("credentials", Outcome.FAILED, str(error)))
        return None
    checks.append(_CREDENTIALS_PASSED)
    return signature


def _pair(
    logon: Logon, ring: KeyRing, sender_comp_id: str | None, checks: list[Check]
) -> KeyPair | None:
    """Find the pair that the Logon names; it must belong to the session in tag 49."""
    if not sender_comp_id:
        return None
    pairs = ring.serving(sender_comp_id)
    if not pairs:
        detail = f"Session ID {sender_comp_id[:3]} of SenderCompID (49) has no key pair here"
        checks.append(Check("session", Outcome.FAILED, detail))
        return None
    session = pairs[0].session
    detail = f"Session ID {session} has {len(pairs)} key pair{'s' if len(pairs) > 1 else ''}"
    checks.append(Check("session", Outcome.PASSED, detail))
    try:
        named = visible(logon.access_key_id)
    except LogonError:
        return None
    for pair in pairs:
        if pair.access_key_id == named:
            checks.append(Check("access key", Outcome.PASSED, f"{named} is a pair of {session}"))
            return pair
    other = ring.find(named)
    detail = (
        f"EncodedText (355) names an Access Key ID of session {other.session}, not of {session}"
        if other is not None
        else f"EncodedText (355) names no Access Key ID of session {session}: mistyped, or deleted"
    )
    checks.append(Check("access key", Outcome.FAILED, detail))
    return None


def _key_validity(pair: KeyPair, moment: datetime) -> Check:
    status, name = pair.status(moment), pair.access_key_id
    if status is Status.ACTIVE:
        detail = f"{name} is active, expires {pair.expires or 'at no known date'}"
        return Check("key validity", Outcome.PASSED, detail)
    detail = f"{name} is not valid before {pair.created}"
    if status is Status.EXPIRED:
        detail = f"{name} expired {pair.expires}: use the session's other pair, or make a new one"
    return Check("key validity", Outcome.FAILED, detail)


def _signature(pair: KeyPair, canonical: bytes, signature: bytes) -> Check:
    if pair.signing_key.verify(canonical, signature):
        return Check(
            "signature", Outcome.PASSED, f"made with the secret key of {pair.access_key_id}"
        )
    detail = "EncryptedPassword (1402) is not the signature of this Logon with this secret key"
    return Check("signature", Outcome.FAILED, detail)


def _unreadable(error: LogonError) -> Verdict:
    return Verdict(_complete([Check("message", Outcome.FAILED, str(error))]))


def _complete(checks: list[Check]) -> tuple[Check, ...]:
    """Return all checks in order; those that were not made say so."""
    if len(checks) == len(CHECKS):
        return tuple(checks)  # already in this order
    made = {check.name: check for check in checks}
    return tuple(made.get(name, Check(name, Outcome.NOT_CHECKED, "")) for name in CHECKS)
