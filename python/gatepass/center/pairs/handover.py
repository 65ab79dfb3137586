"""Hand a session over to another user, whose mobile then gets the verification codes.

CME sends codes to the user who created the session. What happens when that user has left is not
public; here the operator names another user of the firm.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.pairs import firms
from gatepass.center.people import codes, logins
from gatepass.center.store.schema import person, session
from gatepass.errors import CenterError, NotFoundError


def hand_over(center: Center, session_name: str, to: str) -> None:
    """Make another user of its firm the owner of a session.

    Unused codes of the firm's users become void. Raises `NotFoundError` for an unknown session or
    user, `CenterError` for a disabled user.
    """
    wanted, name = firms.known_name(session_name), logins.normal_name(to)

    def work(connection: Connection) -> None:
        row = firms.lock_any_session(connection, wanted)
        former = select(person.c.name).where(person.c.id == row.created_by)
        before = connection.execute(former).scalar_one()
        found = select(person).where(person.c.name == name, person.c.firm_id == row.firm_id)
        owner = connection.execute(found.with_for_update()).one_or_none()
        if owner is None:
            raise NotFoundError(f"the firm of session {wanted} has no user {name!r}")
        if owner.disabled:
            raise CenterError(f"{name} is disabled: choose another user, or enable this one first")
        this = update(session).where(session.c.id == row.id)
        connection.execute(this.values(created_by=owner.id))
        codes.make_void(connection, row.firm_id)
        audit.append(
            connection,
            center,
            audit.system(row.firm_id),
            audit.Action.HAND_OVER_SESSION,
            session=wanted,
            former_user=before,
            user=name,
        )

    center.database.write(work)
