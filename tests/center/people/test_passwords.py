"""Passwords: the costs of a hash, and the rules for a password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.people import passwords
from gatepass.errors import AccountError

# The real ones: the other tests run with cheap ones.
HASHER, DUMMY_HASH = passwords.HASHER, passwords.DUMMY_HASH


def test_a_hash_costs_what_rfc_9106_recommends() -> None:
    stored = HASHER.hash("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert stored != HASHER.hash("correct horse battery"), "each has its own salt"


def test_the_hash_that_unknown_names_are_compared_with_costs_the_same() -> None:
    assert not HASHER.check_needs_rehash(DUMMY_HASH)


@pytest.mark.parametrize("stored", ["", "none", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
def test_a_malformed_hash_matches_no_password(stored: str) -> None:
    assert not passwords.verify(stored, "correct horse battery")


@given(st.text(st.characters(), min_size=1, max_size=passwords.LONGEST))
def test_a_hash_matches_its_password_and_no_longer_one(password: str) -> None:
    stored = passwords.hash_password(password)
    assert passwords.verify(stored, password)
    assert not passwords.verify(stored, password + "x")


def test_a_character_in_two_unicode_forms_is_the_same_in_a_password() -> None:
    stored = passwords.hash_password("Z\u00fcrich password")
    assert passwords.verify(stored, "Zu\u0308rich password")
    assert not passwords.verify(stored, "Zurich password")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 characters"),
        ("x" * 300, "256 characters"),
        ("abababababab", "different"),
        ("My name is KIM really", "user name"),
    ],
)
def test_a_weak_password_is_refused(password: str, why: str) -> None:
    with pytest.raises(AccountError, match=why):
        passwords.require_good(password, "kim")


def test_a_one_time_password_is_good_and_new() -> None:
    made = {passwords.one_time_password().reveal() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        passwords.require_good(password, "longer.than.chance")
