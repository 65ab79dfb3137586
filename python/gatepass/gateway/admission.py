"""Whether a Logon is admitted: every check in order, the words for the client, and the truth.

No I/O and no clock: the time is handed in. What the client is told and why it really was refused
are two things; only the gateway's own log has the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gatepass.gateway.port import CLOSED_TEXT, Port
from gatepass.gateway.rules import INVALID_LOGON, LOGON_RULES, Rule
from gatepass.session.message import LOGON, Message
from gatepass.session.numbers import Numbers
from gatepass.session.scenarios import at_week
from gatepass.session.store import Store
from gatepass.signing import LogonVerifier

#: For every failure of the signature, the key or the time, so that the wire never tells which.
SECURE_LOGON = "Invalid Logon. Logout Forced"
PRIMARY_FIRST = "Invalid Logon. Must be logged on to Primary. Logout forced."


@dataclass(slots=True)
class Account:
    """What a gateway knows of one session: its numbers, its ports, and whether it is on."""

    store: Store
    port: Port
    primary_on: bool = False
    backup_on: bool = False

    def fail_over(self, jump: int, now: datetime) -> Numbers:
        """Note that the primary gateway is gone; give the numbers, which rise by `jump`.

        Raises `StoreError` if they cannot be kept: then nothing has changed.
        """
        numbers = at_week(self.store.load(), now)
        if jump and numbers.begun:
            numbers = replace(numbers, next_out=numbers.next_out + jump)
            self.store.save(numbers)
        self.primary_on = self.backup_on = False
        return numbers


@dataclass(frozen=True, slots=True)
class Admitted:
    """The Logon is good: the numbers before it, and the role to assign."""

    numbers: Numbers
    indicator: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The Logon is bad: ``text`` for the client, ``reason`` for the log.

    ``numbers`` are those the Logout is written with, ``None`` for those of a live connection;
    ``counted`` says that they are the account's, to be kept there.
    """

    text: str
    reason: str
    numbers: Numbers | None
    counted: bool = False


class Admission:
    """Judges Logons; `account_of` gives the account of a SenderCompID without its indicator."""

    def __init__(
        self,
        verifier: LogonVerifier,
        rules: tuple[Rule, ...],
        account_of: Callable[[str], Account],
    ) -> None:
        self._verifier = verifier
        self._rules = rules
        self._account_of = account_of

    def judge(
        self, logon: Message, now: datetime, *, backup: bool = False, in_session: bool = False
    ) -> Admitted | Refused:
        """Judge a Logon, or another message where a Logon was due. Counts an invalid one.

        A backup connection has numbers of its own, which begin with those of its Logon and at 1
        (CME's rule is not public).
        """
        sender = logon.get(49) or ""
        account = self._account_of(sender[:-1])
        numbers = at_week(account.store.load(), now)
        if backup:
            numbers = replace(numbers, next_out=1, next_in=max(1, logon.msg_seq_num or 1))
        if account.port.closed:
            return self._refuse(
                CLOSED_TEXT, "the port is closed", numbers, account, backup, in_session
            )
        found = self._fault(logon, numbers, account, now, backup, in_session)
        if found is None:
            return self._admit(logon, numbers, sender, backup)
        text, reason = found
        if account.port.count_invalid(now):
            text, reason = CLOSED_TEXT, f"{reason}; fifth invalid logon in a minute"
        return self._refuse(text, reason, numbers, account, backup, in_session)

    def _refuse(
        self,
        text: str,
        reason: str,
        numbers: Numbers,
        account: Account,
        backup: bool,
        in_session: bool,
    ) -> Refused:
        """Number the Logout that refuses; CME's rule is not public.

        It is the session's next message once the week has begun, so that both sides agree on what
        comes next. It is not where the session counts elsewhere, on a live connection; nor before
        the week's first Logon, when a failure leaves both numbers at 1.
        """
        if in_session:
            return Refused(text, reason, None)
        counted = numbers.begun and not backup and not account.primary_on
        if not counted:
            numbers = replace(numbers, next_out=1)
        return Refused(text, reason, numbers, counted)

    def _admit(self, logon: Message, numbers: Numbers, sender: str, backup: bool) -> Admitted:
        indicator = "N" if sender[-1] == "N" else "B" if backup else "P"
        if logon.get(141) == "Y":
            numbers = replace(numbers, next_in=1, next_out=1)
        return Admitted(replace(numbers, begun=True), indicator)

    def _fault(
        self,
        logon: Message,
        numbers: Numbers,
        account: Account,
        now: datetime,
        backup: bool,
        in_session: bool,
    ) -> tuple[str, str] | None:
        """Find the first fault: the words for the client, and the reason."""
        if logon.msg_type != LOGON:
            text = "Non logon message received while not logged on."
            return text, f"message type {logon.msg_type} instead of a Logon"
        for rule in (*self._rules, *LOGON_RULES):
            finding = rule.look(logon)
            if finding is not None:
                return finding.text, f"tag {finding.tag}: {finding.text}"
        verdict = self._verifier.verify(logon.wire, at=now)
        if not verdict.valid:
            failed = ", ".join(f"{check.name}: {check.detail}" for check in verdict.failed)
            return SECURE_LOGON, failed
        return self._scenario_fault(logon, numbers, account, backup, in_session)

    def _scenario_fault(
        self,
        logon: Message,
        numbers: Numbers,
        account: Account,
        backup: bool,
        in_session: bool,
    ) -> tuple[str, str] | None:
        number, indicator, reset = logon.msg_seq_num, (logon.get(49) or "")[-1:], logon.get(141)
        if in_session:
            if backup:
                return INVALID_LOGON, "in-session logon on the backup, whose numbers are its own"
            if reset != "Y":
                return INVALID_LOGON, "in-session logon without ResetSeqNumFlag (141) Y"
            if number != 1:
                return "In session logon message must have 34=1. Logout forced.", "34 is not 1"
            return None
        if reset == "Y":
            return INVALID_LOGON, "ResetSeqNumFlag (141) is Y, but the session is not logged on"
        if indicator not in "UN":
            text = f"Received initial logon message with Primary Indication = ({indicator})"
            return f"{text} + Expected U or N", "the first logon must carry U or N"
        if backup and indicator == "N":
            return INVALID_LOGON, "a session without fault tolerance (N) has no backup"
        if backup and not account.primary_on:
            return PRIMARY_FIRST, "the primary is not logged on"
        if account.backup_on if backup else account.primary_on:
            return INVALID_LOGON, "the session is logged on already"
        if number is None or number < numbers.next_in:
            text = f"MsgSeqNum (34) too low: expected {numbers.next_in}, received {logon.get(34)}"
            return text, text
        return None
