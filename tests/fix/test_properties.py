"""What must be true for every Logon, with any values."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gatepass import SigningKey
from gatepass._native import PROFILES, Logon, canonical_string
from gatepass.errors import FieldError, LogonError
from tests import oracle
from tests.fix.samples import (
    CREDENTIALS,
    FIELDS,
    KEY,
    KEY_ID,
    NAMES,
    RAW,
    SECRET,
    SIBLING_ID,
    SIBLING_SECRET,
    SIGNED,
    Body,
    body_of,
    changed,
    data,
    groups,
    joined,
    key_ids,
    message,
    outcome,
    raw_logons,
    secrets,
    values,
    with_check_sum,
)

profiles = st.sampled_from(sorted(PROFILES))
#: Values of any kind; those that are difficult for a canonicaliser come often.
anything = st.one_of(
    values,
    st.sampled_from(["", "a", "b", "a\nb", "\n", " ", "ab", "\x00", "\x7f", "\x80", "\ud800", "é"]),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.none(),
)


@st.composite
def any_values(draw: st.DrawFn, profile: str) -> list[str | bytes | None]:
    return [draw(anything) for _ in PROFILES[profile]]


# --- the canonical string ---------------------------------------------------------------------


@given(st.data(), profiles)
def test_accepted_values_can_be_read_back(draw: st.DataObject, profile: str) -> None:
    # So two sets of values never share one canonical string: it is injective.
    chosen = draw.draw(any_values(profile))
    canonical = outcome(canonical_string, profile, chosen)
    if isinstance(canonical, FieldError):
        return
    spelled = [value.encode() if isinstance(value, str) else value for value in chosen]
    assert canonical.split(b"\n") == spelled


@given(st.data(), profiles)
def test_two_sets_of_values_never_share_a_string(draw: st.DataObject, profile: str) -> None:
    few = st.sampled_from(["a", "b", "aa", "ab", " ", "a ", "\n", "a\nb", ""])
    lists = st.lists(few, min_size=len(PROFILES[profile]), max_size=len(PROFILES[profile]))
    one, other = draw.draw(lists), draw.draw(lists)
    assume(one != other)
    first, second = (outcome(canonical_string, profile, chosen) for chosen in (one, other))
    assert isinstance(first, FieldError) or isinstance(second, FieldError) or first != second


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_moving_a_character_to_the_next_value_changes_the_string(profile: str) -> None:
    count = len(PROFILES[profile])
    strings = {canonical_string(profile, ["ab"] * count)}
    for at, (left, right) in enumerate(pairwise(["ab"] * count)):
        moved = ["ab"] * at + [left[0], left[1] + right] + ["ab"] * (count - at - 2)
        strings.add(canonical_string(profile, moved))
    assert len(strings) == count


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_each_value_and_its_position_count(profile: str) -> None:
    names = [name for _, name in PROFILES[profile]]
    canonical = canonical_string(profile, names)
    assert canonical == "\n".join(names).encode()
    for index in range(len(names)):
        other = canonical_string(profile, [*names[:index], "?", *names[index + 1 :]])
        assert other != canonical


@pytest.mark.parametrize("count", [0, 1, 10, 12, 256])
def test_a_profile_takes_its_own_number_of_values(count: int) -> None:
    with pytest.raises(ValueError, match=f"fix-logon has 11 values, {count} were given"):
        canonical_string("fix-logon", ["x"] * count)


@pytest.mark.parametrize("profile", ["", "FIX-LOGON", "fix-logon ", "fix_logon"])
def test_an_unknown_profile_is_refused(profile: str) -> None:
    with pytest.raises(ValueError, match="unknown profile"):
        canonical_string(profile, ["x"] * 11)


# --- signing a message ------------------------------------------------------------------------


@given(secrets, key_ids, raw_logons)
@example(SECRET, KEY_ID, RAW)
def test_signing_again_replaces_the_credentials(secret: str, key_id: str, raw: bytes) -> None:
    key = SigningKey(secret)
    once = key.sign_logon(key_id, raw)
    assert key.sign_logon(key_id, once) == once
    theirs = SigningKey(SIBLING_SECRET).sign_logon(SIBLING_ID, once)
    assert key.sign_logon(key_id, theirs) == once
    tags = [tag for tag, _ in body_of(once)]
    assert tags[-5:] == list(CREDENTIALS)
    assert not {*CREDENTIALS, "98", "95", "96"} & set(tags[:-5])


@given(data)
@example("x\x01354=4\x01355=evil")
@example("=\x01=\x0110=000\x01")
@example("")
@example("8=FIX.4.2\x019=5\x01")
def test_an_old_password_is_left_out_whatever_it_contains(password: str) -> None:
    old = [("98", "0"), ("95", str(len(password))), ("96", password)]
    start, *rest = body_of(RAW)
    assert KEY.sign_logon(KEY_ID, message([start, *old, *rest])) == SIGNED
    assert KEY.sign_logon(KEY_ID, message([start, *rest, *old])) == SIGNED
    for at in range(len(rest)):
        mixed = [start, *rest[:at], *old[1:], *rest[at:], old[0]]
        assert KEY.sign_logon(KEY_ID, message(mixed)) == SIGNED


@given(raw_logons, key_ids)
def test_nothing_else_is_left_out_and_nothing_moves(raw: bytes, key_id: str) -> None:
    replaced = {*CREDENTIALS, "98", "95", "96"}
    kept = [field for field in body_of(raw) if field[0] not in replaced]
    signed = KEY.sign_logon(key_id, raw)
    assert body_of(signed)[:-5] == kept
    assert oracle.fields(signed)[0] == ("8", "FIX.4.2")
    assert message(body_of(signed)) == signed


@given(groups(), st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(drawn: list[Body], random: st.Random) -> None:
    first = Logon(KEY.sign_logon(KEY_ID, joined(drawn))).signature
    random.shuffle(drawn)
    assert Logon(KEY.sign_logon(KEY_ID, joined(drawn))).signature == first


@given(raw_logons, st.sampled_from(["FIX.4.2", "FIX.4.4", "FIXT.1.1", "FIX.5.0SP2"]))
def test_the_begin_string_is_kept(raw: bytes, begin: str) -> None:
    signed = KEY.sign_logon(KEY_ID, oracle.framed(begin, body_of(raw)))
    assert signed.startswith(f"8={begin}\x019=".encode())
    assert KEY.verify_logon(signed)


# --- verifying a message ----------------------------------------------------------------------


def test_no_byte_of_a_signed_value_may_differ() -> None:
    for tag, value in FIELDS.items():
        at = SIGNED.index(f"\x01{tag}={value}\x01".encode()) + len(tag) + 2
        for place in range(at, at + len(value)):
            for byte in range(256):
                other = with_check_sum(SIGNED[:place] + bytes([byte]) + SIGNED[place + 1 :])
                verified = outcome(KEY.verify_logon, other)
                assert verified is (other == SIGNED) or isinstance(verified, LogonError)


@given(st.integers(0, len(SIGNED) - 1), st.binary(max_size=4), st.integers(0, 4))
def test_only_a_signed_message_is_verified(at: int, new: bytes, gone: int) -> None:
    other = with_check_sum(SIGNED[:at] + new + SIGNED[at + gone :])
    if outcome(KEY.verify_logon, other) is True:
        read = dict(body_of(other))
        assert {tag: read[tag] for tag in NAMES} == FIELDS
        assert read["1402"] == dict(body_of(SIGNED))["1402"]


@given(st.sampled_from(list(NAMES)), values)
def test_another_value_is_not_verified(tag: str, value: str) -> None:
    assume(value != FIELDS[tag])
    assert KEY.verify_logon(changed(SIGNED, **{f"t{tag}": value})) is False


@given(st.permutations(list(FIELDS.values())))
def test_swapped_values_are_not_verified(shuffled: list[str]) -> None:
    assume(shuffled != list(FIELDS.values()))
    new = dict(zip(NAMES, shuffled, strict=True))
    moved = changed(SIGNED, **{f"t{tag}": value for tag, value in new.items()})
    assert KEY.verify_logon(moved) is False
