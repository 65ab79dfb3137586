"""Verification codes: six digits that prove who has the mobile.

A code is valid for ten minutes, once, for one purpose and one subject, and only the newest one
counts. Five wrong tries make it void. A user gets ten codes a day for all purposes together. CME
has published only part of these rules: ten tokens a day for logon and download, and whose mobile
they go to. The rest is this project's choice, also that a delete or a new authenticator takes from
the same ten.

Only a keyed hash is stored. The text goes to the courier at once and is never queued. A code that
could not be sent does not count, unless it is unknown whether it arrived. A process that dies
between the two has used up one of the ten and sent nothing: the user asks for another.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.people import authenticator
from gatepass.center.roles import Actor
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store import moment
from gatepass.center.store.database import KeptError
from gatepass.center.store.schema import code as codes
from gatepass.center.store.schema import person
from gatepass.errors import CodeError, DeliveryError
from gatepass.keys.validity import exchange_zone

DIGITS = 6
LIFETIME = timedelta(minutes=10)
WRONG_TRIES = 5
#: A user's codes per calendar day in Chicago, for all purposes together.
PER_DAY = 10
#: How long rows are kept after their day, to answer questions about what was sent to whom.
_KEPT = timedelta(days=30)


class Purpose(enum.Enum):
    """What a code is for; the message uses these words."""

    LOGON = "logon"
    DOWNLOAD = "download"
    DELETE = "delete"
    AUTHENTICATOR = "authenticator"


@dataclass(frozen=True, slots=True)
class Sent:
    """A code that was sent. ``to`` shows only the end of the number."""

    to: str
    expires_at: datetime
    left_today: int


def subject_of(access_key_ids: Iterable[str]) -> str:
    """Return the subject of a code: the Access Key ID of one pair, or a hash of several."""
    wanted = sorted(set(access_key_ids))
    if len(wanted) == 1:
        return wanted[0]
    return "sha256:" + hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:56]


def send_code(
    center: Center, actor: Actor, purpose: Purpose, subject: str, recipient_id: int
) -> Sent:
    """Send a new code to a user's mobile; it counts as one of the actor's ten of the day.

    Raises `CodeError`: ``budget`` when all ten were sent, ``unsent`` when it could not be sent.
    """

    def work(connection: Connection) -> _Issued:
        return _issue(connection, center, actor, purpose, subject, recipient_id)

    issued = center.database.write(work)
    try:
        center.courier.send_code(issued.mobile, issued.email, issued.text)
    except DeliveryError as error:
        problem = error
    else:
        return issued.sent
    # Outside the handler, so that the error below has no courier's error as its context.
    center.database.write(lambda connection: _take_back(connection, issued.id, problem))
    # Without the courier's text, which names the server: only the log has it.
    raise CodeError(f"the code could not be sent: {_UNSENT.get(problem.rule, _LATER)}", "unsent")


def check_code(
    connection: Connection, center: Center, actor: Actor, purpose: Purpose, subject: str, code: str
) -> None:
    """Check and use up the code that was sent for this, or the authenticator's present code.

    Call this first in a transaction: the code is used up when the transaction is committed. A wrong
    code raises `gatepass.center.store.database.KeptError`, so that the try is counted anyway;
    `Database.write` turns it into the `CodeError`, whose rule is ``wrong``, ``expired``, ``used``
    or ``tries``. Each counted try is in the audit log; they are too few to fill it.
    """
    at = moment.observe(connection, center.clock())
    # Locked: the second of two requests with the same code finds it used.
    own = person.c.id == actor.user_id
    connection.execute(select(person.c.id).where(own).with_for_update())
    typed = "".join(code.split())
    newest = _newest(connection, actor, purpose, subject)
    rule = _state(newest, at)
    if newest is not None and rule == "wrong" and _is_code(center, actor, newest, typed):
        connection.execute(update(codes).where(codes.c.id == newest.id).values(used_at=at))
        return
    if newest is not None and rule == "used" and _is_code(center, actor, newest, typed):
        # The form was sent twice, by a double click: not a wrong code, nor an authenticator's.
        raise KeptError(CodeError(_WHAT_TO_DO[rule], rule))
    taken = authenticator.use(connection, center, actor.user_id, typed, at)
    if taken is authenticator.Answer.RIGHT:
        return
    if taken is authenticator.Answer.LOCKED and newest is None:
        rule = "tries"
    if taken is authenticator.Answer.USED:
        refusal = CodeError(authenticator.USED_WORDS, "used")
    else:
        refusal = _refusal(connection, newest, rule)
    counted = taken is authenticator.Answer.WRONG
    if rule == "wrong" and (newest is not None or counted):
        audit.append(
            connection,
            center,
            actor,
            audit.Action.CODE_REFUSED,
            purpose=purpose.value,
            access_key_id=_one_id(subject) or None,
            rule=refusal.rule,
        )
    raise KeptError(refusal)


def forget_future_days(connection: Connection, person_id: int, at: datetime) -> None:
    """Delete a user's codes of days after ``at``: they were sent while the clock was ahead."""
    own = codes.c.person_id == person_id
    connection.execute(delete(codes).where(own, codes.c.day > _day(at)))


