"""Hand a session over to another user, whose mobile gets the verification codes from then on.

CME's codes go to the user who created the session. What becomes of a session whose creator has
left is not public; here the operator names another user of the firm.
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
    """Make a user of its firm the one to whom a session belongs.

    Codes that the firm's users have not used yet are void. Raises `NotFoundError` for an unknown
    session or user, `CenterError` for a user who is shut out.
    """
    wanted, name = firms.known_name(session_name), logins.normal_name(to)

    def work(connection: Connection) -> None:
        row = firms.lock_any_session(connection, wanted)
        former = select(person.c.name).where(person.c.id == row.created_by)
        before = connection.execute(former).scalar_one()
        found = select(person).where(person.c.name == name, person.c.firm_id == row.firm_id)
        heir = connection.execute(found.with_for_update()).one_or_none()
        if heir is None:
            raise NotFoundError(f"the firm of session {wanted} has no user {name!r}")
        if heir.disabled:
            raise CenterError(f"{name} is shut out: choose another user, or enable this one first")
        connection.execute(update(session).where(session.c.id == row.id).values(created_by=heir.id))
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
