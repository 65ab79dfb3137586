from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gatepass.errors import KeySourceError
from gatepass.keys import SecretKey, Status
from tests.keys.samples import BOTH_ACTIVE, NEW, OLD, PROBE, facts


def test_an_issued_pair_becomes_the_pair_to_use() -> None:
    pair = OLD.key_pair()
    assert facts(pair) == facts(OLD)
    assert pair.signing_key.sign(PROBE) == OLD.secret.signing_key().sign(PROBE)


def test_a_pair_knows_its_life() -> None:
    pair = OLD.key_pair()
    assert pair.valid_from == datetime(2025, 2, 3, 6, tzinfo=UTC)
    assert pair.valid_until == datetime(2026, 2, 3, 22, tzinfo=UTC)
    assert pair.status(BOTH_ACTIVE) is Status.ACTIVE
    assert pair.days_left(BOTH_ACTIVE) == 9


def test_a_pair_without_dates_is_always_active() -> None:
    pair = replace(OLD.key_pair(), created=None, expires=None)
    assert (pair.valid_from, pair.valid_until) == (None, None)
    assert pair.days_left(BOTH_ACTIVE) is None
    assert pair.status(BOTH_ACTIVE) is Status.ACTIVE


def test_pairs_are_equal_when_all_but_the_keys_are() -> None:
    assert OLD.key_pair() == OLD.key_pair()
    assert OLD.key_pair() != NEW.key_pair()
    assert replace(OLD, secret=SecretKey.generate()).key_pair() == OLD.key_pair()


def test_a_pair_cannot_expire_before_it_was_created() -> None:
    message = "Creation Date 2026-02-04 is after Expiration Date 2026-02-03"
    with pytest.raises(KeySourceError, match=message):
        replace(OLD, created=date(2026, 2, 4))
    with pytest.raises(KeySourceError, match=message):
        replace(OLD.key_pair(), created=date(2026, 2, 4))
    assert replace(OLD, created=OLD.expires).created == OLD.expires


@pytest.mark.parametrize("environment", ["", " ", " lead", "tab\t", "ä", "line\n"])
def test_an_environment_is_plain_text(environment: str) -> None:
    with pytest.raises(KeySourceError, match="Environment must be printable ASCII, without"):
        replace(OLD, environment=environment)


def test_neither_shows_its_secret() -> None:
    for pair in (OLD, OLD.key_pair()):
        for shown in (repr(pair), str(pair), f"{pair}", repr([pair])):
            assert OLD.secret.reveal() not in shown
            assert "oldoldoldoldoldoldol" in shown


@pytest.mark.parametrize("send", [pickle.dumps, copy.deepcopy])
def test_neither_can_be_pickled_or_copied_deeply(send: Callable[[object], object]) -> None:
    for pair in (OLD, OLD.key_pair()):
        with pytest.raises(TypeError) as caught:
            send(pair)
        assert OLD.secret.reveal() not in str(caught.value)
