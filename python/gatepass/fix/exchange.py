"""The exchange's side of a session: one client connection, from TCP accept to Logout.

This module does not judge Logons. `VerificationWanted` asks for a verdict; `accept`, `refuse` or
`reject` gives it. `admission` contains the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gatepass.causes import Cause
from gatepass.fix.addressing import NULL
from gatepass.fix.engine import Engine
from gatepass.fix.gap import Turn
from gatepass.fix.message import LOGON, REJECT, Message, encode
from gatepass.fix.names import comp_id, role_in
from gatepass.fix.outgoing import reject_fields
from gatepass.fix.sending_time import format_sending_time, parse_sending_time
from gatepass.fix.states import EXCHANGE, State, Trigger
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers, SentMessage
from gatepass.session.role import Role
from gatepass.values import value

#: CME documents that a socket without a Logon is closed after this time.
LOGON_TIMEOUT = timedelta(seconds=60)
#: SenderSubID (50) is echoed "truncated to 20 from the right" (CME). This cuts off the right end;
#: whether CME means that is not public.
MAX_SUB_ID = 20


@value
class Finding:
    """A fault in a message: CME's text, the tag, and whether it ends the session."""

    text: str
    tag: int
    logout: bool = False


#: The connection belongs to the session that logged on; only its role may change.
OTHER_SENDER = Finding("Invalid SenderCompID (49) tag. Logout forced.", 49, logout=True)
#: CME documents that they are rejected; the text is not public.
ON_BACKUP = Finding("Application messages are not accepted on the backup gateway", 35)


@value
class Identity:
    """Sender and recipient in the headers of a gateway."""

    sub_id: str
    client_comp_id: str
    client_sub_id: str
    client_location_id: str

    @property
    def of_client(self) -> tuple[str, str, str]:
        """The values of 56, 57 and 143."""
        return self.client_comp_id, self.client_sub_id, self.client_location_id


