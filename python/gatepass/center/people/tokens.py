"""API tokens: for programs that read the status of key pairs, and for nothing else.

Whatever its user may do, a token acts as a `Role.READER`: a secret is never given out without the
second factor, and a program has none.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.people.logins import digest_of
from gatepass.center.roles import Action, Actor, Role
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.schema import Instant, person, token
from gatepass.errors import AccountError, NotFoundError

#: A token begins with this, so that a search for secrets in code finds it.
PREFIX = "gatepass_"
#: Days a token is good for unless told otherwise, and at most.
DAYS, MOST_DAYS = 90, 366
#: Tokens that a user may have at a time.
MOST = 20
#: How exactly the last use is noted, so that not each request writes.
_GRAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without its text, which is shown once, when it is made."""

    id: int
    name: str
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None


def issue(center: Center, actor: Actor, name: str, days: int = DAYS) -> Hidden:
    """Make a token and return its text, which nobody can show again.

    Raises `AccountError` for a name, number of days or number of tokens out of bounds.
    """
    actor.require(Action.SEE_SESSIONS)
    name = name.strip()
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise AccountError("a token's name has 1 to 64 characters")
    if not 1 <= days <= MOST_DAYS:
        raise AccountError(f"a token is good for 1 to {MOST_DAYS} days")
    text = Hidden(PREFIX + secrets.token_urlsafe(32))

    def work(connection: Connection) -> None:
        own = person.c.id == actor.user_id
        connection.execute(select(person.c.id).where(own).with_for_update())
        mine = select(func.count()).select_from(token).where(token.c.person_id == actor.user_id)
        if connection.execute(mine).scalar_one() >= MOST:
            raise AccountError(f"you have {MOST} tokens: revoke one first")
        at = center.clock()
        values = {"person_id": actor.user_id, "name": name, "digest": digest_of(text.reveal())}
        row = insert(token).values(**values, created_at=at, ends_at=at + timedelta(days=days))
        connection.execute(row)
        audit.append(connection, center, actor, audit.Action.ADD_TOKEN, token=name)

    center.database.write(work)
    return text


def find(center: Center, text: str, origin: str = "") -> Actor | None:
    """Return who acts with this token, always a `Role.READER`; ``None`` when it is not good."""
    at = center.clock()
    found = center.database.ask(_FIND, {"wanted": digest_of(text), "moment": at})
    if not found:
        return None
    row = found[0]
    if row.used_at is None or at - row.used_at >= _GRAIN:
        used = update(token).where(token.c.id == row.id).values(used_at=at)
        center.database.write(lambda connection: connection.execute(used))
    return Actor(row.person_id, row.firm_id, row.person_name, Role.READER, origin)


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
_AT = bindparam("moment", type_=Instant)
_FIND = (
    select(
        token.c.id,
        token.c.person_id,
        token.c.used_at,
        person.c.firm_id,
        person.c.name.label("person_name"),
    )
    .join(person, token.c.person_id == person.c.id)
    .where(token.c.digest == bindparam("wanted"), token.c.ends_at > _AT, token.c.created_at <= _AT)
    .where(person.c.disabled.is_(False))
)


def tokens(center: Center, actor: Actor) -> list[TokenView]:
    """Return the user's own tokens, the newest first."""
    query = select(token).where(token.c.person_id == actor.user_id).order_by(token.c.id.desc())
    with center.database.read() as connection:
        return [
            TokenView(row.id, row.name, row.created_at, row.ends_at, row.used_at)
            for row in connection.execute(query)
        ]


def revoke(center: Center, actor: Actor, token_id: int) -> None:
    """Make a token worth nothing, at once. Raises `NotFoundError` unless it is the user's own."""

    def work(connection: Connection) -> None:
        mine = (token.c.id == token_id) & (token.c.person_id == actor.user_id)
        name = connection.execute(select(token.c.name).where(mine)).scalar_one_or_none()
        if name is None:
            raise NotFoundError("there is no such token: choose one of the list")
        connection.execute(delete(token).where(mine))
        audit.append(connection, center, actor, audit.Action.REVOKE_TOKEN, token=name)

    center.database.write(work)


def revoke_all(connection: Connection, person_id: int) -> None:
    """Make all tokens of a user worth nothing: somebody else may have made them."""
    connection.execute(delete(token).where(token.c.person_id == person_id))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete tokens whose time is over, and return how many."""
    return connection.execute(delete(token).where(token.c.ends_at <= at)).rowcount
