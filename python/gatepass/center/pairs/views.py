"""What is shown of sessions and their key pairs: everything except the secrets.

An altered row hides none of the others: its session shows the problem instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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

from gatepass.center.store import unreadable
from gatepass.center.store.schema import pair, person, session
from gatepass.center.store.unreadable import Unreadable, is_unreadable
from gatepass.errors import FieldError
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.rules import PairState, PairTerms, effective_state, outlives_rules
from gatepass.keys.validity import exchange_zone

#: The most recent pairs, which are read beside the active ones; older ones are in the audit log.
HISTORY = 20


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair as people see it. ``state`` and ``days_left`` are as of the time of the view.

    ``days_left`` counts calendar days in Chicago; ``ended_at`` is ``None`` while it is recorded as
    active. ``created_by`` is a user's name. ``replaced``: a newer pair of its session is active
    too, and this one will end for that reason; set only where pairs are shown with their session.
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
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session and its pairs, newest first. ``created_by`` is the name of its owner.

    ``problem`` says which of its rows cannot be read: then those pairs are missing here, or
    everything except the session's ``id`` is empty.
    """

    id: int
    name: str
    kind: str
    description: str
    created_by: str
    pairs: tuple[PairView, ...]
    problem: str = ""

    @property
    def active(self) -> tuple[PairView, ...]:
        """The pairs that are valid for logon, at most two."""
        return tuple(pair for pair in self.pairs if pair.state is PairState.ACTIVE)


def terms_of(row: Row[Any]) -> PairTerms:
    """Return a row of the table `pair` for the rules; raise `ValueError` for an impossible one.

    See `gatepass.keys.rules.outlives_rules`.
    """
    if outlives_rules(row.created_at, row.expires_at):
        raise ValueError("this pair lives longer than the rules allow")
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

#: Sessions likewise, without those that were removed.
SESSIONS: Select[Any] = (
    select(session.c.id, session.c.name, session.c.kind, session.c.description)
    .add_columns(person.c.name.label("creator"))
    .join(person, session.c.created_by == person.c.id)
    .where(session.c.removed_at.is_(None))
    .order_by(session.c.name)
)


def days_until(end: datetime, at: datetime) -> int:
    """Return the number of calendar days in Chicago from ``at`` to ``end``."""
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
    """Select all active pairs of sessions, and their `HISTORY` most recent ones."""
    its = pair.c.session_id.in_(session_ids)
    last = select(pair.c.id).where(its).order_by(pair.c.id.desc()).limit(HISTORY)
    return its & or_(pair.c.slot.is_not(None), pair.c.id.in_(last))


# Built once: SQLAlchemy takes longer to build a statement than the database to run it.
_ITS: BindParameter[Any] = bindparam("its", expanding=True)
_ACTIVE = PAIRS.where(pair.c.session_id.in_(_ITS), pair.c.slot.is_not(None))
_RECENT = PAIRS.where(active_and_recent(_ITS))


def session_views(
    connection: Connection, wanted: Select[Any], at: datetime, *, ended: bool, **values: Any
) -> tuple[SessionView, ...]:
    """Return views of the sessions that ``wanted``, a selection of `SESSIONS`, finds.

    They have their active pairs, and with ``ended`` also the `HISTORY` most recent ones. ``values``
    are the parameters of ``wanted``.
    """
    rows = unreadable.rows(connection, wanted, session.c.id, values)
    query = _RECENT if ended else _ACTIVE
    its = {"its": [_number(row) for row in rows]}
    found: dict[int, list[PairView]] = {number: [] for number in its["its"]}
    bad: list[int] = []
    for row in unreadable.rows(connection, query, pair.c.id, its):
        if isinstance(row, Unreadable) or (view := _whole(row, at)) is None:
            bad.append(_number(row))
        else:
            its_pairs = found[row.session_id]
            newer = any(one.state is PairState.ACTIVE for one in its_pairs)
            is_active = view.state is PairState.ACTIVE
            its_pairs.append(replace(view, replaced=True) if newer and is_active else view)
    problems = _problems(connection, bad)
    return tuple(
        _session_view(row, tuple(found[_number(row)]), problems.get(_number(row), ""))
        for row in rows
    )


def _session_view(
    row: Row[Any] | Unreadable, pairs: tuple[PairView, ...], problem: str
) -> SessionView:
    if not isinstance(row, Unreadable):
        texts = (row.name, row.kind, row.description, row.creator)
        if all(isinstance(text, str) for text in texts) and _is_name(row.name):
            return SessionView(row.id, *texts, pairs, problem)
    number = _number(row)
    return SessionView(number, "", "", "", "", (), f"the session with the id {number} {_CHANGED}")


def _problems(connection: Connection, pair_ids: Iterable[int]) -> dict[int, str]:
    """Return a text for each session that names its unreadable pairs."""
    bad: dict[int, list[str]] = {}
    query = select(pair.c.session_id, pair.c.id).where(pair.c.id.in_(pair_ids))
    for row in connection.execute(query.order_by(pair.c.id)) if pair_ids else ():
        bad.setdefault(row.session_id, []).append(str(row.id))
    return {
        session_id: f"the key pair with the id {' and '.join(ids)} {_CHANGED}"
        for session_id, ids in bad.items()
    }


#: The text for an altered row.
_CHANGED = "cannot be shown: its row in the database was changed"


def _whole(row: Row[Any], at: datetime) -> PairView | None:
    """Return the view of a row, or ``None`` if it contains impossible values."""
    try:
        view = pair_view(row, at)
    except Exception as error:
        if not is_unreadable(error):
            raise
        return None
    texts = (view.created_by, view.environment or "")
    return view if all(isinstance(text, str) for text in texts) else None


def _is_name(text: str) -> bool:
    try:
        SessionId(text)
    except FieldError:
        return False
    return True


def _number(row: Row[Any] | Unreadable) -> int:
    number: int = row.number if isinstance(row, Unreadable) else row.id
    return number