def give_another_day(connection: Connection, person_id: int, at: datetime) -> None:
    """Allow a user ten more codes today. The rows of those that were sent stay."""
    forget_future_days(connection, person_id, at)
    todays = (codes.c.person_id == person_id) & (codes.c.day == _day(at))
    lowest = connection.execute(select(func.min(codes.c.number)).where(todays)).scalar_one()
    # Below the numbers of earlier resets of this day, so that no two rows have the same number.
    down = PER_DAY + 1 - min(lowest or 1, 1)
    taken = update(codes).where(todays, codes.c.number >= 1)
    connection.execute(taken.values(number=codes.c.number - down))


def make_void(connection: Connection, firm_id: int) -> None:
    """Make the unused codes of a firm's users void: codes now go to another mobile."""
    of_firm = codes.c.person_id.in_(select(person.c.id).where(person.c.firm_id == firm_id))
    unused = update(codes).where(of_firm, codes.c.used_at.is_(None))
    connection.execute(unused.values(expires_at=codes.c.created_at))


def sweep(connection: Connection, at: datetime) -> int:
    """Note the time, delete old codes, and return how many."""
    moment.observe(connection, at)
    return connection.execute(delete(codes).where(codes.c.day < _day(at - _KEPT))).rowcount


@dataclass(frozen=True, slots=True)
class _Issued:
    id: int
    mobile: str
    email: str
    text: Hidden
    sent: Sent


