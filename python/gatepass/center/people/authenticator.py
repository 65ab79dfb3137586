"""The authenticator's six digits (TOTP, RFC 6238): the code of each time step is valid once.

Wrong codes have their own limit, since the five tries of a sent code do not apply to them. A right
code that is sent again does not count as wrong. Time steps only go up: a clock that is set back
makes no code valid again.
"""

from __future__ import annotations

import enum
import hmac
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import Connection, select, update

from gatepass.center.context import Center
from gatepass.center.people import limits
from gatepass.center.store.schema import person

#: Seconds of a time step: the default of authenticator apps.
STEP = 30
#: Accepted steps before and after the present one: clocks of mobiles differ.
STEPS_OFF = 1
WRONG = limits.Limit("authenticator", 5, timedelta(hours=1))


#: The text for a code that was used before.
USED_WORDS = "this code was already used: wait for the next one"


class Answer(enum.Enum):
    """The result of checking a code; true if ``RIGHT``.

    ``USED``: it was right, but a code of its time step or a later one was used before. ``LOCKED``:
    there were too many wrong codes, and none is checked for a while.
    """

    NONE = "no authenticator"
    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"
    LOCKED = "too many wrong"

    def __bool__(self) -> bool:
        return self is Answer.RIGHT


def seal_subject(person_id: int) -> str:
    """Return the name to which the vault binds the secret."""
    return f"totp:{person_id}"


def use(
    connection: Connection,
    center: Center,
    person_id: int,
    typed: str,
    at: datetime,
    *,
    confirming: bool = False,
) -> Answer:
    """Check and use up a code, in this transaction; the caller has locked the user's row.

    A secret whose enrolment is not confirmed is valid only while ``confirming``. Wrong codes are
    counted in this transaction, so commit it in any case.
    """
    query = select(person.c.totp_sealed, person.c.totp_step).where(person.c.id == person_id)
    row = connection.execute(query).one()
    if row.totp_sealed is None or (row.totp_step is None) is not confirming:
        return Answer.NONE
    if limits.is_reached(connection, WRONG, str(person_id), at=at):
        return Answer.LOCKED
    secret = center.vault.open(row.totp_sealed, seal_subject(person_id))
    step = _step_of(pyotp.TOTP(secret, interval=STEP), typed, at)
    del secret
    if step is None:
        limits.add(connection, WRONG, str(person_id), at=at)
        return Answer.WRONG
    if step <= (row.totp_step or 0):
        # It was right: a form that was sent twice is not a guess.
        return Answer.USED
    connection.execute(update(person).where(person.c.id == person_id).values(totp_step=step))
    return Answer.RIGHT


def _step_of(totp: pyotp.TOTP, typed: str, at: datetime) -> int | None:
    """Return the time step of the typed code; all steps are compared, in constant time."""
    now = int(at.timestamp()) // STEP
    found = None
    for step in range(now - STEPS_OFF, now + STEPS_OFF + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "replace")):
            found = step
    return found
