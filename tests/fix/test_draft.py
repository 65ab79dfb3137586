"""A Logon as a person writes it, completed: the signer then reads it as strictly as any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import LogonSigner
from gatepass.errors import FieldError, FramingError
from gatepass.fix import complete_draft
from gatepass.fix.draft import drafts
from gatepass.fix.notation import Line
from tests.fix.samples import AT, KEYS, RAW, SIGNED

LENGTHS = st.sampled_from([b"", b"9=\x01", b"9=1\x01", b"9=99999\x01", b"9=-1\x01", b"9=abc\x01"])
SUMS = st.sampled_from([b"", b"10=\x01", b"10=0\x01", b"10=000\x01", b"10=999\x01", b"10=x"])
BODY = RAW.partition(b"\x019=117\x01")[2].partition(b"10=098")[0]


@given(LENGTHS, SUMS)
def test_any_body_length_and_checksum_give_the_same_message(length: bytes, check: bytes) -> None:
    assert complete_draft(b"8=FIX.4.2\x01" + length + BODY + check) == RAW


def test_a_complete_message_does_not_change() -> None:
    for whole in (RAW, SIGNED):
        assert complete_draft(whole) == whole


#: Fields that signing rewrites or leaves out, as a draft may contain them.
LEFTOVERS = [
    *(b"9=5\x01", b"10=000\x01", b"98=0\x01", b"95=3\x0196=abc\x01", b"95=99\x0196=abc\x01"),
    *(b"354=3\x01355=abc\x01", b"354=99999\x01355=abc\x01", b"355=abc\x01", b"354=\x01"),
    *(b"1400=CME-1-SHA-256\x01", b"1400=x\x01", b"1401=2\x011402=abcd\x01", b"1402=abcd\x01"),
]


@given(st.lists(st.sampled_from(LEFTOVERS), max_size=6), st.sampled_from([b"", b"10=1\x01"]))
def test_fields_that_signing_rewrites_may_be_wrong_missing_or_repeated(
    leftovers: list[bytes], check: bytes
) -> None:
    draft = b"8=FIX.4.2\x01" + BODY + b"".join(leftovers) + check
    assert LogonSigner(KEYS).sign(complete_draft(draft), at=AT) == SIGNED


def test_a_signed_field_that_is_there_twice_is_refused_beside_leftovers() -> None:
    draft = b"8=FIX.4.2\x01" + BODY + b"34=1\x01354=9\x01355=a\x01"
    with pytest.raises(FieldError, match=r"MsgSeqNum \(34\) occurs more than once"):
        LogonSigner(KEYS).sign(complete_draft(draft), at=AT)


def test_pipes_between_the_fields_are_read() -> None:
    written = b" 8=FIX.4.2|" + BODY.replace(b"\x01", b"|").removesuffix(b"|") + b"\n"
    assert complete_draft(written) == RAW


def test_the_time_is_put_where_it_belongs_in_utc_and_with_milliseconds() -> None:
    moment = datetime(2026, 3, 2, 16, 45, 0, 123456, tzinfo=timezone(timedelta(hours=-6)))
    stamped = complete_draft(RAW, sending_time=moment)
    assert b"\x0150=MSG\x0152=20260302-22:45:00.123\x0156=CME\x01" in stamped
    # The rest is as it was.
    then = datetime(2017, 6, 23, 14, 48, 42, 855000, tzinfo=UTC)
    assert complete_draft(stamped, sending_time=then) == RAW
    with pytest.raises(ValueError, match="time zone"):
        complete_draft(RAW, sending_time=datetime(2026, 3, 2))


def test_a_draft_is_signed_as_the_whole_message_is() -> None:
    assert LogonSigner(KEYS).sign(complete_draft(b"8=FIX.4.2\x01" + BODY), at=AT) == SIGNED


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (b"", "no message"),
        (b"nonsense", "does not begin with 8=FIX"),
        (BODY, "does not begin with 8=FIX"),
        (b"8=FIX.4.2\x01" + BODY[:-3], "truncated"),
        (RAW + RAW, "wrong place"),
    ],
)
def test_what_is_no_draft_is_refused_by_the_time_it_is_signed(draft: bytes, says: str) -> None:
    with pytest.raises(FramingError, match=says):
        LogonSigner(KEYS).sign(complete_draft(draft), at=AT)


def test_a_draft_without_a_signed_field_is_not_signed() -> None:
    short = complete_draft(b"8=FIX.4.2\x01" + BODY.replace(b"369=0\x01", b""))
    with pytest.raises(FieldError, match="369"):
        LogonSigner(KEYS).sign(short, at=AT)


@given(st.lists(st.sampled_from([RAW, SIGNED, BODY]), min_size=1, max_size=3), st.booleans())
def test_drafts_of_one_line_are_found_where_the_next_begins(
    kinds: list[bytes], piped: bool
) -> None:
    written = [b"8=FIX.4.2\x01" + BODY if kind is BODY else kind for kind in kinds]
    line = Line(1, (b"".join(written),), piped, b"\n")
    assert drafts(line) == tuple(written)


def test_the_last_field_of_a_draft_is_closed_where_a_bar_ends_the_fields() -> None:
    bare = b"8=FIX.4.2\x01" + BODY.removesuffix(b"\x01")
    assert drafts(Line(1, (bare,), True, b"")) == (bare + b"\x01",)
    assert drafts(Line(1, (bare,), False, b"")) == (bare,)
