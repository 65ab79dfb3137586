"""Decides whether a Logon is admitted: all checks in order, the client's text and the real reason.

No I/O and no clock: the caller gives the time. The client gets a text that reveals little; only
the gateway's own log has the real reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gatepass._native import logon_faults
from gatepass.fix.exchange import OTHER_SENDER
from gatepass.fix.message import LOGON, Message
from gatepass.fix.names import INDICATORS, role_in
from gatepass.fix.replays import Replays
from gatepass.fix.right_signature import Signed
from gatepass.fix.rules import INVALID_LOGON
from gatepass.fix.scenarios import at_week
from gatepass.fix.texts import NOT_RESET
from gatepass.fix.verifier import LogonVerifier
from gatepass.fix.week import Scenario, numbers_of, week_of, with_week
from gatepass.keys.likely_secret import hidden
from gatepass.session.numbers import MAX_JUMP, Numbers
from gatepass.session.port import CLOSED_TEXT, Port
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore, Store
from gatepass.signing.replay import Recall
from gatepass.values import value

#: For every failure of signature, key or time, so that the client cannot tell which.
SECURE_LOGON = "Invalid Logon. Logout Forced"
PRIMARY_FIRST = "Invalid Logon. Must be logged on to Primary. Logout forced."


@dataclass(slots=True)
class Account:
    """What a gateway knows of one session: its numbers, its ports, and its live connections."""

    store: Store
    port: Port
    primary_on: bool = False
    backup_on: bool = False
    #: Its primary gateway failed, and the session has not logged on to a primary since.
    failed_over: bool = False

    def fail_over(self, jump: int) -> Numbers:
        """Note that the primary gateway has failed; return the numbers, which rise by `jump`.

        Raises `StoreError` if they cannot be stored: then nothing has changed.
        """
        # Whatever week it is by the clock: a live session continues.
        numbers = self.store.load()
        if jump and week_of(numbers).begun:
            numbers = numbers.with_out(numbers.next_out + jump)
            self.store.save(numbers)
        self.primary_on = self.backup_on = False
        self.failed_over = True
        return numbers


@value
class Admitted:
    """The Logon is accepted: the numbers before it, the role to assign, its scenario and pair."""

    numbers: Numbers
    role: Role
    scenario: str
    detail: str


@value
class Refused:
    """The Logon is refused: ``text`` is for the client, ``reason`` for the log.

    The Logout uses ``numbers``, or those of the live connection if ``None``. ``counted`` says that
    they belong to the account and are stored there. ``port_closed`` says that the session's ports
    are closed, by this Logon or before it; ``was_judged`` is false if it was before.
    """

    text: str
    reason: str
    numbers: Numbers | None
    counted: bool = False
    port_closed: bool = False
    was_judged: bool = True

    def __bool__(self) -> bool:
        return False


@value
class Rejected:
    """A tag of the Logon's header is wrong: the client may try again on the same connection."""

    text: str
    tag: int
    reason: str

    def __bool__(self) -> bool:
        return False


@value
class _Fault:
    """With ``tag``, the answer is a Session Level Reject (35=3), not a Logout.

    With ``first``, the Logout is the week's first message.
    """

    text: str
    reason: str
    tag: int | None = None
    first: bool = False


@value
class _Case:
    """A Logon, and when and where it arrived: on a backup's port, on the connection of ``live``."""

    logon: Message
    account: Account
    numbers: Numbers
    arrived: datetime
    backup: bool
    live: str


