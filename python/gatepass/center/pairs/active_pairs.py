"""The active pairs of the store for a gateway: the present ones, or those at a given time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    func,
    or_,
    select,
)

from gatepass.center.pairs import rows as pair_rows
from gatepass.center.pairs.store_ring import StoredPair
from gatepass.center.secrets.envelope import TAMPERED
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.schema import pair, pair_version, session
from gatepass.errors import KeySourceError, VaultError
from gatepass.keys import AccessKeyId, KeyPair, SessionId
from gatepass.keys.rules import PairState, outlives_rules
from gatepass.keys.secret import SecretKey
from gatepass.keys.validity import exchange_zone


@dataclass(frozen=True, slots=True)
class ActivePairs:
    """The queries for active pairs: of ``all`` sessions, or only ``of_sessions``."""

    all: Select[Any]
    of_sessions: Select[Any]

    def read(self, connection: Connection, sessions: Iterable[int] | None) -> Sequence[Row[Any]]:
        """Return the rows of the sessions with these ids; ``None``: of all sessions."""
        if sessions is None:
            return connection.execute(self.all).all()
        if not sessions:
            return []
        return connection.execute(self.of_sessions, {"its": list(sessions)}).all()


def stored_pair(
    row: Row[Any], vault: Vault, known: Mapping[str, KeyPair], *, diagnosis: bool
) -> StoredPair:
    """Return the pair of a row; decrypt it only if its subject is not ``known``.

    Raises `VaultError` for a pair that cannot be used.
    """
    if outlives_rules(row.created_at, row.expires_at):
        raise VaultError(TAMPERED)
    if row.sealed is None:  # even if it is known
        raise VaultError(_ERASED)
    zone = exchange_zone()
    # Known only for the same session and firm: a pair that was moved to others does not open.
    subject = pair_rows.seal_subject_of(row)
    if (before := known.get(subject)) is None:
        secret = SecretKey(vault.open(row.sealed, subject))
        signing_key = secret.signing_key()
        diagnosis_key = secret.diagnosis_key() if diagnosis else None
    else:
        signing_key, diagnosis_key = before.signing_key, before.diagnosis_key
    try:
        its = KeyPair(
            session=SessionId(row.session_name),
            access_key_id=AccessKeyId(row.access_key_id),
            signing_key=signing_key,
            created=row.created_at.astimezone(zone).date(),
            expires=row.expires_at.astimezone(zone).date(),
            environment=row.environment,
            diagnosis_key=diagnosis_key,
        )
    except KeySourceError:
        raise VaultError(TAMPERED) from None
    return StoredPair(row.id, row.session_id, subject, its)


_ERASED = "its secret was erased after it ended: the disaster is too long ago"

_COLUMNS = (
    *(pair.c.id, *pair_rows.SEAL_COLUMNS),
    *(pair.c.created_at, pair.c.environment, pair.c.sealed),
)
_ITS: BindParameter[Any] = bindparam("its", expanding=True)
# A condition on both tables, so that no database starts with a scan of all sessions.
_OF_SESSIONS = pair.c.session_id.in_(_ITS) & session.c.id.in_(_ITS)

_ACTIVE: Select[Any] = (
    select(*_COLUMNS, pair.c.expires_at)
    .join(session, pair.c.session_id == session.c.id)
    .where(pair.c.slot.is_not(None), session.c.removed_at.is_(None))
    .order_by(pair.c.id)
)

#: The pairs that are active now.
NOW = ActivePairs(_ACTIVE, _ACTIVE.where(_OF_SESSIONS))


def as_of(at: datetime) -> ActivePairs:
    """Select the pairs that were active at a given time, each as it was then."""
    its_pairs = select(pair.c.id).where(pair.c.session_id.in_(_ITS))
    few = _as_of(at, pair_version.c.pair_id.in_(its_pairs)).where(_OF_SESSIONS)
    return ActivePairs(_as_of(at), few)


def _as_of(at: datetime, *which: ColumnElement[bool]) -> Select[Any]:
    latest = (
        select(func.max(pair_version.c.id))
        .where(pair_version.c.at <= at, *which)
        .group_by(pair_version.c.pair_id)
    )
    return (
        select(*_COLUMNS, pair_version.c.expires_at)
        .join(pair, pair_version.c.pair_id == pair.c.id)
        .join(session, pair.c.session_id == session.c.id)
        .where(pair_version.c.id.in_(latest))
        .where(pair_version.c.state == PairState.ACTIVE.value, pair_version.c.expires_at > at)
        .where(or_(session.c.removed_at.is_(None), session.c.removed_at > at))
        .order_by(pair.c.id)
    )
