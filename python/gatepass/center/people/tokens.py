"""API tokens for programs that read the status of key pairs, and do nothing else.

A token always acts as a `Role.READER`, even if its user may do more: a secret is only given out
with the second factor, and a program has none.
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
from gatepass.center.store.columns import Instant
from gatepass.center.store.schema import person, token
from gatepass.errors import AccountError, NotFoundError

#: A token starts with this, so that secret scanners find it.
PREFIX = "gatepass_"
#: Days that a token is valid, by default and at most.
DAYS, MOST_DAYS = 90, 366
#: Tokens that a user may have at the same time.
MOST = 20
#: The precision of the last use, so that not every request writes to the database.
_GRAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without its text, which is shown only when it is created."""

    id: int
    name: str
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None


def issue(center: Center, actor: Actor, name: str, days: int = DAYS) -> Hidden:
    """Create a token and return its text, which cannot be shown again.

    Raises `AccountError` for a name, number of days or number of tokens out of bounds.
    """
    actor.require(Action.SEE_SESSIONS)
    name = name.strip()
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise AccountError("a token's name has 1 to 64 characters")
    if not 1 <= days <= MOST_DAYS:
        raise AccountError(f"a token is valid for 1 to {MOST_DAYS} days")
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
    """Return who acts with this token, always a `Role.READER`; ``None`` if it is not valid."""
    at = center.clock()
    found = center.database.ask(_FIND, {"wanted": digest_of(text), "moment": at})
    if not found:
        return None
    row = found[0]
    if row.used_at is None or at - row.used_at >= _GRAIN:
        used = update(token).where(token.c.id == row.id).values(used_at=at)
        center.database.write(lambda connection: connection.execute(used))
    return Actor(row.person_id, row.firm_id, row.person_name, Role.READER, origin)


# Built once: SQLAlchemy takes longer to build a statement than the database to run it.
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
    """Return the user's own tokens, newest first."""
    query = select(token).where(token.c.person_id == actor.user_id).order_by(token.c.id.desc())
    with center.database.read() as connection:
        return [
            TokenView(row.id, row.name, row.created_at, row.ends_at, row.used_at)
            for row in connection.execute(query)
        ]


def revoke(center: Center, actor: Actor, token_id: int) -> None:
    """Revoke a token at once. Raises `NotFoundError` unless it is the user's own."""

    def work(connection: Connection) -> None:
        mine = (token.c.id == token_id) & (token.c.person_id == actor.user_id)
        name = connection.execute(select(token.c.name).where(mine)).scalar_one_or_none()
        if name is None:
            raise NotFoundError("there is no such token: choose one from the list")
        connection.execute(delete(token).where(mine))
        audit.append(connection, center, actor, audit.Action.REVOKE_TOKEN, token=name)

    center.database.write(work)


def revoke_all(connection: Connection, person_id: int) -> None:
    """Revoke all tokens of a user: someone else may have created them."""
    connection.execute(delete(token).where(token.c.person_id == person_id))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete expired tokens, and return how many."""
    return connection.execute(delete(token).where(token.c.ends_at <= at)).rowcount