class Admission:
    """Judges Logons; `account_of` gives the account of a SenderCompID without its indicator.

    `target_sub_id` is what TargetSubID (57) must be: ``G``, or the market segment's two digits.
    With `replays`, a Logon is refused when it arrives again, on any port.
    """

    def __init__(
        self,
        verifier: LogonVerifier,
        target_sub_id: str,
        account_of: Callable[[str], Account],
        *,
        fault_tolerant: bool = True,
        replays: Replays | None = None,
    ) -> None:
        self._verifier = verifier
        self._target_sub_id = target_sub_id
        self._account_of = account_of
        self._fault_tolerant = fault_tolerant
        self._replays = replays

    def judge(
        self,
        logon: Message,
        now: datetime,
        *,
        arrived: datetime | None = None,
        backup: bool = False,
        live: str = "",
        steady: float | None = None,
    ) -> Admitted | Refused | Rejected:
        """Judge a Logon, or another message sent instead of one. Counts an invalid one.

        `arrived` is its arrival, by which its SendingTime and key pair are judged: it may have
        waited since then for key pairs to be read.
        `live` is the SenderCompID of the session that is logged on there, with its role; a message
        there counts for that session, whatever its own SenderCompID. A backup connection has its
        own numbers: in from that of its Logon, out from 1 (CME's rule is not public). `steady` is
        a monotonic clock in seconds, which measures the minute of port closure.
        """
        name = (live or logon.sender_comp_id)[:-1]
        # A first Logon without SenderCompID belongs to no session, and counts for none.
        account = self._account_of(name) if name else Account(MemoryStore(), Port())
        numbers = at_week(account.store.load(), now)
        # Without fault tolerance, the session itself continues at the backup's port.
        own = backup and (self._fault_tolerant or not account.failed_over)
        if own:
            numbers = Numbers(1, max(1, logon.msg_seq_num or 1), numbers.epoch)
        case = _Case(logon, account, numbers, arrived or now, own, live)
        if account.port.closed:
            self.note(logon.wire, case.arrived)
            return self._refuse(
                CLOSED_TEXT, "the port is closed", case, port_closed=True, was_judged=False
            )
        fault = self._fault(case)
        if isinstance(fault, Signed):
            account.failed_over = account.failed_over and (backup or bool(live))
            if self._replays is not None:
                self._replays.remember(fault, case.arrived)
            return self._admit(case)
        self.note(logon.wire, case.arrived)
        if account.port.count_invalid(now, steady):
            reason = f"{fault.reason}; fifth invalid logon in a minute"
            return self._refuse(CLOSED_TEXT, reason, case, port_closed=True)
        if fault.tag is not None:
            return Rejected(fault.text, fault.tag, fault.reason)
        if fault.first:
            # Its number is used up: the answer to the week's first good Logon has the next.
            numbers = with_week(Numbers(1, 1, numbers.epoch), first_in=2)
            return Refused(fault.text, fault.reason, numbers, counted=True)
        return self._refuse(fault.text, fault.reason, case)

    def note(self, wire: bytes, arrived: datetime) -> None:
        """Remember a Logon that was not admitted, or not even judged, if its signature is right.

        Otherwise an eavesdropper could log on with it as soon as the reason is gone.
        """
        if self._replays is not None:
            self._replays.note(wire, arrived)

    def _refuse(
        self,
        text: str,
        reason: str,
        case: _Case,
        *,
        port_closed: bool = False,
        was_judged: bool = True,
    ) -> Refused:
        """Number the Logout of a refusal; CME's rule is not public.

        After the week's first Logon it is the session's next message, so that both sides agree on
        the numbers. It is not if the session has a live connection elsewhere, which counts; nor
        before the week's first Logon, when a failure leaves both numbers at 1.
        """
        if case.live:
            return Refused(text, reason, None, port_closed=port_closed, was_judged=was_judged)
        numbers = case.numbers
        counted = week_of(numbers).begun and not case.backup and not case.account.primary_on
        if not counted:
            numbers = numbers.with_out(1)
        return Refused(text, reason, numbers, counted, port_closed, was_judged)

    def _admit(self, case: _Case) -> Admitted:
        sender, numbers = case.logon.sender_comp_id, case.numbers
        week = week_of(numbers)
        role = Role.BACKUP if case.backup else Role.PRIMARY
        if role_in(sender) is Role.NONE:
            role = Role.NONE
        scenario = Scenario.MID_WEEK if week.begun else Scenario.BEGINNING_OF_WEEK
        if case.logon.get(141) == "Y":
            scenario = Scenario.IN_SESSION
            numbers = numbers_of(replace(week, restarts=week.restarts + 1))
        elif not week.begun:
            numbers = numbers.with_out(max(1, week.first_in))
        kind = "on the backup" if case.backup else scenario.value
        # The pair is not hidden: it is known, however long its Access Key ID is.
        number, pair = case.logon.get(34), case.logon.get(355)
        detail = f"{kind}: 34={number} as {INDICATORS[role]}, key pair {pair}"
        return Admitted(with_week(numbers, begun=True, first_in=0), role, kind, detail)

    def _fault(self, case: _Case) -> _Fault | Signed:
        """Return the first fault, with the client's text and the reason; if none, the signature."""
        logon = case.logon
        if logon.msg_type != LOGON:
            text = "Non logon message received while not logged on."
            return _Fault(text, f"message type {hidden(logon.msg_type, 35)} instead of a Logon")
        first_indicators = "UN" if self._fault_tolerant else "N"
        faults = logon_faults(logon.wire, self._target_sub_id, first_indicators, bool(case.live))
        if faults:
            tag, text, ends, reason = faults[0]
            return _Fault(text, reason, None if ends else tag)
        if case.live and logon.sender_comp_id[:-1] != case.live[:-1]:
            return _Fault(OTHER_SENDER.text, f"this connection is that of {case.live}")
        signed = self._verifier.examine(logon.wire, case.arrived)
        if not isinstance(signed, Signed):
            failed = "; ".join(f"{check.name}: {check.detail}" for check in signed.failed)
            return _Fault(SECURE_LOGON, failed)
        recall = Recall.NEW
        if self._replays is not None:
            recall = self._replays.look(signed, case.arrived)
        replayed = None if recall else _Fault(SECURE_LOGON, f"replay: {recall.value}")
        fault = self._in_session_fault(case) if case.live else self._scenario_fault(case)
        # A refused Logon is refused for the same reason again, as long as that lasts.
        first, second = (fault, replayed) if recall is Recall.REFUSED else (replayed, fault)
        return first or second or signed

    def _in_session_fault(self, case: _Case) -> _Fault | None:
        logon = case.logon
        indicator = logon.sender_comp_id[-1:]
        if case.backup:
            reason = "in-session logon on the backup, whose numbers are its own"
            return _Fault(INVALID_LOGON, reason)
        if indicator != case.live[-1:]:
            text = f"Received invalid fault tolerance indicator = ({indicator}) Logout forced."
            return _Fault(text, f"in-session logon as {indicator}; the role is {case.live[-1:]}")
        return None

    def _scenario_fault(self, case: _Case) -> _Fault | None:
        logon, account, backup = case.logon, case.account, case.backup
        number = logon.msg_seq_num
        # A session logged on since last week has its own numbers: a refusal does not change them.
        is_first = not (week_of(case.numbers).begun or backup or account.primary_on)
        if is_first and (number != 1 or logon.get(141) == "Y"):
            words = "the week's first Logon must have 34=1, and ResetSeqNumFlag (141) N or none"
            return _Fault(NOT_RESET, words, first=True)
        if logon.get(141) == "Y":
            reason = "ResetSeqNumFlag (141) is Y, but the session is not logged on"
            return _Fault(INVALID_LOGON, reason)
        if backup and role_in(logon.get(49)) is Role.NONE and self._fault_tolerant:
            return _Fault(INVALID_LOGON, "a session without fault tolerance (N) has no backup")
        if backup and not (account.primary_on and self._fault_tolerant):
            reason = "logged on" if self._fault_tolerant else "gone: it has not failed"
            return _Fault(PRIMARY_FIRST, f"the primary is not {reason}")
        if account.backup_on if backup else account.primary_on:
            return _Fault(INVALID_LOGON, "the session is logged on already")
        if number is None or number < case.numbers.next_in:
            expected = case.numbers.next_in
            text = f"MsgSeqNum (34) too low: expected {expected}, received {logon.get(34)}"
            return _Fault(text, text)
        if number - case.numbers.next_in > MAX_JUMP:
            expected = case.numbers.next_in
            text = f"MsgSeqNum (34) too high: expected {expected}, received {number}"
            return _Fault(text, f"{text}: it would cost the week's numbers")
        return None
