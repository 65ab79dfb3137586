"""Wrap everything anew after the envelope key was changed. No secret is opened for it."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from gatepass.center import audit, authenticator, pair_rows
from gatepass.center.context import Center
from gatepass.center.schema import pair, person, root
from gatepass.center.vault import ROOT, envelope_of

#: Seals wrapped in one transaction.
_BATCH = 200


def rewrap(center: Center) -> int:
    """Wrap what other envelope keys wrap with the one of now, and return how many it was.

    Broken off, it goes on where it was. Raises `gatepass.errors.VaultError` when an envelope key
    that is still needed is not at hand.
    """
    return center.database.write(lambda connection: _small(connection, center)) + _pairs(center)


def _small(connection: Connection, center: Center) -> int:
    """Wrap the root secret and the users' authenticators, which are few."""
    vault = center.vault
    done = 0
    for row in connection.execute(select(root).with_for_update()).all():
        if row.envelope != vault.envelope:
            seal = vault.rewrap(row.sealed, ROOT)
            connection.execute(update(root).values(sealed=seal.blob, envelope=seal.envelope))
            done += 1
    enrolled = select(person.c.id, person.c.totp_sealed).where(person.c.totp_sealed.is_not(None))
    for row in connection.execute(enrolled.order_by(person.c.id).with_for_update()).all():
        if envelope_of(row.totp_sealed) != vault.envelope:
            seal = vault.rewrap(row.totp_sealed, authenticator.seal_subject(row.id))
            its = update(person).where(person.c.id == row.id)
            connection.execute(its.values(totp_sealed=seal.blob))
            done += 1
    if done:
        _log(connection, center, done)
    return done


def _pairs(center: Center) -> int:
    old = pair.c.envelope != center.vault.envelope
    due = select(pair.c.id, pair.c.access_key_id, pair.c.sealed).where(old).order_by(pair.c.id)

    def work(connection: Connection) -> int:
        rows = connection.execute(due.limit(_BATCH).with_for_update()).all()
        for row in rows:
            seal = center.vault.rewrap(row.sealed, pair_rows.seal_subject(row.access_key_id))
            its = update(pair).where(pair.c.id == row.id)
            connection.execute(its.values(sealed=seal.blob, envelope=seal.envelope))
        if rows:
            _log(connection, center, len(rows))
        return len(rows)

    done = 0
    while count := center.database.write(work):
        done += count
    return done


def _log(connection: Connection, center: Center, count: int) -> None:
    now = center.vault.envelope
    audit.append(connection, center, audit.SYSTEM, "rewrap", now, detail=f"{count} seals")