def _issue(
    connection: Connection,
    center: Center,
    actor: Actor,
    purpose: Purpose,
    subject: str,
    recipient_id: int,
) -> _Issued:
    at = moment.observe(connection, center.clock())
    own = person.c.id == actor.user_id
    connection.execute(select(person.c.id).where(own).with_for_update())
    recipient = connection.execute(select(person).where(person.c.id == recipient_id)).one()
    if recipient.disabled:
        raise CodeError(
            f"the code goes to {recipient.full_name}, who is no longer a user: use your"
            " authenticator, or ask the operator",
            "unsent",
        )
    day, number, left = _place(connection, actor, at)
    digits = Hidden(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
    expires_at = at + LIFETIME
    row = insert(codes).values(
        person_id=actor.user_id,
        purpose=purpose.value,
        subject=subject,
        digest=_digest(center, actor, purpose, subject, at, digits.reveal()),
        day=day,
        number=number,
        created_at=at,
        expires_at=expires_at,
    )
    made = connection.execute(row.returning(codes.c.id)).scalar_one()
    to = masked(recipient.mobile)
    audit.append(
        connection,
        center,
        actor,
        audit.Action.CODE,
        purpose=purpose.value,
        access_key_id=_one_id(subject) or None,
        sent_to=to,
    )
    text = _text(center, purpose, subject, digits, expires_at)
    return _Issued(made, recipient.mobile, recipient.email, text, Sent(to, expires_at, left))


def _place(connection: Connection, actor: Actor, at: datetime) -> tuple[str, int, int]:
    """Return the day that counts, the next free number in it, and how many are left after it.

    A day never comes again: if the clock is set back, the last day with a code stays the day. If
    the clock was ahead for a while, `forget_future_days` repairs it.
    """
    own = codes.c.person_id == actor.user_id
    today = _day(at)
    last = select(codes.c.day).where(own).order_by(codes.c.day.desc()).limit(1)
    day = max(today, connection.execute(last).scalar_one_or_none() or today)
    query = select(codes.c.number).where(own, codes.c.day == day)
    free = sorted(set(range(1, PER_DAY + 1)) - set(connection.execute(query).scalars()))
    if not free:
        raise CodeError(
            f"all {PER_DAY} verification codes of {day} were sent: wait until midnight in Chicago,"
            " use an authenticator, or ask the operator to run gatepass center user reset-codes",
            "budget",
        )
    return day, free[0], len(free) - 1


def _day(at: datetime) -> str:
    """Return the calendar day in Chicago."""
    return at.astimezone(exchange_zone()).date().isoformat()


def _take_back(connection: Connection, number: int, problem: DeliveryError) -> None:
    """Make a code void that was not sent; its number is free again unless it may have arrived."""
    this = codes.c.id == number
    if problem.rule == "in doubt":
        void = update(codes).where(this, codes.c.used_at.is_(None))
        connection.execute(void.values(expires_at=codes.c.created_at))
    else:
        connection.execute(delete(codes).where(this))


def _is_code(center: Center, actor: Actor, row: Row[Any], typed: str) -> bool:
    """Tell whether these digits are those that were sent."""
    purpose = Purpose(row.purpose)
    expected = _digest(center, actor, purpose, row.subject, row.created_at, typed)
    return hmac.compare_digest(row.digest, expected)


def _newest(
    connection: Connection, actor: Actor, purpose: Purpose, subject: str
) -> Row[Any] | None:
    query = select(codes).where(
        codes.c.person_id == actor.user_id,
        codes.c.purpose == purpose.value,
        codes.c.subject == subject,
    )
    return connection.execute(query.order_by(codes.c.id.desc()).limit(1)).one_or_none()


def _state(newest: Row[Any] | None, at: datetime) -> str:
    """Return the rule that a typed code breaks; ``wrong`` if the newest code is still valid."""
    if newest is None:
        return "wrong"
    if newest.used_at is not None:
        return "used"
    if newest.tries >= WRONG_TRIES:
        return "tries"
    # Also not valid before it was sent: then the clock was set back.
    return "wrong" if newest.created_at <= at < newest.expires_at else "expired"


def _refusal(connection: Connection, newest: Row[Any] | None, rule: str) -> CodeError:
    """Count a wrong try and say what to do."""
    if newest is None or rule != "wrong":
        return CodeError(_WHAT_TO_DO[rule], rule)
    tries = newest.tries + 1
    connection.execute(update(codes).where(codes.c.id == newest.id).values(tries=tries))
    left = WRONG_TRIES - tries
    if not left:
        return CodeError(_WHAT_TO_DO["tries"], "tries")
    return CodeError(f"wrong code: {left} {'try' if left == 1 else 'tries'} left", rule)


_LATER = "try again later"
#: By the rule of a `DeliveryError`.
_UNSENT = {
    "unreachable": "the delivery service does not answer: try again later",
    "refused": "the delivery service refused it: tell the operator of this Request Center",
    "in doubt": "it may still arrive but is not valid: try again later",
}

_WHAT_TO_DO = {
    "wrong": "wrong code: request a new one",
    "expired": "this code has expired: request a new one",
    "used": "this code was already used, and the action is done: for another, request a new code",
    "tries": "too many wrong codes: request a new one",
}


def _digest(
    center: Center, actor: Actor, purpose: Purpose, subject: str, created_at: datetime, digits: str
) -> bytes:
    """Return the keyed hash of a code: six digits could be found from a plain hash."""
    made = created_at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = (str(actor.user_id), purpose.value, subject, made, digits)
    key = center.vault.mac_key("verification code")
    return hmac.digest(key, "\n".join(fields).encode("utf-8", "replace"), "sha256")


def _one_id(subject: str) -> str:
    return "" if subject.startswith("sha256:") else subject


#: The purposes that concern key pairs; the others concern only the user.
_OF_PAIRS = (Purpose.DOWNLOAD, Purpose.DELETE)


def _text(
    center: Center, purpose: Purpose, subject: str, digits: Hidden, expires_at: datetime
) -> Hidden:
    """Return the message: short enough for one SMS; it says what the code permits."""
    what = f" of {_one_id(subject) or 'several pairs'}" if purpose in _OF_PAIRS else ""
    until = expires_at.astimezone(exchange_zone())
    return Hidden(
        f"{digits.reveal()} is your Request Center code for {purpose.value}{what},"
        f" valid until {until:%H:%M} CT. {center.environment}. Do not share it."
    )


def masked(mobile: str) -> str:
    """Return only the last digits of a number."""
    return f"…{mobile[-4:]}"
