"""The session layer that both roles share: numbers, gaps, heartbeats, logout.

No I/O: bytes and two times go in, effects come out, and `deadline` says when to call `tick` if
nothing comes. A role adds its logon and the fields of its header.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gatepass._native import Framer
from gatepass.causes import Cause
from gatepass.errors import FieldError, NotLoggedOnError, NumberJumpError
from gatepass.fix import effects as fx
from gatepass.fix.addressing import named
from gatepass.fix.gap import MAX_TIMES, Inbound, Turn
from gatepass.fix.liveness import Liveness
from gatepass.fix.message import (
    HEARTBEAT,
    LOGON,
    LOGOUT,
    REJECT,
    RESEND_REQUEST,
    SEQUENCE_RESET,
    TEST_REQUEST,
    Message,
    encode,
)
from gatepass.fix.outgoing import MAX_TEXT, application_message, gap_fill, reject_fields, sent_again
from gatepass.fix.states import State, Trigger
from gatepass.session.machine import Machine
from gatepass.session.numbers import (
    MAX_JUMP,
    MAX_NUMBER,
    MAX_RESEND,
    Numbers,
    ReceivedMessage,
    SentMessage,
)
from gatepass.session.table import Table

Fields = Iterable[tuple[int, str]]

LOWER_NEW_NUMBER = "NewSeqNo (36) must not be lower than the number expected"


class Engine(Machine[State, Trigger, Message]):
    """One connection of one session, from TCP connect to close."""

    def __init__(self, table: Table[State, Trigger], numbers: Numbers, heartbeat: int) -> None:
        super().__init__(table, Framer(), Message.parse, numbers, timedelta(seconds=heartbeat))
        self._inbound = Inbound()
        self._liveness = Liveness()
        self._resending: tuple[int, int] | None = None
        #: Numbers reported as not resent.
        self._told: set[int] = set()
        #: The number of the Resend Request that was answered last.
        self._answered = 0
        self._logging_out: timedelta | None = None

    # What goes in.

    def connected(self, now: datetime, steady: float | None = None) -> None:
        """Report that the TCP connection is open."""
        super().connected(now, steady)
        self._liveness.hear(self._time.at)

    def receive(self, data: bytes, now: datetime, steady: float | None = None) -> None:
        """Take bytes as they arrive. Never raises for what the other side sends."""
        self._inbound.request_is_out()
        super().receive(data, now, steady)

    def tick(self, now: datetime, steady: float | None = None) -> None:
        """Do what is due at this time: heartbeats, test requests, the end after silence."""
        self._time.read(now, steady)
        if self.state in _LIVE:
            self._tick_live(now)

    def _tick_live(self, now: datetime) -> None:
        live, beat = self._liveness, self.heartbeat
        if self._is_due(self._unconfirmed_at):
            words = "no confirmation of the Logout within two heartbeat intervals"
            self._end_in_silence(Cause.LOGOUT_UNCONFIRMED, words)
        elif self._is_due(live.gone_at(beat)):
            words = "no answer to a Test Request within the heartbeat interval"
            self._end_in_silence(Cause.SILENCE, words)
        else:
            if self._is_due(live.test_at(beat)):
                self._send_test(now)
            if self._is_due(live.heartbeat_at(beat)):
                self._send(HEARTBEAT, (), now)

    @property
    def _due(self) -> timedelta | None:
        live, beat = self._liveness, self.heartbeat
        if self.state not in _LIVE or live.sent is None:
            return None
        due = live.sent + beat
        for moment in (live.gone_at(beat), live.test_at(beat), self._unconfirmed_at):
            if moment is not None and moment < due:
                due = moment
        return due

    @property
    def _unconfirmed_at(self) -> timedelta | None:
        """When the wait for a Logout's confirmation ends: CME's rule is not public."""
        return None if self._logging_out is None else self._logging_out + 2 * self.heartbeat

    @property
    def is_behind(self) -> bool:
        """Whether messages are missing and were requested, or will be."""
        return bool(self._inbound.held)

    @property
    def resending(self) -> tuple[int, int] | None:
        """First and last number still to be resent; ``None`` if nothing is."""
        return self._resending

    def send(
        self, msg_type: str, fields: Fields, now: datetime, steady: float | None = None
    ) -> int:
        """Send an application message; return its number.

        Raises `NotLoggedOnError`, or `FieldError` or `FramingError` for an application message that
        is invalid or too long: then no number is used and nothing is stored.
        """
        self._time.read(now, steady)
        if self.state is not State.LOGGED_ON:
            raise NotLoggedOnError(self.state.value)
        number = self.numbers.next_out
        if number > MAX_NUMBER:
            words = "the week's numbers are used up; nothing was sent. Log on In-Session"
            raise FieldError(words, 34, "MsgSeqNum", "too long")
        header = (34, str(number)), *self._header(now)
        wire = application_message(msg_type, header, tuple(fields))
        self._dispatch(number, wire, now, keep=True)
        return number

    def log_out(self, now: datetime, text: str | None = None, steady: float | None = None) -> None:
        """Send a Logout and wait for its confirmation. Does nothing if not logged on."""
        self._time.read(now, steady)
        if self.state in (State.LOGGED_ON, State.RESETTING):
            self._send(LOGOUT, self._logout_fields(text), now)
            if self._can(Trigger.ASK_LOGOUT):  # it had a number
                self._move(Trigger.ASK_LOGOUT)
                self._logging_out = self._time.at

    def resend(
        self,
        messages: Sequence[SentMessage],
        begin: int,
        end: int,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `ResendWanted`: resend stored messages, and gap-fill everything between.

        The answer may come in parts, one after the other: `resending` says what is left.
        """
        self._time.read(now, steady)
        last = end if self._resending is None else self._resending[1]
        self._resending = (end + 1, last) if end < last else None
        at = begin
        for kept in messages:
            if kept.number > at:
                self._gap_fill(at, kept.number, now)
            at = kept.number + 1
            why = self._why_not_again(kept.number)
            wire = None if why else sent_again(kept, self._header(now), now)
            if wire is None:
                if kept.number not in self._told:
                    self._told.add(kept.number)
                    self._emit(fx.NotResent(kept.number, why or fx.NotResentCause.DAMAGED))
                self._gap_fill(kept.number, at, now)
            else:
                self._emit(fx.Send(wire))
                self._liveness.sent = self._time.at
        if at <= end:
            self._gap_fill(at, end + 1, now)

    # What a role adds.

    @abstractmethod
    def _header(self, now: datetime) -> list[tuple[int, str]]:
        """The header's fields after MsgSeqNum, without PossDup."""

    @abstractmethod
    def _handle_logon(self, message: Message, now: datetime) -> None: ...

    @abstractmethod
    def _handle_before_logon(self, message: Message, now: datetime) -> None: ...

    def _check(self, message: Message, now: datetime) -> bool:
        """Check a message before its number counts; false if it needs no more handling."""
        return True

    def _fills_before_logout(self) -> bool:
        """Whether a gap before a Logout is filled before it is confirmed."""
        return False

    def _logout_fields(self, text: str | None) -> list[tuple[int, str]]:
        return [(58, text[:MAX_TEXT])] if text else []

    def _why_not_again(self, number: int) -> fx.NotResentCause | None:
        """Return why a requested stored message is not resent, if it is not."""
        return None

    def _test_answered(self) -> None:
        """Note that a Test Request was answered."""

    def _drained(self, now: datetime) -> None:
        """Act after all messages that are due have been handled."""

    # Dispatch.

    def _handle(self, message: Message, now: datetime) -> None:
        if message.msg_type == LOGON:
            self._handle_logon(message, now)
        elif self.state not in _LIVE:
            self._handle_before_logon(message, now)
        elif self._check(message, now):
            self._sequence(message, now)

    def _sequence(self, message: Message, now: datetime) -> None:
        """Handle a message in sequence: at once, later, or never."""
        number, due, repeated = message.msg_seq_num, self.numbers.next_in, message.repeated
        resets = message.msg_type == SEQUENCE_RESET and not message.is_gap_fill
        if number is None:
            self._fail(Cause.RULE_BROKEN, "MsgSeqNum (34) is missing or no number", now)
        elif repeated is not None and (number >= due or resets):
            self._refuse_repeated(message, repeated, now)
        elif resets:
            self._reset(message, now)
        elif number < due:
            self._too_low(message, number, now)
        else:
            self._arrive(message, number, now)

    def _refuse_repeated(self, message: Message, tag: int, now: datetime) -> None:
        """Refuse a message that repeats a tag read once: two readers could take either value."""
        text = f"{named(tag)} appears more than once"
        if tag in _COUNTING:
            self._fail(Cause.RULE_BROKEN, text, now)
        else:
            self._reject(message, text, tag, now)
            self._use_up(message, now)

    def _use_up(self, message: Message, now: datetime) -> None:
        """Count a rejected message: its number is still used."""
        number, due = message.msg_seq_num, self.numbers.next_in
        if number is not None and number >= due:
            self._liveness.hear(self._time.at)
        if number == due:
            self.numbers = self.numbers.with_in(due + 1)
            self._emit(fx.Save(self.numbers))
            self._drain(now)

    def _too_low(self, message: Message, number: int, now: datetime) -> None:
        if not message.is_possible_duplicate:
            text = f"MsgSeqNum (34) too low: expected {self.numbers.next_in}, received {number}"
            self._fail(Cause.NUMBER_USED_TWICE, text, now)

    def _arrive(self, message: Message, number: int, now: datetime) -> None:
        """Handle a message that is due, or hold it until it is."""
        inbound, due = self._inbound, self.numbers.next_in
        if inbound.is_stray(message, number, due):
            return
        turn = inbound.turn(message, number)
        if turn is None:
            self._fail(Cause.RULE_BROKEN, LOWER_NEW_NUMBER, now)
            return
        tag, last = (36, turn.new) if message.is_gap_fill else (34, number)
        if self._jumps_too_far(tag, last, due, now):
            return
        self._liveness.hear(self._time.at)
        if number > due:
            self._too_high(turn, now)
        else:
            inbound.note(turn, self._time.at, kept=True)
            self._accept(turn, now)
            self._drain(now)

    def _too_high(self, turn: Turn, now: datetime) -> None:
        message, inbound = turn.message, self._inbound
        if turn.number not in inbound.held:
            if message.msg_type == RESEND_REQUEST:
                # Answer at once: otherwise both sides could wait for the other's gap forever.
                self._handle_resend_request(message, now)
            if message.msg_type == LOGOUT and not self._fills_before_logout():
                self._handle_logout(message, now)
                return
            inbound.note(turn, self._time.at, kept=inbound.hold(turn))
        # The request may be lost, or the last message of its answer.
        inbound.give_up(self._time.at, self.heartbeat)
        self._ask(now)

    def _jumps_too_far(self, tag: int, last: int, due: int, now: datetime) -> bool:
        """End the session for a number so high that it would use up the week; return whether."""
        if last - due <= MAX_JUMP:
            return False
        error = NumberJumpError(tag, due, last)
        self._emit(fx.Failed(error))
        self._fail(Cause.NUMBER_JUMP, error.text, now)
        return True

    def _accept(self, turn: Turn, now: datetime, *, held: bool = False) -> None:
        message = turn.message
        self.numbers = self.numbers.with_in(self._inbound.reach(turn))
        received = None
        if not message.is_admin:
            received = ReceivedMessage(turn.number, message.wire, self.numbers.epoch)
        self._emit(fx.Save(self.numbers, received=received))
        if message.msg_type == TEST_REQUEST:
            identifier = message.get(112)
            self._send(HEARTBEAT, [(112, identifier)] if identifier else [], now)
        elif message.msg_type == HEARTBEAT:
            if self._liveness.is_answered(message.get(112)):
                self._test_answered()
        elif message.msg_type == RESEND_REQUEST and not held:
            self._handle_resend_request(message, now)
        elif message.msg_type == LOGOUT:
            self._handle_logout(message, now)
        elif message.msg_type == REJECT:
            self._handle_reject(message)
        elif not message.is_admin:
            self._emit(fx.Received(message, self.numbers.epoch))

    def _drain(self, now: datetime) -> None:
        """Handle held messages that are due; request what is still missing."""
        while self.state in _LIVE:
            turn = self._inbound.take(self.numbers.next_in)
            if turn is None:
                break
            self._accept(turn, now, held=True)
        self._drained(now)
        self._ask(now)

    def _ask(self, now: datetime) -> None:
        if self.state not in _LIVE:
            return
        missing = self._inbound.next_request(self.numbers.next_in, self._time.at)
        if missing is not None:
            begin, end = missing[0], missing[-1]
            if self._inbound.times > MAX_TIMES:
                text = f"message {begin} did not come, asked for {MAX_TIMES} times"
                self._fail(Cause.GAP_NOT_FILLED, text, now)
                return
            self._emit(fx.Gap(begin, end))
            self._send(RESEND_REQUEST, [(7, str(begin)), (16, str(end))], now)

    def _reset(self, message: Message, now: datetime) -> None:
        """Sequence Reset in reset mode: only upwards, for emergencies.

        Held messages below the new number are handled; those that never came are given up.
        """
        new = message.number(36)
        if new is None or new < self.numbers.next_in:
            self._fail(Cause.RULE_BROKEN, LOWER_NEW_NUMBER, now)
            return
        if self._jumps_too_far(36, new, self.numbers.next_in, now):
            return
        self._liveness.hear(self._time.at)
        while self.state in _LIVE and (turn := self._inbound.take_before(new)) is not None:
            self._skip_to(turn.number)
            self._accept(turn, now, held=True)
        if self.state in _LIVE:
            self._skip_to(new)
            self._drain(now)

    def _skip_to(self, new: int) -> None:
        """Give up the numbers before `new` that have not come."""
        due = self.numbers.next_in
        if due < new:
            self._emit(fx.Skipped(due, new - 1))
            self.numbers = self.numbers.with_in(new)
            self._emit(fx.Save(self.numbers))

    def _handle_resend_request(self, message: Message, now: datetime) -> None:
        number = message.msg_seq_num or 0
        if message.is_possible_duplicate and number == self._answered:
            return
        self._answered = number
        begin, end = message.number(7), message.number(16)
        if begin is None or end is None or begin < 1 or begin >= self.numbers.next_out:
            self._reject(message, "BeginSeqNo (7) is out of range", 7, now)
            return
        end = end or begin + MAX_RESEND - 1
        if end < begin:
            self._reject(message, "EndSeqNo (16) is lower than BeginSeqNo (7)", 16, now)
        elif end - begin >= MAX_RESEND:
            text = "Range of messages to resend is greater than maximum allowed"
            self._reject(message, text, 16, now)
        elif self._resending is not None:
            self._reject(message, "A Resend Request is being processed", 7, now)
        else:
            self._resending = begin, min(end, self.numbers.next_out - 1)
            self._emit(fx.ResendWanted(*self._resending))

    def _handle_logout(self, message: Message, now: datetime) -> None:
        self._emit(fx.LoggedOut(message.get(58), message.number(789)))
        if self.state is not State.LOGOUT_SENT:
            self._send(LOGOUT, self._logout_fields(None), now)
        self._end(Cause.LOGGED_OUT, "logged out")

    def _handle_reject(self, message: Message) -> None:
        self._emit(fx.Rejected(message))

    # What goes out.

    def _send(
        self, msg_type: str, fields: Fields, now: datetime, header: Fields | None = None
    ) -> None:
        number = self.numbers.next_out
        if number > MAX_NUMBER:
            self._end(Cause.NUMBERS_USED_UP, "the week's numbers are used up")
            return
        header = self._header(now) if header is None else header
        wire = encode([(35, msg_type), (34, str(number)), *header, *fields])
        self._dispatch(number, wire, now, keep=False)

    def _dispatch(self, number: int, wire: bytes, now: datetime, *, keep: bool) -> None:
        self.numbers = self.numbers.with_out(number + 1)
        self._emit(fx.Save(self.numbers, SentMessage(number, wire, keep)))
        self._emit(fx.Send(wire))
        self._liveness.sent = self._time.at

    def _gap_fill(self, begin: int, new: int, now: datetime) -> None:
        self._emit(fx.Send(gap_fill(begin, new, self._header(now), now)))
        self._liveness.sent = self._time.at

    def _send_test(self, now: datetime) -> None:
        self._send(TEST_REQUEST, [(112, self._liveness.begin_test(now, self._time.at))], now)

    def _reject(self, message: Message, text: str, tag: int, now: datetime) -> None:
        header = self._reject_header(message, now)
        self._send(REJECT, reject_fields(message, text, tag), now, header)
        self._emit(fx.RejectSent(message, tag, text))

    def _reject_header(self, message: Message, now: datetime) -> Fields:
        """Return the header of a Reject of this message."""
        return self._header(now)

    def _fail(self, cause: Cause, text: str, now: datetime) -> None:
        """Log out: the fault cannot be corrected on this connection."""
        self._send(LOGOUT, self._logout_fields(text), now)
        self._end(cause, text)

    def _count_as(self, numbers: Numbers) -> None:
        """Continue with the numbers of another connection, and drop the state of the old ones."""
        self.numbers = numbers
        self._inbound.clear()
        self._liveness.forget_tests()
        self._resending = None
        self._answered = 0
        self._told.clear()


#: Tags that determine which numbers a message covers: without them no number is certain.
_COUNTING = frozenset({34, 36, 123})
#: States in which the rules of an established session apply.
_LIVE = frozenset({State.LOGGED_ON, State.RESETTING, State.LOGOUT_SENT})
