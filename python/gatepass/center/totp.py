"""A user's own authenticator: enrol by QR code, confirm with a code, remove.

The secret is sealed in the vault and shown once, for the QR code. The enrolment counts when the
first code was right; until then codes go to the mobile as before.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyotp
import segno
from sqlalchemy import Connection, select, update

from gatepass.center import audit, authenticator, moment
from gatepass.center.authenticator import Answer, seal_subject
from gatepass.center.context import Center
from gatepass.center.database import KeptError
from gatepass.center.hidden import Hidden
from gatepass.center.roles import Actor
from gatepass.center.schema import person
from gatepass.errors import AccountError, CodeError

ISSUER = "gatepass Request Center"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator takes in: ``svg`` is a QR code, ``secret`` the same to type.

    Show it once, on a page that is not stored.
    """

    svg: Hidden
    secret: Hidden


def begin_enrolment(center: Center, actor: Actor) -> Enrolment:
    """Make a new secret for the user; one that was not confirmed is forgotten.

    Raises `AccountError` when there is an authenticator: it must be removed first.
    """
    secret = Hidden(pyotp.random_base32())
    sealed = center.vault.seal(secret.reveal(), seal_subject(actor.user_id)).blob

    def work(connection: Connection) -> None:
        own = person.c.id == actor.user_id
        row = connection.execute(select(person).where(own).with_for_update()).one()
        if row.totp_step is not None:
            raise AccountError("there is an authenticator already: remove it first")
        connection.execute(update(person).where(own).values(totp_sealed=sealed))
        audit.append(connection, center, actor, "begin authenticator", actor.name)

    center.database.write(work)
    return Enrolment(_qr_code(secret, actor.name), secret)


def confirm_enrolment(center: Center, actor: Actor, code: str) -> None:
    """Make the authenticator count, with its first code. Raises `CodeError`."""

    def work(connection: Connection) -> None:
        _use(connection, center, actor, code, confirming=True)
        audit.append(connection, center, actor, "confirm authenticator", actor.name)

    center.database.write(work)


def remove(center: Center, actor: Actor, code: str) -> None:
    """Remove the authenticator, with a code of it. Raises `CodeError`."""

    def work(connection: Connection) -> None:
        _use(connection, center, actor, code, confirming=False)
        own = person.c.id == actor.user_id
        connection.execute(update(person).where(own).values(totp_sealed=None, totp_step=None))
        audit.append(connection, center, actor, "remove authenticator", actor.name)

    center.database.write(work)


def _use(
    connection: Connection, center: Center, actor: Actor, code: str, *, confirming: bool
) -> None:
    at = moment.observe(connection, center.clock())
    own = person.c.id == actor.user_id
    connection.execute(select(person.c.id).where(own).with_for_update())
    typed = "".join(code.split())
    answer = authenticator.use(connection, center, actor.user_id, typed, at, confirming=confirming)
    if answer is not Answer.RIGHT:
        raise KeptError(_REFUSALS[answer]())


_REFUSALS = {
    Answer.NONE: lambda: CodeError("there is no authenticator to use: begin by enrolling", "wrong"),
    Answer.WRONG: lambda: CodeError(
        "this is not the authenticator's code of now, or it was used: wait for the next one, and"
        " see that the mobile's clock is right",
        "wrong",
    ),
    Answer.SHUT: lambda: CodeError("there were too many wrong codes: wait an hour", "tries"),
}


def _qr_code(secret: Hidden, name: str) -> Hidden:
    uri = pyotp.TOTP(secret.reveal()).provisioning_uri(name=name, issuer_name=ISSUER)
    image = io.BytesIO()
    segno.make(uri, error="m").save(
        image, kind="svg", scale=4, xmldecl=False, title="QR code for an authenticator"
    )
    return Hidden(image.getvalue().decode())