class GatewaySession(Engine):
    """One connection of a gateway. `check` checks every message after the Logon.

    Messages older than `resend_window` are gap-filled, not resent.
    """

    def __init__(
        self,
        sub_id: str,
        check: Callable[[Message], Finding | None],
        *,
        resend_window: timedelta | None = None,
    ) -> None:
        super().__init__(EXCHANGE, Numbers(), heartbeat=30)
        self._look = check
        self._resend_window = resend_window
        self._promoted = False
        self._identity = Identity(sub_id, "", "", "")
        self._opened: timedelta | None = None

    @property
    def client_comp_id(self) -> str:
        """SenderCompID (49) of the client, with its role; empty before the first Logon."""
        return self._identity.client_comp_id

    def connected(self, now: datetime, steady: float | None = None) -> None:
        """Begin the connection: the client has 60 seconds for its Logon."""
        super().connected(now, steady)
        self._opened = self._time.at

    def tick(self, now: datetime, steady: float | None = None) -> None:
        """Act on the time that has passed, also before the Logon."""
        super().tick(now, steady)
        if self.state is State.CONNECTED and self._is_due(self._stale_at):
            # CME documents that the socket is closed, and mentions no message.
            self._end_in_silence(Cause.NO_LOGON, "no Logon within 60 seconds")

    @property
    def _due(self) -> timedelta | None:
        return self._stale_at if self.state is State.CONNECTED else super()._due

    @property
    def _stale_at(self) -> timedelta | None:
        return None if self._opened is None else self._opened + LOGON_TIMEOUT

    def accept(
        self,
        logon: Message,
        numbers: Numbers,
        role: Role,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `VerificationWanted`: the Logon is accepted.

        `numbers` are the session's before this Logon, `role` is the one to assign. Sends the reply,
        then CME's Test Request, and requests what is missing before the Logon.
        """
        self._time.read(now, steady)
        if self.state is not State.VERIFYING:
            return
        number = logon.msg_seq_num or 0
        sender = logon.sender_comp_id
        self._identity = self._named_by(logon, comp_id(sender[:-1], role))
        self.heartbeat = timedelta(seconds=logon.number(108) or 30)
        self.numbers = numbers
        self._inbound.clear()
        self._liveness.hear(self._time.at)
        self._resending = None
        missing = number > numbers.next_in
        if missing:
            self._inbound.hold(Turn(logon, number, number + 1))
        else:
            self.numbers = numbers.with_in(number + 1)
        self._move(Trigger.ACCEPTED)
        echoed = [(tag, logon.get(tag)) for tag in (108, 141, 1603, 1604, 1605)]
        self._send(LOGON, [(tag, value) for tag, value in echoed if value is not None], now)
        self._send_test(now)
        self._emit(fx.LoggedOn(logon))
        self._ask(now)
        self._pump(now)

    def refuse(
        self,
        logon: Message,
        text: str,
        numbers: Numbers | None,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `VerificationWanted`: the Logon is refused. The client gets `text` and no more.

        The Logout uses `numbers`, or those of this live connection if ``None``.
        """
        self._time.read(now, steady)
        if self.state is not State.VERIFYING:
            return
        if numbers is not None:
            self.numbers = numbers
            self._identity = self._named_by(logon)
        self._fail(Cause.REFUSED, text, now)

    def reject(
        self, logon: Message, text: str, tag: int, now: datetime, steady: float | None = None
    ) -> None:
        """Answer `VerificationWanted`: a tag of the Logon is wrong. The client may try again.

        A live session continues, and the Reject is its next message. Before a logon there is no
        session: the Reject has 34=1 and uses up no number.
        """
        self._time.read(now, steady)
        if self.state is not State.VERIFYING:
            return
        if self.client_comp_id:
            self._move(Trigger.RESET_REJECTED)
            self._liveness.hear(self._time.at)
            self._reject(logon, text, tag, now)
        else:
            self._move(Trigger.REJECTED)
            header = self._header_to(self._named_by(logon), now)
            fields = [(35, REJECT), (34, "1"), *header, *reject_fields(logon, text, tag)]
            self._emit(fx.Send(encode(fields)))
        self._pump(now)

    def promote(self, numbers: Numbers, now: datetime, steady: float | None = None) -> None:
        """Become the primary, with the session's numbers.

        Sends a Test Request at once, whose TargetCompID (56) shows the client its new role. What
        the client sent before that has the backup's numbers, and is ignored.
        """
        self._time.read(now, steady)
        if self.state is not State.LOGGED_ON:
            return
        promoted = comp_id(self._identity.client_comp_id[:-1], Role.PRIMARY)
        self._identity = replace(self._identity, client_comp_id=promoted)
        self._promoted = True
        self._count_as(numbers)
        self._send_test(now)

    def resend(
        self,
        messages: Sequence[SentMessage],
        begin: int,
        end: int,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `ResendWanted`; messages older than the resend window are gap-filled."""
        window = self._resend_window
        if window is not None:
            messages = [kept for kept in messages if now - _sent_at(kept) <= window]
        super().resend(messages, begin, end, now, steady)

    def force_out(self, text: str, now: datetime, steady: float | None = None) -> None:
        """Log the client out and close."""
        self._time.read(now, steady)
        is_on = self.state is State.VERIFYING and self.client_comp_id  # its In-Session Logon waits
        if self.state is State.LOGGED_ON or is_on:
            self._fail(Cause.FORCED_OUT, text, now)
        elif self.state is not State.CLOSED:
            self._end(Cause.FORCED_OUT, text)

    def _handle_logon(self, message: Message, now: datetime) -> None:
        if self._can(Trigger.LOGON_RECEIVED):
            self._move(Trigger.LOGON_RECEIVED)
            self._emit(fx.VerificationWanted(message))

    def _handle_before_logon(self, message: Message, now: datetime) -> None:
        # Judged like a Logon: it is refused, and counts towards port closure.
        self._move(Trigger.LOGON_RECEIVED)
        self._emit(fx.VerificationWanted(message))

    def _named_by(self, message: Message, comp_id: str | None = None) -> Identity:
        """Return the recipient that a message names; ``null`` replaces a blank value."""
        operator = (message.get(50) or "")[:MAX_SUB_ID]
        return Identity(
            self._identity.sub_id,
            comp_id or _or_null(message.get(49)),
            _or_null(_upper(operator)),
            _or_null(message.get(142)),
        )

    def _reject_header(self, message: Message, now: datetime) -> list[tuple[int, str]]:
        known, named = self._identity, self._named_by(message)
        values = zip(known.of_client, named.of_client, strict=True)
        blanked = (NULL if of_message == NULL else own for own, of_message in values)
        return self._header_to(Identity(known.sub_id, *blanked), now)

    def _is_of_client(self, message: Message) -> bool:
        return message.sender_comp_id[:-1] == self.client_comp_id[:-1]

    def _sender_fault(self, message: Message) -> Finding | None:
        """Check the sender of a message, and on a backup also its role and type."""
        if not self._is_of_client(message):
            return OTHER_SENDER
        if role_in(self.client_comp_id) is not Role.BACKUP:
            return None
        if role_in(message.get(49)) is not Role.BACKUP:
            indicator = message.sender_comp_id[-1:]
            text = f"Received invalid fault tolerance indicator = ({indicator}). Expected B"
            return Finding(text, 49)
        return None if message.is_admin else ON_BACKUP

    def _fills_before_logout(self) -> bool:
        # CME documents that it requests missing messages first, then confirms.
        return self.state is State.LOGGED_ON

    def _handle(self, message: Message, now: datetime) -> None:
        is_late = self._promoted and role_in(message.get(49)) is Role.BACKUP
        if not (is_late and self._is_of_client(message)):
            super()._handle(message, now)

    def _check(self, message: Message, now: datetime) -> bool:
        finding = self._look(message)
        if finding is None:
            finding = self._sender_fault(message)
        if finding is None:
            return True
        if finding.logout:
            self._fail(Cause.RULE_BROKEN, finding.text, now)
            return False
        self._reject(message, finding.text, finding.tag, now)
        self._use_up(message, now)
        return False

    def _logout_fields(self, text: str | None) -> list[tuple[int, str]]:
        # CME requires 789 on its Logouts: it tells the client the number for its next Logon.
        return [*super()._logout_fields(text), (789, str(self.numbers.next_in))]

    def _header(self, now: datetime) -> list[tuple[int, str]]:
        return self._header_to(self._identity, now)

    def _header_to(self, who: Identity, now: datetime) -> list[tuple[int, str]]:
        return [
            (49, "CME"),
            (50, who.sub_id),
            (52, format_sending_time(now)),
            (56, who.client_comp_id),
            (57, who.client_sub_id),
            (143, who.client_location_id),
            (369, str(self.numbers.next_in - 1)),
        ]


def _sent_at(kept: SentMessage) -> datetime:
    """Return when a message was first sent: its SendingTime (52), which this gateway wrote."""
    return parse_sending_time(Message.parse(kept.wire).get(52) or "")


def _upper(text: str) -> str:
    """Return ASCII letters in upper case; all others stay, so the result fits into a message."""
    return text.encode("latin-1").upper().decode("latin-1")


def _or_null(value: str | None) -> str:
    return value if value and not value.isspace() else NULL
