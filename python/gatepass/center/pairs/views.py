"""What is shown of sessions and their key pairs: everything except the secrets.

An altered pair hides none of the others: its session shows the problem instead.
"""

from __future__ import annotations

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

from gatepass.center.secrets.envelope import TAMPERED
from gatepass.center.store.schema import pair, person, session
from gatepass.errors import VaultError
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

    ``problem`` names those of its pairs that were altered, which are missing here.
    """

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
    """Return a row of the table `pair` for the rules.

    Raises `VaultError` for one that lives longer than they allow (`outlives_rules`).
    """
    if outlives_rules(row.created_at, row.expires_at):
        raise VaultError(changed(row))
    return PairTerms(
        access_key_id=AccessKeyId(row.access_key_id),
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        state=PairState(row.state),
    )


def changed(row: Row[Any]) -> str:
    """Return the text for an altered pair."""
    return f"key pair {row.access_key_id}: {TAMPERED}"


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
    """Return the view of a row of `PAIRS` as of ``at``; raises as `terms_of` does."""
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
    rows = connection.execute(wanted, values).all()
    query = _RECENT if ended else _ACTIVE
    found: dict[int, list[PairView]] = {row.id: [] for row in rows}
    bad: dict[int, list[str]] = {row.id: [] for row in rows}
    for row in connection.execute(query, {"its": list(found)}):
        try:
            view = pair_view(row, at)
        except VaultError:
            bad[row.session_id].append(row.access_key_id)
            continue
        its_pairs = found[row.session_id]
        newer = any(one.state is PairState.ACTIVE for one in its_pairs)
        is_active = view.state is PairState.ACTIVE
        its_pairs.append(replace(view, replaced=True) if newer and is_active else view)
    return tuple(
        SessionView(
            row.name,
            row.kind,
            row.description,
            row.creator,
            tuple(found[row.id]),
            f"key pair {' and '.join(bad[row.id])} {_CHANGED}" if bad[row.id] else "",
        )
        for row in rows
    )


#: The text for an altered pair.
_CHANGED = "cannot be shown: its row in the database was changed"
