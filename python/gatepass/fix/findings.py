"""What is found out about a Logon: facts only. `gatepass.fix.checks` says them in words."""

from __future__ import annotations

from datetime import datetime

from gatepass._native import Logon
from gatepass.errors import LogonError
from gatepass.fix.notation import visible
from gatepass.fix.right_signature import Signed
from gatepass.fix.sending_time import parse_sending_time
from gatepass.fix.window import SendingTimeWindow
from gatepass.keys import KeyPair, KeyRing, Status
from gatepass.values import value


@value
class Findings:
    """What was found out about a Logon, at a `moment`; without one, nothing depends on the time.

    ``sender`` and ``stamp`` are 49 and 52, made visible: a sender may have put a terminal's control
    codes into them. What is missing or malformed is ``None``; the `logon` raises the reason.
    ``serving`` are the pairs of its session, ``pair`` is the one that it names.
    """

    logon: Logon
    moment: datetime | None
    sender: str | None
    stamp: str | None
    sent: datetime | None
    canonical: bytes | None
    named: str | None
    signature: bytes | None
    serving: tuple[KeyPair, ...]
    pair: KeyPair | None
    status: Status | None
    is_in_time: bool
    #: ``None`` if there is nothing to compare.
    matches: bool | None

    @property
    def signed(self) -> Signed | None:
        """The signature, if it is right, and pair and time are valid at the moment."""
        if self.matches and self.is_in_time and self.status and self.sent and self.signature:
            return Signed(self.signature, self.sent, is_right=True)
        return None


def find_out(
    logon: Logon, ring: KeyRing, window: SendingTimeWindow, moment: datetime | None
) -> Findings:
    """Find out everything, whatever else is wrong."""
    sender, stamp = _visible(logon.sender_comp_id), _visible(logon.sending_time)
    named = status = matches = pair = None
    try:
        canonical = logon.canonical
    except LogonError:
        canonical = None
    try:
        named = visible(logon.access_key_id)
        signature = logon.signature
    except LogonError:
        signature = None
    try:
        sent = None if stamp is None else parse_sending_time(stamp)
    except ValueError:
        sent = None
    serving = ring.serving(sender) if sender else ()
    for each in serving:
        if each.access_key_id == named:
            pair = each
            break
    is_in_time = moment is not None and sent is not None and window.allows(moment - sent)
    if pair is not None:
        status = None if moment is None else pair.status(moment)
        if canonical is not None and signature is not None:
            matches = pair.signing_key.verify(canonical, signature)
    return Findings(
        logon,
        moment,
        sender,
        stamp,
        sent,
        canonical,
        named,
        signature,
        serving,
        pair,
        status,
        is_in_time,
        matches,
    )


def _visible(value: bytes | None) -> str | None:
    return None if value is None else visible(value)
