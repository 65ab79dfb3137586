"""What is due for pairs over time: warn before they expire, expire them, erase their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.mail import notices
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.pairs.views import changed, terms_of
from gatepass.center.store import moment
from gatepass.center.store.schema import pair, session
from gatepass.errors import NotFoundError, VaultError
from gatepass.keys.expiry import WARNING_DAYS
from gatepass.keys.rules import LONGEST_LIFE, DueWarning, PairTerms, due_warnings, outlives_rules

#: How long the secret of a pair is kept after its end was recorded. The disaster-recovery view
#: needs it: it shows the store 15 minutes before a disaster that is noticed within a day. The time
#: starts with the record, not with the end: if a clock is ahead and all pairs expire at once, there
#: is a day to notice it before a secret is lost permanently.
SECRETS_KEPT = timedelta(days=1)
#: Warnings queued, and secrets erased, per transaction.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Warning:
    firm_id: int
    session: str
    due: DueWarning


@dataclass(frozen=True, slots=True)
class Swept:
    """How many pairs expired, warning mails were queued, and secrets were erased.

    ``broken`` names what was altered in the database and therefore skipped.
    """

    expired: int
    warned: int
    erased: int
    broken: tuple[str, ...] = ()


def sweep(center: Center, *, accept_clock: bool = False) -> Swept:
    """Do what is due now. It can run at any time, and in several processes at once.

    A pair expires without a sweep too: the sweep records it and frees its slot. Raises
    `gatepass.errors.CenterError`, and does nothing, when the clock is more than `moment.LEAP`
    ahead of the last sweep, unless ``accept_clock`` is set.
    """
    at = center.clock()
    center.database.write(lambda connection: moment.believe(connection, at, accept=accept_clock))
    broken: list[str] = []
    expired, warned = _expire_all(center, at, broken), _warn(center, at, broken)
    _name_endless(center, at, broken)
    erased = _erase(center, at - SECRETS_KEPT)
    return Swept(expired, warned, erased, tuple(dict.fromkeys(broken)))


def _expire_all(center: Center, at: datetime, broken: list[str]) -> int:
    query = (
        select(session.c.id, session.c.firm_id, session.c.name)
        .distinct()
        .join(pair, pair.c.session_id == session.c.id)
        .where(pair.c.slot.is_not(None), pair.c.expires_at <= at)
    )
    with center.database.read() as connection:
        sessions = connection.execute(query).all()
    expired = 0
    for row in sessions:
        try:
            expired += _expire(center, row.firm_id, row.name, at)
        except NotFoundError:
            broken.append(f"session {row.name} was removed but has active key pairs")
        except VaultError as error:
            broken.append(str(error))
    return expired


def _name_endless(center: Center, at: datetime, broken: list[str]) -> None:
    """Name active pairs that would never expire: their end is beyond the rules."""
    query: Select[Any] = select(pair.c.access_key_id, pair.c.created_at, pair.c.expires_at).where(
        pair.c.slot.is_not(None), pair.c.expires_at > at + LONGEST_LIFE
    )
    with center.database.read() as connection:
        rows = connection.execute(query).all()
    broken += [changed(row) for row in rows if outlives_rules(row.created_at, row.expires_at)]


def _expire(center: Center, firm_id: int, name: str, at: datetime) -> int:
    """Expire a session's pairs in one transaction, so that one session is locked at a time."""

    def work(connection: Connection) -> int:
        row = pair_rows.lock_session(connection, firm_id, name)
        ended = pair_rows.settle(connection, pair_rows.terms(connection, row.id), at)
        for one in ended:
            _log(connection, center, audit.Action.EXPIRE, firm_id, name, one.access_key_id)
        return len(ended)

    return center.database.write(work)


def _warn(center: Center, at: datetime, broken: list[str]) -> int:
    """Queue the warnings that are due, each only once."""
    due = _due(center, at, broken)
    return sum(
        center.database.write(partial(_queue, center=center, warnings=due[start : start + _BATCH]))
        for start in range(0, len(due), _BATCH)
    )


def _due(center: Center, at: datetime, broken: list[str]) -> list[_Warning]:
    # By calendar days in Chicago: one day more than the first threshold is early enough.
    horizon = at + timedelta(days=max(WARNING_DAYS) + 1)
    soon = select(pair.c.session_id).where(pair.c.slot.is_not(None), pair.c.expires_at < horizon)
    query = (
        select(pair, session.c.firm_id, session.c.name)
        .join(session, pair.c.session_id == session.c.id)
        .where(pair.c.slot.is_not(None), pair.c.session_id.in_(soon))
        .order_by(session.c.id, pair.c.id)
    )
    with center.database.read() as connection:
        rows = connection.execute(query).all()
    readable: list[tuple[tuple[int, str], PairTerms]] = []
    for row in rows:
        try:
            readable.append(((row.firm_id, row.name), terms_of(row)))
        except VaultError as error:
            broken.append(str(error))
    return [
        _Warning(firm_id, name, due)
        for (firm_id, name), its in groupby(readable, lambda one: one[0])
        for due in due_warnings([terms for _, terms in its], at)
    ]


def _queue(connection: Connection, center: Center, warnings: Sequence[_Warning]) -> int:
    queued = 0
    for one in warnings:
        due = one.due
        new = notices.expiring(
            connection,
            center,
            one.firm_id,
            one.session,
            due.access_key_id,
            due.expires_at,
            due.threshold,
            due.days_left,
        )
        if new:
            _log(connection, center, audit.Action.WARN, one.firm_id, one.session, due.access_key_id)
        queued += new
    return queued


def _erase(center: Center, before: datetime) -> int:
    """Erase the secrets of pairs whose end was recorded before ``before``."""
    due = (
        select(pair.c.id, pair.c.access_key_id, session.c.name, session.c.firm_id)
        .join(session, pair.c.session_id == session.c.id)
        .where(pair.c.end_recorded_at < before, pair.c.sealed.is_not(None))
        .order_by(pair.c.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, of=pair)
    )

    def work(connection: Connection) -> int:
        rows = connection.execute(due).all()
        those = update(pair).where(pair.c.id.in_([row.id for row in rows]))
        connection.execute(those.values(sealed=None, envelope=None))
        for row in rows:
            _log(connection, center, audit.Action.ERASE, row.firm_id, row.name, row.access_key_id)
        return len(rows)

    erased = 0
    while count := center.database.write(work):
        erased += count
    return erased


def _log(
    connection: Connection, center: Center, action: audit.Action, firm_id: int, name: str, key: str
) -> None:
    author = audit.system(firm_id)
    audit.append(connection, center, author, action, session=name, access_key_id=key)
