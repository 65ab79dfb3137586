"""The client's side: how it logs on, and how it handles the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gatepass._native import Logon
from gatepass.causes import Cause
from gatepass.errors import BackupError, FieldError, PeerError, StateError
from gatepass.fix import effects as fx
from gatepass.fix.addressing import ROLES, logon_fault, repeated_tag, stranger
from gatepass.fix.engine import Engine, Fields
from gatepass.fix.gap import Turn
from gatepass.fix.logon_writer import LogonWriter
from gatepass.fix.message import LOGON, LOGOUT, REJECT, Message, encode
from gatepass.fix.names import comp_id, role_in
from gatepass.fix.proposals import after_refusal, begun_again, jump, proposing
from gatepass.fix.scenarios import CLOCKS_DIFFER, at_week, choose_scenario, goes_on, until_accepted
from gatepass.fix.sending_time import format_sending_time
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import CLIENT, State, Trigger
from gatepass.fix.texts import Meaning, meaning_of
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of, with_week
from gatepass.session.numbers import MAX_NUMBER, Numbers, SentMessage
from gatepass.session.role import Role

#: Test Requests before an In-Session Logon, each after a heartbeat interval without its answer.
MOST_TESTS = 3


class ClientSession(Engine):
    """One connection of a client. Logging on: `connected`, `log_on`, `signature`.

    A ``backup`` connection has its own numbers, from 1, until CME makes it the primary: a message
    has ``P`` in TargetCompID (56). Then `NumbersWanted` asks for the session's numbers, nothing is
    read until `promoted` provides them, and that message is the first to use them.
    """

    def __init__(
        self,
        settings: ClientSettings,
        numbers: Numbers,
        now: datetime,
        *,
        backup: bool = False,
        writer: LogonWriter | None = None,
    ) -> None:
        super().__init__(CLIENT, at_week(numbers, now), settings.heart_bt_int)
        self.settings = settings
        #: The stored numbers, unchanged until a Logon is accepted: their week may be another one.
        self.stored = numbers
        self._backup = backup
        self._promotion: Message | None = None
        self.scenario = Scenario.BEGINNING_OF_WEEK
        self._role = role_in(settings.sender_comp_id) or Role.NONE
        self._unsigned = b""
        #: The Logon sent last.
        self._logon: Message | None = None
        #: The numbers resent on this connection, and those named by a Session Level Reject.
        self._again: set[int] = set()
        self._rejected: set[int] = set()
        #: How the next Logon is written.
        self.writer = writer or LogonWriter()
        self._before = self.numbers
        #: Test Requests before an In-Session Logon, and whether one was answered.
        self._tested, self._is_ready = 0, False
        #: Whether the Logon sent has a number that counts only after it is accepted.
        self._trying = False

    @property
    def week(self) -> Week:
        """The trading week of the numbers."""
        return week_of(self.numbers)

    @property
    def role(self) -> Role:
        """The current role: that of the settings, until the exchange gives another."""
        return self._role

    def log_on(self, scenario: Scenario | None, now: datetime, steady: float | None = None) -> None:
        """Begin to log on; without a scenario, the stored numbers and the week decide.

        In-Session needs a session that is logged on, and tests it first.

        Raises `StateError` if the scenario is not possible in this state, `BackupError` for
        In-Session on a backup, `LogonError` if the `writer` makes an invalid message, or a larger
        gap than a Resend Request can cover.
        """
        self._time.read(now, steady)
        scenario = scenario or choose_scenario(self.stored, now)
        if self.state is State.CONNECTED:
            # The clock may have been set since the session was read.
            self.numbers = at_week(self.stored, now)
        if scenario is Scenario.MID_WEEK and self.week.proposed == 1:
            # The exchange does not know this week: 34 is 1 again.
            scenario = Scenario.BEGINNING_OF_WEEK
        wanted = State.LOGGED_ON if scenario is Scenario.IN_SESSION else State.CONNECTED
        if self.state is not wanted:
            raise StateError(f"{scenario.value} logon", self.state.value)
        if scenario is Scenario.IN_SESSION and self._role is Role.BACKUP:
            raise BackupError("send an In-Session Logon on the primary: it resets those numbers")
        self.scenario = scenario
        # Find an invalid message, or too large a gap, before anything is sent.
        self._compose(now)
        if self.writer.number(self._due_out(scenario)) > MAX_NUMBER:
            words = "the week's numbers are used up; nothing was sent. Ask the exchange's support"
            raise FieldError(words, 34, "MsgSeqNum", "too long")
        if scenario is Scenario.IN_SESSION:
            # Without this test, messages in flight could be lost.
            self._move(Trigger.ASK_RESET)
            self._tested, self._is_ready = 1, False
            self._send_test(now)
        else:
            self._ask_signature(now)

    def signature(
        self, access_key_id: str, signature: bytes, now: datetime, steady: float | None = None
    ) -> None:
        """Answer `SignatureWanted`: the Logon is sent, if the connection is still open."""
        self._time.read(now, steady)
        if self.state is not State.SIGNING:
            return
        wire = Logon(self._unsigned).with_credentials(access_key_id, signature)
        wire = self.writer.signed(wire)
        self._logon = Message.parse(wire)
        self._move(Trigger.SIGNED)
        number = self.numbers.next_out
        self._trying = self._resets or number == week_of(self._before).proposed
        counted = replace(self.numbers, next_out=number + 1)
        if self._trying:
            self._count_as(counted)
        else:
            self.numbers = counted
        self._emit(fx.Send(wire))
        self._liveness.sent = self._time.at
        self._pump(now)

    def stamp(self, now: datetime) -> bytes:
        """Write the Logon that waits for its signature with the current time; return what to sign.

        For a driver that did something else after `SignatureWanted`: a SendingTime (52) more than
        five seconds old is refused. Raises `StateError` if no Logon waits.
        """
        if self.state is not State.SIGNING:
            raise StateError("stamp", self.state.value)
        self._unsigned, canonical = self._compose(now)
        return canonical

    def unsigned(self, now: datetime, steady: float | None = None) -> None:
        """Answer `SignatureWanted`: there is no signature, and nothing is sent.

        After an In-Session Logon the session continues unchanged; any other Logon ends its
        connection.
        """
        self._time.read(now, steady)
        if self.state is not State.SIGNING:
            return
        self.numbers = self._before
        self._emit(fx.Save(self.stored))
        if self.scenario is not Scenario.IN_SESSION:
            self._end(Cause.NOT_SIGNED, "the Logon was not signed")
            return
        self._move(Trigger.NOT_SIGNED)
        self._drain(now)
        self._pump(now)

    def send(
        self, msg_type: str, fields: Fields, now: datetime, steady: float | None = None
    ) -> int:
        """Send an application message; return its number.

        Raises `NotLoggedOnError`, and `BackupError` on a backup, which accepts only session
        messages (documented by CME).
        """
        if self.state is State.LOGGED_ON and self._role is Role.BACKUP:
            raise BackupError("send application messages on the primary: this is the backup")
        return super().send(msg_type, fields, now, steady)

    def promoted(self, numbers: Numbers, now: datetime, steady: float | None = None) -> None:
        """Answer `NumbersWanted`: continue as the primary, with the session's numbers."""
        self._time.read(now, steady)
        message = self._promotion
        if self.state is not State.PROMOTING or message is None:
            return
        self._move(Trigger.NUMBERS_GIVEN)
        # A logged-on session continues, even if the clock is in another week.
        self._count_as(numbers)
        self._forget_resends()
        self._backup = False
        self._role = Role.PRIMARY
        self._emit(fx.RoleChanged(Role.PRIMARY))
        is_new = self._has_begun_anew(message)
        due = 1 if is_new else self.numbers.next_in
        if self._jumps_too_far(34, message.msg_seq_num or 0, due, now):
            return
        if is_new:
            self._begin_anew()
        self.numbers = with_week(self.numbers, resetting=None, proposed=0)
        self._sequence(message, now)
        if self._logging_out is not None:
            # The Logout was the backup's: CME ignores it, as it has the backup's number.
            self._logging_out = None
            self.log_out(now)
        self._pump(now)

    def tick(self, now: datetime, steady: float | None = None) -> None:
        """Do what is due at this time, also while waiting for the answer to the Logon."""
        super().tick(now, steady)
        if self.state is State.LOGON_SENT and self._is_due(self._unanswered_at):
            self._end(Cause.LOGON_UNANSWERED, "no answer to the Logon")
        elif self._is_due(self._test_again_at):
            self._test_again(now)

    @property
    def _due(self) -> timedelta | None:
        if self.state is State.LOGON_SENT:
            return self._unanswered_at
        due, test_again_at = super()._due, self._test_again_at
        return due if due is None or test_again_at is None else min(due, test_again_at)

    @property
    def _test_again_at(self) -> timedelta | None:
        """When to test again before an In-Session Logon.

        The Test Request may have been garbled; then it is gap-filled, not resent. While messages
        are missing, its answer waits behind them.
        """
        tested = self._liveness.tested
        if self.state is not State.RESETTING or tested is None or self.is_behind:
            return None
        return tested + self.heartbeat

    def _test_again(self, now: datetime) -> None:
        if self._tested == MOST_TESTS:
            words = "no answer to the Test Requests before an In-Session Logon"
            self._fail(Cause.SILENCE, words, now)
        else:
            self._tested += 1
            self._send_test(now)

    @property
    def _unanswered_at(self) -> timedelta | None:
        """When the wait for the Logon's answer ends: CME's rule is not public.

        Two heartbeat intervals, as CME documents for iLink 3.
        """
        sent = self._liveness.sent
        return None if sent is None else sent + 2 * self.heartbeat

    @property
    def _resets(self) -> bool:
        """Whether the current Logon would discard the stored numbers, or set them back to 1."""
        begins = self.scenario is not Scenario.MID_WEEK
        return self._is_other_week or (begins and week_of(self._before).begun)

    @property
    def _is_other_week(self) -> bool:
        """Whether the current Logon belongs to another week than the stored numbers."""
        return week_of(self.stored).sunday not in ("", week_of(self._before).sunday)

    def _test_answered(self) -> None:
        self._is_ready = self.state is State.RESETTING

    def _drained(self, now: datetime) -> None:
        if self._is_ready and self.state is State.RESETTING:
            self._is_ready = False
            self._ask_signature(now)

    def _ask_signature(self, now: datetime) -> None:
        self._move(Trigger.ASK_LOGON)
        self._before = self.numbers
        if self.scenario is Scenario.IN_SESSION:
            self.stored = self.numbers
        if self.scenario is not Scenario.MID_WEEK:
            # The week may have changed while the session was logged on.
            week = week_of(at_week(self.numbers, now))
            again = week.restarts + week.begun
            self.numbers = numbers_of(Week(week.sunday, again, first_in=week.first_in))
        number = self.writer.number(self._due_out(self.scenario))
        self.numbers = replace(self.numbers, next_out=number)
        self._unsigned, canonical = self._compose(now)
        self._reserve(number)
        self._emit(fx.SignatureWanted(self._sender_comp_id(), canonical, self.scenario))

    def _reserve(self, number: int) -> None:
        """Save what must be on disk before the Logon is on the wire.

        This is done before signing: so a slow disk does not delay a signed Logon and make its
        SendingTime (52) old.
        """
        before, begins = self._before, self.scenario is not Scenario.MID_WEEK
        if number == week_of(before).proposed and not begins:
            # The number is not proved yet. If this Logon is not answered, the exchange may still
            # have received it: then the next number is the one after it.
            behind = with_week(before, proposed=min(number + 1, MAX_NUMBER))
            self._emit(fx.Save(until_accepted(self.stored, behind)))
        elif self._resets:
            # Keep what the new numbers discard until they are valid: a refusal changes nothing.
            kept = self.stored if self._is_other_week else before
            self._emit(fx.Save(with_week(kept, resetting=self.scenario)))
        else:
            used = SentMessage(number, self._unsigned, keep=False)
            self._emit(fx.Save(replace(self.numbers, next_out=number + 1), used))

    def _due_out(self, scenario: Scenario) -> int:
        """Return the number of a Logon of this scenario."""
        if scenario is not Scenario.MID_WEEK:
            return 1
        return max(self.numbers.next_out, self.week.proposed)

    def _compose(self, now: datetime) -> tuple[bytes, bytes]:
        """Write the Logon without a signature; return it, and what to sign."""
        reset = [(141, "Y")] if self.scenario is Scenario.IN_SESSION else []
        body = [
            (108, str(self.settings.heart_bt_int)),
            *reset,
            (1603, self.settings.application_system_name),
            (1604, self.settings.trading_system_version),
            (1605, self.settings.application_system_vendor),
        ]
        first = [(35, LOGON), (34, str(self.numbers.next_out))]
        wire = encode(self.writer.fields([*first, *self._header(now), *body]))
        return wire, Logon(wire).canonical

    def _handle(self, message: Message, now: datetime) -> None:
        roles = ROLES[self._role]
        if self._promotion is not None:
            roles |= {Role.BACKUP}  # sent before the promotion, and ignored
        logged_on = self.state is not State.LOGON_SENT
        exchange, own = self.settings.target_comp_id, self._sender_comp_id()
        if not logged_on:
            own = (self._logon.get(49) if self._logon else None) or own  # as it was written
        fault = stranger(message, exchange, own, roles, logged_on=logged_on)
        if fault is None:
            super()._handle(message, now)
        else:
            self._disown(message, fault, now)

    def _disown(self, message: Message, fault: PeerError, now: datetime) -> None:
        """Ignore a message that is not from the exchange for this session, and end."""
        self._emit(fx.Failed(fault))
        if self.state is not State.CONNECTED and not self._trying:
            self._reject(message, fault.text, fault.tag, now)
            self._fail(fault.cause, fault.text, now)
        else:
            self._end(fault.cause, fault.text)

    def _handle_logon(self, message: Message, now: datetime) -> None:
        number = message.msg_seq_num
        if self.state is not State.LOGON_SENT:
            again = message.is_possible_duplicate and (number or 0) < self.numbers.next_in
            if not again:
                self._fail(Cause.RULE_BROKEN, "Logon received at the wrong time", now)
            return
        fault = logon_fault(message, self._logon.get(108) if self._logon else None, now)
        if fault is not None:
            self._disown(message, fault, now)
            return
        if self.scenario is not Scenario.IN_SESSION and self._is_misplaced(message):
            cause = Cause.NOT_BACKUP if self._backup else Cause.NOT_PRIMARY
            self._end(cause, cause.value)
            return
        is_new = self._has_begun_anew(message)
        due = 1 if is_new else self._due_in(number)
        if number is None or number < due:
            text = f"MsgSeqNum (34) too low: expected {due}"
            self._fail(Cause.NUMBERS_FORGOTTEN, text, now)
            return
        if self._jumps_too_far(34, number, due, now):
            return
        if is_new:
            self._begin_anew()
        self._move(Trigger.LOGON_REPLY)
        tried, self._trying = self._trying, False
        self._liveness.hear(self._time.at)
        self._forget_resends()
        self._follow_role(message)
        week = Week(self.week.sunday, self.week.restarts, begun=True)
        if self.week.first_in:
            # The week is new at the exchange, which may be ahead of this clock.
            week = replace(week, sunday=trading_week(now + CLOCKS_DIFFER))
        self.numbers = numbers_of(week, self.numbers.next_out, due)
        self._emit(fx.LoggedOn(message))
        missing = number > self.numbers.next_in
        if not missing:
            self.numbers = replace(self.numbers, next_in=number + 1)
        # Only now discard what was sent under the old numbers.
        if self._is_other_week:
            self._emit(fx.Save(replace(self.numbers, next_out=1)))
        own = self.numbers.next_out - 1
        first = SentMessage(own, self._unsigned, keep=False) if tried else None
        self._emit(fx.Save(self.numbers, first))
        if missing:
            self._inbound.hold(Turn(message, number, number + 1))
            self._ask(now)

    def _due_in(self, number: int | None) -> int:
        """Return the number that the answer to a Logon should have.

        If Logouts have used the numbers before it (`Week.first_in`), the exchange continues after
        them, or still begins at 1.
        """
        first = self.week.first_in
        if self.scenario is not Scenario.MID_WEEK and 0 < first <= (number or 0):
            return first
        return self.numbers.next_in

    def _fail(self, cause: Cause, text: str, now: datetime) -> None:
        if self._trying:
            # A Logout would need one of the new numbers, and it is not known whether they count.
            self._end(cause, text)
        else:
            super()._fail(cause, text, now)

    def _has_begun_anew(self, message: Message) -> bool:
        """Whether an interrupted reset took place, as the first message after it shows.

        Before an In-Session Logon CME has received a Test Request under the old numbers: its
        LastMsgSeqNumProcessed (369) is at least 2. After it, CME has received only that Logon. For
        an interrupted Beginning of Week Logon only 34 shows it: 369 may have been 1.
        """
        number, processed = message.msg_seq_num, message.number(369)
        resetting = self.week.resetting
        if resetting is None or number is None or message.is_possible_duplicate:
            return False
        forgot = resetting is Scenario.IN_SESSION
        return number < self.numbers.next_in or (forgot and processed is not None and processed < 2)

    def _begin_anew(self) -> None:
        """Expect 1 next; discard what was sent before, and gap-fill it if it is requested."""
        numbers = with_week(self.numbers, restarts=self.week.restarts + 1)
        self._emit(fx.Save(replace(numbers, next_out=1)))
        self.numbers = replace(numbers, next_in=1)

    def _is_misplaced(self, logon: Message) -> bool:
        """Whether the gateway has the other role: primary instead of backup, or the reverse."""
        return self._backup is not (self._assigned(logon) is Role.BACKUP)

    def _handle_before_logon(self, message: Message, now: datetime) -> None:
        in_session = self.scenario is Scenario.IN_SESSION
        fault = repeated_tag(message)
        if fault is not None:
            self._disown(message, fault, now)
        elif message.msg_type == LOGOUT:
            text, expected = message.get(58), message.number(789)
            is_new = meaning_of(text) is Meaning.NOT_RESET
            self._take_refusal(message.msg_seq_num, expected, now, is_new=is_new)
            self._emit(fx.LoggedOut(text, expected, refused=True))
            self._end(Cause.REFUSED, text or "the Logon was refused")
        elif message.msg_type == REJECT and (not in_session or self._names_the_logon(message)):
            self._take_reject(message, now)
        elif not in_session:
            words = f"message type {message.msg_type} came before the Logon's answer"
            self._end(Cause.EARLY_MESSAGE, words)
        # Messages in flight when the numbers were reset are lost: CME says unrecoverable.

    def _names_the_logon(self, reject: Message) -> bool:
        sent = self._logon.msg_seq_num if self._logon else None
        return reject.number(45) == (sent or 0)

    def _take_reject(self, message: Message, now: datetime) -> None:
        """Give up the Logon. After an In-Session Logon the session continues with this message."""
        text = message.get(58) or ""
        self._emit(fx.LogonRejected(text))
        if self.scenario is Scenario.IN_SESSION:
            self._trying = False
            # Forget a resend in progress: the rest of it is requested again.
            self._forget_resends()
            self.numbers = self._before
            self._emit(fx.Save(self.numbers))
            self._move(Trigger.RESET_REJECTED)
            self._sequence(message, now)
        else:
            self._take_refusal(None, None, now)
            self._end(Cause.REJECTED, text or "the Logon was rejected")

    def _take_refusal(
        self, number: int | None, expected: int | None, now: datetime, *, is_new: bool = False
    ) -> None:
        """Set the numbers for the next try, and save them."""
        if self._is_other_week and not is_new and goes_on(self.stored, number, expected, now):
            tried = week_of(self._before).sunday
            self.numbers = with_week(self.stored, proposed=0, first_in=0, tried=tried)
        else:
            self.numbers = after_refusal(self._before, number, is_new=is_new)
            if not is_new:
                self._propose(expected)
        self.stored = until_accepted(self.stored, self.numbers)
        self._emit(fx.Save(self.stored))

    def _propose(self, expected: int | None) -> None:
        error = jump(self.numbers, expected)
        if error is not None:
            self._emit(fx.Failed(error))
        self.numbers = proposing(self.numbers, expected)

    def _handle_logout(self, message: Message, now: datetime) -> None:
        expected = message.number(789)
        if expected == 1 and self.state is not State.LOGOUT_SENT:
            # The exchange has forgotten the numbers: the answer keeps its number, the next Logon
            # has 34=1. CME's rule is not public; engines in use do this. If the exchange continues
            # its own numbers, its answer to that Logon has the number after this Logout.
            self.numbers = begun_again(self.numbers, self.numbers.next_in)
        else:
            self._propose(expected)
        self._emit(fx.Save(self.numbers))
        super()._handle_logout(message, now)

    def _handle_reject(self, message: Message) -> None:
        number = message.number(45)
        if number is not None and number < self.numbers.next_out:
            self._rejected.add(number)
        super()._handle_reject(message)

    def _why_not_again(self, number: int) -> fx.NotResentCause | None:
        """Resend a message once: what the exchange cannot read, it would request forever."""
        if number in self._rejected:
            return fx.NotResentCause.REJECTED
        if number in self._again:
            return fx.NotResentCause.ASKED_AGAIN
        self._again.add(number)
        return None

    def _forget_resends(self) -> None:
        """Forget them: other numbers, or another gateway, follow."""
        self._again.clear()
        self._rejected.clear()

    def _check(self, message: Message, now: datetime) -> bool:
        if self._promotion is not None and self._assigned(message) is Role.BACKUP:
            # Sent before the promotion, with the backup's numbers.
            return False
        promotes = self._can(Trigger.PROMOTED)
        if promotes and self._role is Role.BACKUP and self._assigned(message) is Role.PRIMARY:
            self._promotion = message
            self._move(Trigger.PROMOTED)
            self._emit(fx.NumbersWanted())
            return False
        self._follow_role(message)
        return True

    def _assigned(self, message: Message) -> Role | None:
        """Return the role that TargetCompID (56) gives this session, if it names this session."""
        target = message.get(56) or ""
        is_own = target[:-1] == self.settings.sender_comp_id[:-1]
        return role_in(target) if is_own else None

    def _follow_role(self, message: Message) -> None:
        """Take the role that CME writes in TargetCompID (56)."""
        role = self._assigned(message)
        if role is not None and role is not self._role:
            self._role = role
            self._emit(fx.RoleChanged(role))

    def _sender_comp_id(self) -> str:
        return comp_id(self.settings.sender_comp_id[:-1], self._role)

    def _header(self, now: datetime) -> list[tuple[int, str]]:
        settings = self.settings
        return [
            (49, self._sender_comp_id()),
            (50, settings.sender_sub_id),
            (52, format_sending_time(now)),
            (56, settings.target_comp_id),
            (57, settings.target_sub_id),
            (142, settings.sender_location_id),
            (369, str(self.numbers.next_in - 1)),
        ]
