"""The checks of a Logon in words, made from what was found out."""

from __future__ import annotations

from collections.abc import Callable

from gatepass._native import PROFILES, Logon, logon_faults
from gatepass.counting import counted
from gatepass.errors import LogonError
from gatepass.fix.findings import Findings
from gatepass.fix.window import SendingTimeWindow
from gatepass.keys import KeyPair, KeyRing, Status
from gatepass.keys.likely_secret import hidden
from gatepass.signing.verdict import Check, Outcome, Verdict

_SIGNED = len(PROFILES["fix-logon"])

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
_SIGNED_PASSED = Check("signed fields", Outcome.PASSED, f"all {_SIGNED} present and legal")
VALUES_PASSED = Check("field values", Outcome.PASSED, "each is one that CME's tables allow")
_CREDENTIALS_PASSED = Check("credentials", Outcome.PASSED, "355, 1400 and 1402 are well-formed")


def verdict_of(
    found: Findings, ring: KeyRing, window: SendingTimeWindow, field_values: Check = VALUES_PASSED
) -> Verdict:
    """Say what was found out, check by check."""
    checks = [_MESSAGE_PASSED, _signed_fields(found), field_values, _credentials(found)]
    if found.sender:
        checks.append(_session(found, found.sender))
        if found.serving and found.named is not None:
            checks.append(_access_key(found, found.named, ring))
    if found.moment is not None:
        if found.pair is not None and found.status is not None:
            checks.append(_key_validity(found.pair, found.status))
        if found.stamp is not None:
            checks.append(window.check(found.stamp, found.moment))
    if found.pair is not None and found.matches is not None:
        checks.append(_signature(found.pair, matches=found.matches))
    name = None if found.sender is None else hidden(found.sender, 49)
    return Verdict(
        _complete(checks), name, None if found.pair is None else found.pair.access_key_id
    )


def unreadable(error: LogonError) -> Verdict:
    """Say why a message cannot be read."""
    return Verdict(_complete([Check("message", Outcome.FAILED, str(error))]))


def check_values(logon: Logon, *, logged_on: bool | None) -> Check:
    """Check values against CME's tables, which need no state."""
    faults = logon_faults(logon.message, logged_on=logged_on)
    if not faults:
        return VALUES_PASSED
    return Check("field values", Outcome.FAILED, "; ".join(why for _, _, _, why in faults))


def _signed_fields(found: Findings) -> Check:
    if found.canonical is not None:
        return _SIGNED_PASSED
    return Check("signed fields", Outcome.FAILED, _why(lambda: found.logon.canonical))


def _credentials(found: Findings) -> Check:
    if found.signature is not None:
        return _CREDENTIALS_PASSED
    logon = found.logon
    why = _why(lambda: (logon.access_key_id, logon.signature))
    return Check("credentials", Outcome.FAILED, why)


def _why(read: Callable[[], object]) -> str:
    """Return why a part of a Logon cannot be read."""
    try:
        read()
    except LogonError as error:
        return str(error)
    raise AssertionError("it was missing before")


def _session(found: Findings, sender_comp_id: str) -> Check:
    pairs = found.serving
    if not pairs:
        detail = f"Session ID {sender_comp_id[:3]} of SenderCompID (49) has no key pair here"
        return Check("session", Outcome.FAILED, detail)
    detail = f"Session ID {pairs[0].session} has {counted(len(pairs), 'key pair')}"
    return Check("session", Outcome.PASSED, detail)


def _access_key(found: Findings, named: str, ring: KeyRing) -> Check:
    """The pair that the Logon names must belong to the session in tag 49."""
    session = found.serving[0].session
    if found.pair is not None:
        return Check("access key", Outcome.PASSED, f"{named} is a pair of {session}")
    other = ring.find(named)
    detail = (
        f"EncodedText (355) names an Access Key ID of session {other.session}, not of {session}"
        if other is not None
        else f"EncodedText (355) names no Access Key ID of session {session}: mistyped, or deleted"
    )
    return Check("access key", Outcome.FAILED, detail)


def _key_validity(pair: KeyPair, status: Status) -> Check:
    name = pair.access_key_id
    if status is Status.ACTIVE:
        detail = f"{name} is active, expires {pair.expires or 'at no known date'}"
        return Check("key validity", Outcome.PASSED, detail)
    detail = f"{name} is not valid before {pair.created}"
    if status is Status.EXPIRED:
        detail = f"{name} expired {pair.expires}: use the session's other pair, or make a new one"
    return Check("key validity", Outcome.FAILED, detail)


def _signature(pair: KeyPair, *, matches: bool) -> Check:
    if matches:
        return Check(
            "signature", Outcome.PASSED, f"made with the secret key of {pair.access_key_id}"
        )
    detail = "EncryptedPassword (1402) is not the signature of this Logon with this secret key"
    return Check("signature", Outcome.FAILED, detail)


def _complete(checks: list[Check]) -> tuple[Check, ...]:
    """Return all checks in order; those that were not made say so."""
    if len(checks) == len(CHECKS):
        return tuple(checks)  # already in this order
    made = {check.name: check for check in checks}
    return tuple(made.get(name, Check(name, Outcome.NOT_CHECKED, "")) for name in CHECKS)
