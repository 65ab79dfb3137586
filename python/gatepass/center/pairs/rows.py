"""Rows of sessions and pairs: find them for a firm, lock them, change them and keep versions.

A transaction that changes pairs locks their session's row here until it ends. `keep_versions`
records a version of each changed pair, which the disaster-recovery view reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    String,
    bindparam,
    case,
    exists,
    insert,
    select,
    update,
)

from gatepass.center.pairs.firms import NO_PAIR, NO_SESSION, known_key, known_name
from gatepass.center.pairs.views import PAIRS, active_and_recent, terms_of
from gatepass.center.secrets.vault import Seal
from gatepass.center.store.columns import Instant
from gatepass.center.store.schema import pair, pair_version, session
from gatepass.errors import NotFoundError
from gatepass.keys.pair import IssuedPair
from gatepass.keys.rules import PairState, PairTerms, lapsed_pairs

#: The slots for a session's active pairs.
SLOTS = (1, 2)


def seal_subject(access_key_id: str, session_id: int, session_name: str, firm_id: int) -> str:
    """Return the subject to which a pair's sealed secret is bound.

    It contains session and firm: altering their rows does not give a secret to another firm.
    """
    return f"pair:{firm_id}:{session_id}:{session_name}:{access_key_id}"


def seal_subject_of(row: Row[Any]) -> str:
    """Return the subject of a row with `SEAL_COLUMNS`."""
    return seal_subject(row.access_key_id, row.session_id, row.session_name, row.firm_id)


#: The columns of `pair` and `session` to which a secret is bound.
SEAL_COLUMNS = (
    *(pair.c.access_key_id, pair.c.session_id),
    *(session.c.name.label("session_name"), session.c.firm_id),
)


def lock_session(connection: Connection, firm_id: int, name: str) -> Row[Any]:
    """Return a session of the firm, locked; raise `NotFoundError` if there is none."""
    found = connection.execute(_BY_NAME, {"firm": firm_id, "key": known_name(name)}).one_or_none()
    if found is None:
        raise NotFoundError(NO_SESSION)
    return found


def lock_session_of(connection: Connection, firm_id: int, access_key_id: str) -> Row[Any]:
    """Return the session of a pair, likewise."""
    found = connection.execute(_BY_PAIR, {"firm": firm_id, "key": access_key_id}).one_or_none()
    if found is None:
        raise NotFoundError(NO_PAIR)
    return found


def find_pairs(connection: Connection, firm_id: int, names: Sequence[str]) -> list[Row[Any]]:
    """Return pairs of the firm in this order, each with the ``owner`` of its session.

    Raises `NotFoundError` unless all exist.
    """
    wanted = {"firm": firm_id, "keys": [known_key(name) for name in names]}
    found = {row.access_key_id: row for row in connection.execute(_BY_KEYS, wanted)}
    if not names or set(found) != set(names):
        raise NotFoundError(NO_PAIR)
    return [found[name] for name in dict.fromkeys(names)]


def terms(connection: Connection, session_id: int) -> list[PairTerms]:
    """Return a session's active pairs and its most recent ones, in the order of generation.

    Raises `gatepass.errors.VaultError` when one of them was changed.
    """
    return [terms_of(row) for row in connection.execute(_PAIRS_OF, {"its": [session_id]})]


def insert_pair(
    connection: Connection, session_id: int, made: IssuedPair, seal: Seal, values: dict[str, Any]
) -> None:
    """Insert a pair into a free slot; the database refuses a third pair."""
    row = {
        "session_id": session_id,
        "access_key_id": made.access_key_id,
        "state": PairState.ACTIVE.value,
        "environment": made.environment,
        "sealed": seal.blob,
        "envelope": seal.envelope,
    }
    connection.execute(_INSERT, {**row, **values, "its": session_id})


def end_pair(
    connection: Connection,
    access_key_id: str,
    state: PairState,
    ended_at: datetime,
    recorded_at: datetime,
) -> None:
    """Record that a pair ended, which frees its slot."""
    values = {"key": access_key_id, "new_state": state.value}
    connection.execute(_END, {**values, "moment": ended_at, "recorded": recorded_at})


def shorten_pair(connection: Connection, access_key_id: str, expires_at: datetime) -> None:
    """Give a pair an earlier end."""
    connection.execute(_SHORTEN, {"key": access_key_id, "moment": expires_at})


def keep_versions(connection: Connection, access_key_ids: Sequence[str], at: datetime) -> None:
    """Record the state of pairs from ``at`` on, in the order of generation."""
    connection.execute(_VERSIONS, {"keys": access_key_ids, "moment": at})


def settle(connection: Connection, pairs: Sequence[PairTerms], at: datetime) -> list[PairTerms]:
    """Record which pairs of a locked session have expired by now, and return them."""
    lapsed = lapsed_pairs(pairs, at)
    for one in lapsed:
        end_pair(connection, one.access_key_id, PairState.EXPIRED, one.expires_at, at)
        keep_versions(connection, [one.access_key_id], one.expires_at)
    return lapsed


# Built once: SQLAlchemy takes longer to build a statement than the database to run it.
_KEY, _AT = bindparam("key", type_=String), bindparam("moment", type_=Instant)
_OWN = (session.c.firm_id == bindparam("firm")) & session.c.removed_at.is_(None)
_THIS = pair.c.access_key_id == _KEY
_BY_NAME = select(session).where(_OWN, session.c.name == _KEY).with_for_update()
_BY_PAIR = (
    select(session)
    .where(_OWN, session.c.id == select(pair.c.session_id).where(_THIS).scalar_subquery())
    .with_for_update()
)
_THESE = pair.c.access_key_id.in_(bindparam("keys", expanding=True))
_BY_KEYS = PAIRS.add_columns(
    pair.c.sealed, session.c.firm_id, session.c.created_by.label("owner")
).where(_OWN, _THESE)
_PAIRS_OF: Select[Any] = (
    select(
        pair.c.access_key_id, pair.c.created_at, pair.c.expires_at, pair.c.ended_at, pair.c.state
    )
    .where(active_and_recent(bindparam("its", expanding=True)))
    .order_by(pair.c.id)
)
_FIRST_TAKEN = exists().where(pair.c.session_id == bindparam("its"), pair.c.slot == SLOTS[0])
_INSERT = insert(pair).values(slot=case((_FIRST_TAKEN, SLOTS[1]), else_=SLOTS[0]))
_END = (
    update(pair)
    .where(_THIS)
    .values(state=bindparam("new_state"), slot=None, ended_at=_AT)
    .values(end_recorded_at=bindparam("recorded", type_=Instant))
)
_SHORTEN = update(pair).where(_THIS).values(expires_at=_AT)
_VERSIONS = insert(pair_version).from_select(
    ["pair_id", "at", "state", "expires_at"],
    select(pair.c.id, _AT, pair.c.state, pair.c.expires_at).where(_THESE).order_by(pair.c.id),
)
