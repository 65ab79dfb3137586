"""A user's own authenticator: enrol by QR code, confirm with a code, remove.

Enrolment starts with a code that is sent to the user's own mobile: a login alone, for example from
a stolen cookie, is not enough to add a second factor. The secret is sealed in the vault and shown
only once, in the QR code. The first right code completes the enrolment, and a mail goes to the user
and the firm's managers. Until then codes go to the mobile as before.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyotp
import segno
from sqlalchemy import ColumnElement, Connection, Row, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.mail import notices
from gatepass.center.people import authenticator, codes
from gatepass.center.people.authenticator import Answer, seal_subject
from gatepass.center.people.codes import Purpose, Sent
from gatepass.center.roles import Actor
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store import moment
from gatepass.center.store.database import KeptError
from gatepass.center.store.schema import person
from gatepass.errors import AccountError, CodeError

ISSUER = "gatepass Request Center"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret for an authenticator: ``svg`` is its QR code, ``secret`` its text to type.

    Show it once, on a page that is not stored.
    """

    svg: Hidden
    secret: Hidden


def request_code(center: Center, actor: Actor) -> Sent:
    """Send the code that starts an enrolment to the user's own mobile.

    Raises `AccountError` when there is an authenticator, which must be removed first, and
    `CodeError` when no code can be sent.
    """
    with center.database.read() as connection:
        _require_none(connection.execute(select(person).where(_own(actor))).one())
    return codes.send_code(center, actor, Purpose.AUTHENTICATOR, "", actor.user_id)


def begin_enrolment(center: Center, actor: Actor, code: str) -> Enrolment:
    """Check the code that was sent and make a new secret; it replaces an unconfirmed one.

    Raises `AccountError` when there is an authenticator, which must be removed first, and
    `CodeError` for a wrong code.
    """
    secret = Hidden(pyotp.random_base32())
    sealed = center.vault.seal(secret.reveal(), seal_subject(actor.user_id)).blob

    def work(connection: Connection) -> None:
        _require_none(connection.execute(select(person).where(_own(actor)).with_for_update()).one())
        codes.check_code(connection, center, actor, Purpose.AUTHENTICATOR, "", code)
        connection.execute(update(person).where(_own(actor)).values(totp_sealed=sealed))
        audit.append(connection, center, actor, audit.Action.BEGIN_AUTHENTICATOR, user=actor.name)

    center.database.write(work)
    return Enrolment(_qr_code(secret, actor.name), secret)


def confirm_enrolment(center: Center, actor: Actor, code: str) -> None:
    """Activate the authenticator with its first code. Raises `CodeError`."""

    def work(connection: Connection) -> None:
        _use(connection, center, actor, code, confirming=True)
        notices.authenticator_added(connection, center, actor)
        audit.append(connection, center, actor, audit.Action.CONFIRM_AUTHENTICATOR, user=actor.name)

    center.database.write(work)


def remove(center: Center, actor: Actor, code: str) -> None:
    """Remove the authenticator, with one of its codes. Raises `CodeError`."""

    def work(connection: Connection) -> None:
        _use(connection, center, actor, code, confirming=False)
        none = update(person).where(_own(actor)).values(totp_sealed=None, totp_step=None)
        connection.execute(none)
        audit.append(connection, center, actor, audit.Action.REMOVE_AUTHENTICATOR, user=actor.name)

    center.database.write(work)


def _own(actor: Actor) -> ColumnElement[bool]:
    return person.c.id == actor.user_id


def _require_none(row: Row[Any]) -> None:
    if row.totp_step is not None:
        raise AccountError("you already have an authenticator: remove it first")


def _use(
    connection: Connection, center: Center, actor: Actor, code: str, *, confirming: bool
) -> None:
    at = moment.observe(connection, center.clock())
    connection.execute(select(person.c.id).where(_own(actor)).with_for_update())
    typed = "".join(code.split())
    answer = authenticator.use(connection, center, actor.user_id, typed, at, confirming=confirming)
    if answer is Answer.RIGHT:
        return
    refusal = _REFUSALS[answer]()
    if answer is Answer.WRONG:
        purpose = Purpose.AUTHENTICATOR.value
        refused = audit.Action.CODE_REFUSED
        audit.append(connection, center, actor, refused, purpose=purpose, rule=refusal.rule)
    raise KeptError(refusal)


_REFUSALS = {
    Answer.NONE: lambda: CodeError("you have no authenticator: set one up first", "wrong"),
    Answer.WRONG: lambda: CodeError(
        "wrong authenticator code: wait for the next one, and check that the mobile's clock is"
        " right",
        "wrong",
    ),
    Answer.USED: lambda: CodeError(authenticator.USED_WORDS, "used"),
    Answer.LOCKED: lambda: CodeError("too many wrong codes: wait an hour", "tries"),
}


def _qr_code(secret: Hidden, name: str) -> Hidden:
    uri = pyotp.TOTP(secret.reveal()).provisioning_uri(name=name, issuer_name=ISSUER)
    image = io.BytesIO()
    segno.make(uri, error="m").save(
        image, kind="svg", scale=4, xmldecl=False, title="QR code for an authenticator"
    )
    return Hidden(image.getvalue().decode())
