"""A new envelope key: everything opens with it alone, and the audit chain stays intact."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import func, select, update

from gatepass.center.audit.verifying import verify
from gatepass.center.pairs import pairs
from gatepass.center.pairs.rewrap import Rewrapped, rewrap
from gatepass.center.people import authenticator
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.schema import pair, person
from gatepass.errors import VaultError
from tests.center.pairs.test_pairs import download
from tests.center.world import ENVELOPE_KEY, World

NEW = bytes(reversed(ENVELOPE_KEY))
TOTP = "JBSWY3DPEHPK3PXP"


def with_keys(world: World, *keys: bytes) -> World:
    vault = Vault(LocalKeys(keys))
    vault.prepare(world.center.database)
    return dataclasses.replace(world, center=dataclasses.replace(world.center, vault=vault))


@pytest.fixture
def full(world: World) -> World:
    """More pairs than are wrapped in one transaction, and an authenticator."""
    for name in ("ABC", "DEF", "ABC123"):
        pairs.generate(world.center, world.manager, name)
    its = person.c.id == world.keys.user_id
    seal = world.center.vault.seal(TOTP, authenticator.seal_subject(world.keys.user_id))
    world.center.database.write(
        lambda c: c.execute(update(person).where(its).values(totp_sealed=seal.blob))
    )
    return world


def test_after_a_rewrap_everything_opens_with_the_new_key_alone(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepass.center.pairs.rewrap._BATCH", 2)
    with full.center.database.read() as connection:
        names = list(connection.execute(select(pair.c.access_key_id)).scalars())
    before = {name: download(full, name, actor=full.keys) for name in names}
    done = rewrap(with_keys(full, NEW, ENVELOPE_KEY).center)
    assert done == Rewrapped(1 + 1 + len(names))

    after = with_keys(full, NEW)
    assert {name: download(after, name, actor=full.keys) for name in names} == before
    assert verify(after.center.database, after.center.vault).broken is None
    assert rewrap(after.center) == Rewrapped(0)
    subject = authenticator.seal_subject(full.keys.user_id)
    with after.center.database.read() as connection:
        sealed = connection.execute(
            select(person.c.totp_sealed).where(person.c.id == full.keys.user_id)
        ).scalar_one()
    assert after.center.vault.open(sealed, subject) == TOTP
    with pytest.raises(VaultError, match="envelope key"):
        with_keys(full, ENVELOPE_KEY)


def test_before_a_rewrap_the_old_key_is_needed(full: World) -> None:
    with pytest.raises(VaultError, match="envelope key"):
        with_keys(full, NEW)
    assert verify(full.center.database, full.center.vault).broken is None


def test_erased_secrets_are_skipped(full: World) -> None:
    ended = {"slot": None, "state": "deleted", "ended_at": full.clock()}
    erased = update(pair).values(sealed=None, envelope=None, **ended)
    full.center.database.write(lambda c: c.execute(erased))
    assert rewrap(with_keys(full, NEW, ENVELOPE_KEY).center) == Rewrapped(2)


def test_altered_seals_are_named_and_skipped(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepass.center.pairs.rewrap._BATCH", 1)
    with full.center.database.read() as connection:
        names = list(connection.execute(select(pair.c.access_key_id).order_by(pair.c.id)).scalars())
    its = pair.c.access_key_id == names[0]
    full.center.database.write(lambda c: c.execute(update(pair).where(its).values(sealed=b"no")))
    theirs = person.c.id == full.keys.user_id
    full.center.database.write(
        lambda c: c.execute(update(person).where(theirs).values(totp_sealed=b"no"))
    )
    done = rewrap(with_keys(full, NEW, ENVELOPE_KEY).center)
    assert done.wrapped == 1 + len(names) - 1
    authenticator_of, broken_pair = done.broken
    assert "kim" in authenticator_of
    assert names[0] in broken_pair
    after = with_keys(full, NEW)
    for name in names[1:]:
        assert name in download(after, name, actor=full.manager)


def test_a_pair_whose_envelope_key_is_missing_is_named(full: World) -> None:
    strange = Vault(LocalKeys([bytes(32)]))
    seal = strange.seal("x" * 43, "pair:any")
    full.center.database.write(
        lambda c: c.execute(
            update(pair)
            .where(pair.c.id == select(func.min(pair.c.id)).scalar_subquery())
            .values(sealed=seal.blob, envelope=seal.envelope)
        )
    )
    done = rewrap(with_keys(full, NEW, ENVELOPE_KEY).center)
    assert len(done.broken) == 1
    assert seal.envelope in done.broken[0]
