"""What is shown of sessions and their key pairs: everything but the secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    or_,
    select,
)

from gatepass.center.schema import pair, person, session
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.rules import PairState, PairTerms, effective_state
from gatepass.keys.validity import exchange_zone

#: Pairs shown and thought of beside the active ones: what was long ago is in the audit log.
HISTORY = 20


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair as people see it. ``state`` and ``days_left`` are as of the moment of looking.

    ``days_left`` counts calendar days in Chicago; ``ended_at`` is ``None`` while it is recorded
    as active. ``created_by`` is a user's name.
    """

    session: SessionId
    access_key_id: AccessKeyId
    state: PairState
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    days_left: int
    created_by: str
    environment: str | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session and pairs of it, the newest first. ``created_by`` is a user's name."""

    id: int
    name: SessionId
    kind: str
    description: str
    created_by: str
    pairs: tuple[PairView, ...]

    @property
    def active(self) -> tuple[PairView, ...]:
        """The pairs that are valid for logon: two at most."""
        return tuple(pair for pair in self.pairs if pair.state is PairState.ACTIVE)


def terms_of(row: Row[Any]) -> PairTerms:
    """Return what a row of the table `pair` is to the rules."""
    return PairTerms(
        access_key_id=AccessKeyId(row.access_key_id),
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        state=PairState(row.state),
    )


#: Pairs with the names that a view shows, and without their secrets; add a condition.
PAIRS: Select[Any] = (
    select(*(c for c in pair.c if c.name not in ("sealed", "envelope")))
    .add_columns(session.c.name.label("session_name"), person.c.name.label("creator"))
    .join(session, pair.c.session_id == session.c.id)
    .join(person, pair.c.created_by == person.c.id)
    .order_by(pair.c.created_at.desc(), pair.c.id.desc())
)

#: Sessions likewise.
SESSIONS: Select[Any] = (
    select(session, person.c.name.label("creator"))
    .join(person, session.c.created_by == person.c.id)
    .order_by(session.c.name)
)


def days_until(end: datetime, at: datetime) -> int:
    """Count the calendar days in Chicago from ``at`` to an end."""
    zone = exchange_zone()
    return (end.astimezone(zone).date() - at.astimezone(zone).date()).days


def pair_view(row: Row[Any], at: datetime) -> PairView:
    """Return the view of a row of `PAIRS` as of ``at``."""
    return PairView(
        session=SessionId(row.session_name),
        access_key_id=AccessKeyId(row.access_key_id),
        state=effective_state(terms_of(row), at),
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        days_left=days_until(row.expires_at, at),
        created_by=row.creator,
        environment=row.environment,
    )


def active_and_recent(session_ids: BindParameter[Any]) -> ColumnElement[bool]:
    """Choose all active pairs of sessions, and the `HISTORY` pairs of theirs made last."""
    its = pair.c.session_id.in_(session_ids)
    last = select(pair.c.id).where(its).order_by(pair.c.id.desc()).limit(HISTORY)
    return its & or_(pair.c.slot.is_not(None), pair.c.id.in_(last))


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
_ITS: BindParameter[Any] = bindparam("its", expanding=True)
_ACTIVE = PAIRS.where(pair.c.session_id.in_(_ITS), pair.c.slot.is_not(None))
_RECENT = PAIRS.where(active_and_recent(_ITS))


def session_views(
    connection: Connection, sessions: Iterable[Row[Any]], at: datetime, *, ended: bool
) -> tuple[SessionView, ...]:
    """Return the views of rows of `SESSIONS` with their active pairs.

    With ``ended`` also those that were made last, of which there are `HISTORY`.
    """
    rows = list(sessions)
    found: dict[int, list[PairView]] = {row.id: [] for row in rows}
    for row in connection.execute(_RECENT if ended else _ACTIVE, {"its": list(found)}):
        found[row.session_id].append(pair_view(row, at))
    return tuple(
        SessionView(
            id=row.id,
            name=SessionId(row.name),
            kind=row.kind,
            description=row.description,
            created_by=row.creator,
            pairs=tuple(found[row.id]),
        )
        for row in rows
    )
