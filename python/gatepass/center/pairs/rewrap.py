"""Wrap all secrets again after the envelope key was changed, without opening them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.people import authenticator
from gatepass.center.secrets.vault import ROOT, envelope_of
from gatepass.center.store.schema import pair, person, root, session
from gatepass.errors import VaultError

#: Seals per transaction.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many seals were wrapped again, and which could not be, each with the reason."""

    wrapped: int
    broken: tuple[str, ...] = ()


def rewrap(center: Center) -> Rewrapped:
    """Wrap all seals that other envelope keys wrap with the present one.

    A seal that was tampered with, or whose envelope key is missing, is skipped and named. After an
    interruption, the next call continues.
    """
    broken: list[str] = []
    few = center.database.write(lambda connection: _small(connection, center))
    wrapped = few.wrapped + _pairs(center, broken)
    return Rewrapped(wrapped, (*few.broken, *broken))


def _small(connection: Connection, center: Center) -> Rewrapped:
    """Wrap the root secret and the users' authenticators, which are few."""
    vault = center.vault
    done, broken = 0, []
    for own in connection.execute(select(root).with_for_update()).all():
        if own.envelope != vault.envelope:
            seal = vault.rewrap(own.sealed, ROOT)
            connection.execute(update(root).values(sealed=seal.blob, envelope=seal.envelope))
            done += 1
    enrolled = select(person.c.id, person.c.name, person.c.totp_sealed)
    its = enrolled.where(person.c.totp_sealed.is_not(None)).order_by(person.c.id)
    for row in connection.execute(its.with_for_update()).all():
        try:
            if envelope_of(row.totp_sealed) == vault.envelope:
                continue
            seal = vault.rewrap(row.totp_sealed, authenticator.seal_subject(row.id))
        except VaultError as error:
            broken.append(f"the authenticator of {row.name}: {error}")
            continue
        this = update(person).where(person.c.id == row.id)
        connection.execute(this.values(totp_sealed=seal.blob))
        done += 1
    if done:
        _log(connection, center, done)
    return Rewrapped(done, tuple(broken))


def _pairs(center: Center, broken: list[str]) -> int:
    """Wrap the pairs' secrets in batches; add those that cannot be wrapped to ``broken``."""
    wrapped, after = 0, 0
    while True:
        batch = center.database.write(partial(_batch, center=center, after=after))
        wrapped += batch.done.wrapped
        broken += batch.done.broken
        if batch.last is None:
            return wrapped
        after = batch.last


@dataclass(frozen=True, slots=True)
class _Batch:
    """The result for some pairs; ``last`` is the id of the last one, ``None`` if there is none."""

    done: Rewrapped
    last: int | None


def _batch(connection: Connection, center: Center, after: int) -> _Batch:
    due: Select[Any] = (
        select(pair.c.id, pair.c.sealed, *pair_rows.SEAL_COLUMNS)
        .join(session, pair.c.session_id == session.c.id)
        .where(pair.c.id > after, pair.c.sealed.is_not(None))
        .where(pair.c.envelope.is_distinct_from(center.vault.envelope))
        .order_by(pair.c.id)
        .limit(_BATCH)
    )
    done, last, broken = 0, None, []
    for row in connection.execute(due.with_for_update(of=pair)).all():
        last = row.id
        try:
            seal = center.vault.rewrap(row.sealed, pair_rows.seal_subject_of(row))
        except VaultError as error:
            broken.append(f"key pair {row.access_key_id}: {error}")
            continue
        its = update(pair).where(pair.c.id == row.id)
        connection.execute(its.values(sealed=seal.blob, envelope=seal.envelope))
        done += 1
    if done:
        _log(connection, center, done)
    return _Batch(Rewrapped(done, tuple(broken)), last)


def _log(connection: Connection, center: Center, count: int) -> None:
    action, now = audit.Action.REWRAP, center.vault.envelope
    audit.append(connection, center, audit.system(), action, envelope_key=now, seals=count)
