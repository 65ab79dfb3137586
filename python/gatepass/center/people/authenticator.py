"""The authenticator's six digits (TOTP, RFC 6238): each time step's code counts once.

A wrong one counts against a limit of its own, since no sent code's five tries bound it; one that
was right and comes again does not. Time steps
only go up: a clock set back makes no code good a second time.
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

#: Seconds of a time step: what authenticator programs take without being told.
STEP = 30
#: Steps before and after the present one that are accepted: mobiles' clocks differ.
STEPS_OFF = 1
WRONG = limits.Limit("authenticator", 5, timedelta(hours=1))


#: What is said of a code that was right once.
USED_WORDS = "this code was used: wait for the next one"


class Answer(enum.Enum):
    """What became of a code.

    ``USED``: it was right, and its time step counted already, or a later one. ``SHUT``: too many
    were wrong, and none is looked at for a while. True if it was ``RIGHT``.
    """

    NONE = "no authenticator"
    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"
    SHUT = "too many wrong"

    def __bool__(self) -> bool:
        return self is Answer.RIGHT


def seal_subject(person_id: int) -> str:
    """Name what the secret belongs to, as the vault binds it."""
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
    """Use up a code, in this transaction; the caller has the user's row locked.

    A secret whose enrolment was not confirmed counts only while ``confirming``. Wrong codes are
    counted in this transaction: commit it all the same.
    """
    query = select(person.c.totp_sealed, person.c.totp_step).where(person.c.id == person_id)
    row = connection.execute(query).one()
    if row.totp_sealed is None or (row.totp_step is None) is not confirming:
        return Answer.NONE
    if limits.is_reached(connection, WRONG, str(person_id), at=at):
        return Answer.SHUT
    secret = center.vault.open(row.totp_sealed, seal_subject(person_id))
    step = _step_of(pyotp.TOTP(secret, interval=STEP), typed, at)
    del secret
    if step is None:
        limits.add(connection, WRONG, str(person_id), at=at)
        return Answer.WRONG
    if step <= (row.totp_step or 0):
        # It was right: a form that was sent twice is no guess.
        return Answer.USED
    connection.execute(update(person).where(person.c.id == person_id).values(totp_step=step))
    return Answer.RIGHT


def _step_of(totp: pyotp.TOTP, typed: str, at: datetime) -> int | None:
    """Return the time step whose code was typed; all are compared, in the same time."""
    now = int(at.timestamp()) // STEP
    found = None
    for step in range(now - STEPS_OFF, now + STEPS_OFF + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "replace")):
            found = step
    return found
