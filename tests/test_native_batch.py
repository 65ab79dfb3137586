"""`verify_batch`: one code per logon, as for each logon alone, on any number of threads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import SigningKey
from gatepass._native import verify_batch
from tests.fix.samples import (
    KEY,
    KEY_ID,
    RAW,
    SIBLING_ID,
    SIBLING_SECRET,
    SIGNATURE_TEXT,
    SIGNED,
    STRANGER_ID,
    STRANGER_SECRET,
    changed,
    signed_with,
)

SIBLING = SigningKey(SIBLING_SECRET)
KEYS = {KEY_ID: KEY, SIBLING_ID: SIBLING}
VALID, UNREADABLE, UNKNOWN, WRONG = 0, 1, 2, 3
CASES = {
    SIGNED: VALID,
    SIBLING.sign_logon(SIBLING_ID, RAW): VALID,
    RAW: UNREADABLE,
    SIGNED[:-1]: UNREADABLE,
    b"": UNREADABLE,
    signed_with(SIGNATURE_TEXT + "="): UNREADABLE,
    SigningKey(STRANGER_SECRET).sign_logon(STRANGER_ID, RAW): UNKNOWN,
    changed(SIGNED, t355=KEY_ID[:-1] + "\xff"): UNKNOWN,
    KEY.sign_logon(SIBLING_ID, RAW): WRONG,
    changed(SIGNED, t34="2"): WRONG,
}
logons = st.lists(st.sampled_from(list(CASES)), max_size=40)


@given(logons, st.integers(1, 50))
def test_each_logon_has_its_own_code_on_any_number_of_threads(
    batch: list[bytes], threads: int
) -> None:
    assert list(verify_batch(KEYS, batch, threads)) == [CASES[logon] for logon in batch]


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 64, 2**40])
def test_a_big_batch_has_the_right_codes(threads: int) -> None:
    batch = list(CASES) * 100
    assert list(verify_batch(KEYS, batch, threads)) == list(CASES.values()) * 100


def test_any_sequence_of_bytes_is_a_batch() -> None:
    assert verify_batch(KEYS, (SIGNED, RAW), 2) == b"\0\1"
    assert verify_batch(KEYS, [bytearray(SIGNED)], 1) == b"\0"  # type: ignore[list-item]
    assert verify_batch({}, [SIGNED], 1) == b"\2"
    assert verify_batch(KEYS, [], 4) == b""


@pytest.mark.parametrize(
    ("keys", "batch", "threads", "error"),
    [
        (KEYS, [SIGNED], 0, ValueError),
        (KEYS, [SIGNED], -1, OverflowError),
        ({KEY_ID: "no key"}, [SIGNED], 1, TypeError),
        ({5: KEY}, [SIGNED], 1, TypeError),
        ([KEY], [SIGNED], 1, TypeError),
        (KEYS, ["text"], 1, TypeError),
        (KEYS, None, 1, TypeError),
    ],
)
def test_wrong_arguments_of_a_batch_are_refused(
    keys: Any, batch: Any, threads: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        verify_batch(keys, batch, threads)
