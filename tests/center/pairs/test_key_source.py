"""The key pairs of the store for a gateway: the present ones, and those after a disaster."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import UTC, timedelta

import pytest
from sqlalchemy import update

from gatepass._native import DiagnosisKey
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.key_source import PREFIX, RECOVERY_GAP, CenterKeys, open_center_keys
from gatepass.center.pairs.sweep import SECRETS_KEPT, sweep
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.store.database import Database
from gatepass.center.store.schema import pair
from gatepass.errors import CenterError, DatabaseError, KeySourceError, VaultError
from gatepass.keys.keyfile import parse_key_file
from tests.center.pairs.test_pairs import delete, download
from tests.center.world import ENVELOPE_KEY, World

KEYS = LocalKeys([ENVELOPE_KEY])


def live(world: World) -> CenterKeys:
    return CenterKeys(world.center.database, world.center.vault)


def names(keys: CenterKeys) -> list[str]:
    return [pair.access_key_id for pair in keys.ring]


def test_the_store_has_the_same_pairs_as_the_key_file(world: World) -> None:
    made = [pairs.generate(world.center, world.manager, s) for s in ("ABC", "ABC123")]
    text = download(world, *(pair.access_key_id for pair in made))
    ring = live(world).ring
    assert list(ring) == parse_key_file(text.encode())
    for read in parse_key_file(text.encode()):
        mine = ring.find(read.access_key_id)
        assert mine is not None
        assert mine.signing_key.sign(b"probe") == read.signing_key.sign(b"probe")


def test_the_ring_follows_the_store(world: World) -> None:
    keys = live(world)
    assert names(keys) == []
    made = pairs.generate(world.center, world.manager, "ABC").access_key_id
    assert names(keys) == [made]
    signing_key = keys.ring.find(made).signing_key  # type: ignore[union-attr]
    other = pairs.generate(world.center, world.manager, "ABC123").access_key_id
    assert names(keys) == [made, other]
    # A known pair is not decrypted again.
    assert keys.ring.find(made).signing_key is signing_key  # type: ignore[union-attr]
    delete(world, made)
    assert names(keys) == [other]
    assert keys.ring is keys.ring


def test_pairs_have_diagnosis_keys_only_if_the_reader_asks(world: World) -> None:
    asked = CenterKeys(world.center.database, world.center.vault, diagnosis=True)
    ordinary = live(world)
    for session in ("ABC", "ABC123"):
        pairs.generate(world.center, world.manager, session)
        # What was read before keeps its key, and it is the same one.
        before = [pair.diagnosis_key for pair in asked.ring]
        assert all(isinstance(key, DiagnosisKey) for key in before)
        pairs.generate(world.center, world.manager, session)
        assert [pair.diagnosis_key for pair in asked.ring][: len(before)] == before
        assert {pair.diagnosis_key for pair in ordinary.ring} == {None}
    assert list(asked.ring) == list(ordinary.ring)


def test_a_second_pair_shortens_the_life_of_the_first(world: World) -> None:
    keys = live(world)
    made = pairs.generate(world.center, world.manager, "ABC").access_key_id
    before = keys.ring.find(made)
    pairs.generate(world.center, world.manager, "ABC")
    after = keys.ring.find(made)
    assert before is not None
    assert after is not None
    assert after.expires < before.expires  # type: ignore[operator]


def test_a_pair_whose_seal_does_not_open_is_left_out(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = (
        pairs.generate(world.center, world.manager, s).access_key_id for s in ("ABC", "ABC123")
    )
    its = update(pair).where(pair.c.access_key_id == one).values(sealed=b"\1\0")
    world.center.database.write(lambda c: c.execute(its))
    keys = live(world)
    assert names(keys) == [other]
    pairs.generate(world.center, world.manager, "DEF")
    assert one not in names(keys)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert one in caplog.text


def test_the_last_pairs_stay_valid_while_the_database_is_not_available(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = live(world)
    made = pairs.generate(world.center, world.manager, "ABC").access_key_id
    assert names(keys) == [made]

    def gone(_self: Database) -> object:
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", gone)
        assert names(keys) == names(keys) == [made]
        assert len(caplog.records) == 1
    delete(world, made)
    assert names(keys) == []


def as_of(world: World, disaster: timedelta) -> CenterKeys:
    return CenterKeys(world.center.database, world.center.vault, world.clock.now + disaster)


SECOND = timedelta(seconds=1)


def test_a_disaster_view_does_not_have_the_last_15_minutes(world: World) -> None:
    kept = pairs.generate(world.center, world.manager, "ABC").access_key_id
    lost = RECOVERY_GAP - SECOND
    assert names(as_of(world, lost)) == []
    assert names(as_of(world, RECOVERY_GAP)) == [kept]
    expires = as_of(world, RECOVERY_GAP).ring.find(kept).expires  # type: ignore[union-attr]

    world.clock.go(hours=1)
    new = pairs.generate(world.center, world.manager, "ABC").access_key_id
    # Neither the new pair nor the earlier end of the first one is there.
    view = as_of(world, lost)
    assert names(view) == [kept]
    assert view.ring.find(kept).expires == expires  # type: ignore[union-attr]
    view = as_of(world, RECOVERY_GAP)
    assert names(view) == [kept, new]
    assert view.ring.find(kept).expires < expires  # type: ignore[union-attr, operator]

    world.clock.go(hours=1)
    delete(world, kept)
    assert names(as_of(world, lost)) == [kept, new]
    assert names(as_of(world, RECOVERY_GAP)) == [new]


def test_a_disaster_view_knows_expired_pairs(world: World) -> None:
    pairs.generate(world.center, world.manager, "ABC")
    world.clock.go(hours=1)
    new = pairs.generate(world.center, world.manager, "ABC").access_key_id
    end = firms.find_session(world.center, world.manager, "ABC").pairs[1].expires_at
    world.clock.now = end
    for _ in range(2):  # not swept, and swept
        assert len(names(as_of(world, RECOVERY_GAP - SECOND))) == 2
        assert names(as_of(world, RECOVERY_GAP)) == [new]
        sweep(world.center)


def test_a_disaster_view_of_long_ago_has_no_erased_pairs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    made = pairs.generate(world.center, world.manager, "ABC").access_key_id
    world.clock.go(hours=1)
    delete(world, made)
    world.clock.now += SECRETS_KEPT + SECOND
    sweep(world.center)
    assert names(as_of(world, -SECRETS_KEPT)) == []
    assert made in caplog.text
    assert "too long ago" in caplog.text


def by_word(source: str) -> list[str]:
    with closing(open_center_keys(source, KEYS)) as keys:
        return names(keys)


def test_a_misspelt_disaster_is_refused(world: World, url: str) -> None:
    for query in ("disaste=2026-11-23T10:00:00Z", "x=1", "Disaster=2026-11-23T10:00:00Z"):
        with pytest.raises((KeySourceError, DatabaseError)):
            by_word(f"{PREFIX}{url}?{query}")


def test_a_store_is_opened_by_its_url_with_or_without_a_disaster(world: World, url: str) -> None:
    made = pairs.generate(world.center, world.manager, "ABC").access_key_id
    assert by_word(PREFIX + url) == [made]
    at = (world.clock.now + RECOVERY_GAP).astimezone(UTC)
    for text in (f"{at:%Y-%m-%dT%H:%M:%SZ}", at.isoformat().replace("+", "%2B")):
        assert by_word(f"{PREFIX}{url}?disaster={text}") == [made]
    assert by_word(f"{PREFIX}{url}?disaster={at - SECOND:%Y-%m-%dT%H:%M:%SZ}") == []


@pytest.mark.parametrize("text", ["yesterday", "2026-11-23T10:00:00", "2026-11-23Z", ""])
def test_a_malformed_time_of_a_disaster_is_refused(url: str, text: str) -> None:
    with pytest.raises(KeySourceError, match="disaster"):
        open_center_keys(f"{PREFIX}{url}?disaster={text}", KEYS)


def test_stores_that_cannot_be_opened_are_refused(world: World, url: str, empty_url: str) -> None:
    with pytest.raises(VaultError, match="envelope key"):
        open_center_keys(PREFIX + url, LocalKeys([bytes(32)]))
    with pytest.raises(DatabaseError, match="center init"):
        open_center_keys(PREFIX + empty_url, KEYS)
    with pytest.raises((KeySourceError, CenterError), match="URL"):
        open_center_keys(PREFIX + "no url", KEYS)
