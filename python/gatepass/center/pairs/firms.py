"""Firms and their sessions. For a firm, the sessions of other firms do not exist."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.pairs.views import (
    PAIRS,
    SESSIONS,
    PairView,
    SessionView,
    pair_view,
    session_views,
)
from gatepass.center.roles import Action, Actor
from gatepass.center.store.page import PAGE_SIZE, Page
from gatepass.center.store.schema import firm, pair, person, session
from gatepass.errors import CenterError, FieldError, NotFoundError
from gatepass.keys.identifiers import AccessKeyId, SessionId


class SessionKind(enum.Enum):
    """The kind of a session. Its value is the number of characters of the Session ID."""

    ILINK = 3
    DROPCOPY = 6

    @property
    def word(self) -> str:
        """The word that is stored and shown."""
        return self.name.lower()


def add_firm(center: Center, name: str) -> int:
    """Add a registered entity and return its number; raise `CenterError` if it already exists."""

    def work(connection: Connection) -> int:
        values = {"name": name, "created_at": center.clock()}
        made = connection.execute(insert(firm).values(values)).inserted_primary_key
        number: int = made[0] if made else 0
        audit.append(connection, center, audit.system(number), audit.Action.ADD_FIRM, firm=name)
        return number

    if not name.strip():
        raise CenterError("a firm's name must not be blank: give 1 to 100 characters")
    if len(name) > 100:
        raise CenterError(f"a firm's name has 1 to 100 characters, not {len(name)}")
    try:
        return center.database.write(work)
    except IntegrityError:
        raise CenterError(f"firm {name!r} already exists: choose another name") from None


def add_session(
    center: Center,
    firm_name: str,
    name: str,
    kind: SessionKind,
    created_by: str,
    description: str = "",
) -> int:
    """Add a session of a firm, created by one of its users, and return its number.

    That user's mobile gets the verification codes of the session's pairs. Raises
    `gatepass.errors.FieldError` for an impossible Session ID, `NotFoundError` for an unknown firm
    or user, `CenterError` for a session that already exists, also one that differs only in
    capitals: people would confuse the two.
    """
    wanted = SessionId(name)
    if len(wanted) != kind.value:
        raise CenterError(
            f"an {kind.word} session's Session ID has {kind.value} characters, not {len(wanted)}"
        )

    def work(connection: Connection) -> int:
        number, creator = _firm_and_user(connection, firm_name, created_by)
        like = select(session.c.name).where(
            func.lower(session.c.name) == wanted.lower(), session.c.removed_at.is_(None)
        )
        known = connection.execute(like).scalars().first()
        if known is not None and known != wanted:
            raise CenterError(
                f"session {known} already exists, and {wanted} differs from it only in capitals:"
                " people would confuse the two"
            )
        made = connection.execute(
            insert(session).values(
                firm_id=number,
                name=wanted,
                kind=kind.word,
                description=description[:100],
                created_by=creator,
                created_at=center.clock(),
            )
        ).inserted_primary_key
        author = audit.system(number)
        audit.append(connection, center, author, audit.Action.ADD_SESSION, session=wanted)
        return made[0] if made else 0

    try:
        return center.database.write(work)
    except IntegrityError:
        raise CenterError(f"session {wanted} already exists: it belongs to one firm") from None


def remove_session(center: Center, name: str) -> None:
    """Remove a session that has no active key pair; its Session ID can be used again.

    Its history stays in the audit log and in the disaster-recovery view. Raises `NotFoundError` for
    an unknown session, `CenterError` while one of its pairs is active.
    """
    wanted = known_name(name)

    def work(connection: Connection) -> None:
        row = lock_any_session(connection, wanted)
        its = select(pair.c.access_key_id).where(
            pair.c.session_id == row.id, pair.c.slot.is_not(None)
        )
        active = connection.execute(its.order_by(pair.c.id)).scalars().all()
        if active:
            raise CenterError(
                f"session {wanted} has active key pairs ({', '.join(active)}): a user of its firm"
                " must delete them first; expired pairs end with gatepass center sweep"
            )
        gone = update(session).where(session.c.id == row.id).values(removed_at=center.clock())
        connection.execute(gone)
        author = audit.system(row.firm_id)
        audit.append(connection, center, author, audit.Action.REMOVE_SESSION, session=wanted)

    center.database.write(work)


def lock_any_session(connection: Connection, name: SessionId) -> Row[Any]:
    """Return a session of any firm, locked, for the operator; raise `NotFoundError`."""
    its = select(session).where(session.c.name == name, session.c.removed_at.is_(None))
    row = connection.execute(its.with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no session {name}")
    return row


def list_sessions(
    center: Center, actor: Actor, search: str = "", page: int = 1, size: int = PAGE_SIZE
) -> Page[SessionView]:
    """Return a page of the firm's sessions by name, each with its active pairs.

    ``search`` is a part of a Session ID or description; case does not matter. Raises
    `gatepass.errors.NotAllowedError`.
    """
    actor.require(Action.SEE_SESSIONS)
    wanted = (session.c.firm_id == actor.firm_id) & session.c.removed_at.is_(None)
    # PostgreSQL refuses a text with a NUL, and no stored text contains one.
    search = search.replace("\0", "")
    if search:
        wanted &= or_(
            session.c.name.icontains(search, autoescape=True),
            session.c.description.icontains(search, autoescape=True),
        )
    shown: Page[SessionView] = Page((), max(1, page), size, 0)
    with center.database.read() as connection:
        total = _count(connection, wanted)
        query = SESSIONS.where(wanted).limit(size).offset(shown.offset)
        items = session_views(connection, query, center.clock(), ended=False)
    return Page(items, shown.number, size, total)


def find_session(center: Center, actor: Actor, name: str) -> SessionView:
    """Return a session of the firm with its most recent pairs, including ended ones.

    Raises `NotFoundError` for a session that is unknown or of another firm, and
    `gatepass.errors.NotAllowedError`.
    """
    actor.require(Action.SEE_SESSIONS)
    wanted = {"firm": actor.firm_id, "its": known_name(name)}
    # Only the owner of a session changes, so it need not be read at the same time as its pairs.
    with center.database.glance() as connection:
        found = session_views(connection, _BY_NAME, center.clock(), ended=True, **wanted)
    if not found:
        raise NotFoundError(NO_SESSION)
    return found[0]


def find_pairs(center: Center, actor: Actor, access_key_ids: Sequence[str]) -> tuple[PairView, ...]:
    """Return pairs of the firm's sessions by their Access Key IDs, in this order.

    Raises `NotFoundError` if one is unknown or of another firm, `gatepass.errors.VaultError` if one
    was altered, and `gatepass.errors.NotAllowedError`.
    """
    actor.require(Action.SEE_SESSIONS)
    wanted = {"firm": actor.firm_id, "keys": [known_key(name) for name in access_key_ids]}
    at = center.clock()
    rows = center.database.ask(_BY_KEYS, wanted)
    found = {row.access_key_id: pair_view(row, at) for row in rows}
    if not found.keys() >= set(access_key_ids):
        raise NotFoundError(NO_PAIR)
    return tuple(found[access_key_id] for access_key_id in access_key_ids)


def known_name(text: str) -> SessionId:
    """Parse a Session ID; raise `NotFoundError` for a malformed one."""
    try:
        return SessionId(text)
    except FieldError:
        raise NotFoundError(NO_SESSION) from None


def known_key(text: str) -> AccessKeyId:
    """Parse an Access Key ID; raise `NotFoundError` for a malformed one."""
    try:
        return AccessKeyId(text)
    except FieldError:
        raise NotFoundError(NO_PAIR) from None


# Built once: SQLAlchemy takes longer to build a statement than the database to run it.
_BY_NAME = SESSIONS.where(
    session.c.firm_id == bindparam("firm"), session.c.name == bindparam("its")
)
_BY_KEYS = PAIRS.where(
    session.c.firm_id == bindparam("firm"),
    session.c.removed_at.is_(None),
    pair.c.access_key_id.in_(bindparam("keys", expanding=True)),
)

#: The same text for an unknown session and for another firm's.
NO_SESSION = "there is no such session: choose one from the list"
#: Likewise for a pair. It does not repeat the request, which may contain a misplaced secret.
NO_PAIR = "there is no such key pair: choose one from the session's list"


def _count(connection: Connection, wanted: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(session).where(wanted)
    return connection.execute(query).scalar_one()


def _firm_and_user(connection: Connection, firm_name: str, user: str) -> tuple[int, int]:
    number = connection.execute(
        select(firm.c.id).where(firm.c.name == firm_name)
    ).scalar_one_or_none()
    if number is None:
        raise NotFoundError(f"there is no firm {firm_name!r}")
    creator = connection.execute(
        select(person.c.id).where(person.c.name == user, person.c.firm_id == number)
    ).scalar_one_or_none()
    if creator is None:
        raise NotFoundError(f"firm {firm_name!r} has no user {user!r}")
    return number, creator
