"""Bytes that are not an intact Logon: every path refuses them with a reason and does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass import LogonSigner, LogonVerifier, explain
from gatepass._native import MAX_MESSAGE, Framer, Logon, scan, verify_batch
from gatepass.errors import FieldError, FramingError, LogonError
from gatepass.fix.notation import read_lines
from gatepass.signing import Outcome
from tests import oracle
from tests.fix.samples import (
    AT,
    FIELDS,
    KEY,
    KEY_ID,
    KEYS,
    RAW,
    SECRET,
    SIGNATURE_TEXT,
    SIGNED,
    body_of,
    changed,
    message,
    outcome,
    shown,
    with_check_sum,
)

#: Every path that reads one message and raises for a bad one.
READERS: dict[str, Callable[[bytes], Any]] = {
    "scan": scan,
    "Logon": Logon,
    "SigningKey.sign_logon": lambda raw: KEY.sign_logon(KEY_ID, raw),
    "SigningKey.verify_logon": KEY.verify_logon,
    "LogonSigner": lambda raw: LogonSigner(KEYS).sign(raw, at=AT),
}


def cut(whole: bytes, count: int) -> bytes:
    return whole[:-count]


#: Bytes that are not a message, and what the refusal must say.
BAD = {
    "nothing": (b"", "no message"),
    "checksum too high": (RAW.replace(b"10=098", b"10=099"), "CheckSum (10) is 099, but must be 0"),
    "checksum too low": (RAW.replace(b"10=098", b"10=000"), "must be 098"),
    "checksum impossible": (RAW.replace(b"10=098", b"10=354"), "must be 098"),
    "checksum of two digits": (RAW.replace(b"10=098", b"10=98"), "truncated: give the 1"),
    "checksum without digits": (RAW.replace(b"10=098", b"10=abc"), "CheckSum (10)"),
    "no checksum": (cut(RAW, 7), "truncated"),
    "body length too high": (RAW.replace(b"\x019=117", b"\x019=118"), "BodyLength (9) is 118"),
    "body length too low": (RAW.replace(b"\x019=117", b"\x019=116"), "must be 117"),
    "body length zero": (RAW.replace(b"\x019=117", b"\x019=0"), "must be 117"),
    "body length huge": (RAW.replace(b"\x019=117", b"\x019=999999"), "too long"),
    "body length of 7 digits": (RAW.replace(b"\x019=117", b"\x019=0000117"), "1 to 6 digits"),
    "body length negative": (RAW.replace(b"\x019=117", b"\x019=-117"), "1 to 6 digits"),
    "body length empty": (RAW.replace(b"\x019=117", b"\x019="), "1 to 6 digits"),
    "body length spelled": (RAW.replace(b"\x019=117", b"\x019=0x75"), "1 to 6 digits"),
    "no body length": (RAW.replace(b"\x019=117", b""), "second field"),
    "body length not second": (
        RAW.replace(b"9=117\x0135=A\x01", b"35=A\x019=117\x01"),
        "second field",
    ),
    "no begin string": (RAW.removeprefix(b"8=FIX.4.2\x01"), "does not begin with 8=FIX"),
    "begin string of another protocol": (b"8=FAST" + RAW[9:], "does not begin with 8=FIX"),
    "endless begin string": (b"8=FIX" + b"X" * 500, "does not begin with 8=FIX"),
    "blank before": (b" " + RAW, "does not begin with 8=FIX"),
    "byte order mark": (b"\xef\xbb\xbf" + RAW, "does not begin with 8=FIX"),
    "pipes instead of SOH": (RAW.replace(b"\x01", b"|"), "SOH (0x01)"),
    "semicolons instead of SOH": (RAW.replace(b"\x01", b";"), "SOH (0x01)"),
    "text": (b"Hello, is this the logon?", "does not begin with 8=FIX"),
    "cut by one byte": (cut(RAW, 1), "truncated"),
    "cut in the middle": (RAW[:80], "truncated: give the"),
    "cut in the header": (RAW[:14], "truncated"),
    "line feed behind": (RAW + b"\n", "extra bytes after the end of the message (1)"),
    "twice": (RAW + RAW, "extra bytes after the end of the message ("),
    "one in the other": (RAW[:40] + RAW + RAW[40:], "BodyLength (9)"),
    "interleaved": (b"".join(bytes(pair) for pair in zip(RAW, SIGNED, strict=False)), "8=FIX"),
    "lines interleaved": (RAW[:60] + SIGNED[:60] + RAW[60:] + SIGNED[60:], "BodyLength (9)"),
    "upside down": (RAW[::-1], "does not begin with 8=FIX"),
    "too long": (message([*body_of(RAW), ("58", "x" * MAX_MESSAGE)]), "at most 65536 bytes"),
    "field without equals": (changed(RAW, t56="CME\x01oops"), "must be tag=value"),
    "two SOH in a row": (changed(RAW, t56="CME\x01"), "must be tag=value"),
    "no SOH before the checksum": (
        with_check_sum(RAW.replace(b"9=117", b"9=116").replace(b"ABC\x0110", b"ABC10")),
        "BodyLength (9)",
    ),
    "type not first": (message([body_of(RAW)[1], body_of(RAW)[0], *body_of(RAW)[2:]]), "8, 9, 35"),
    "no type": (message(body_of(RAW)[1:]), "8, 9, 35"),
    "two types": (message([*body_of(RAW), ("35", "A")]), "8, 9, 35"),
    "begin string inside": (message([*body_of(RAW), ("8", "FIX.4.2")]), "8, 9, 35"),
    "body length inside": (message([*body_of(RAW), ("9", "117")]), "8, 9, 35"),
    "checksum inside": (message([*body_of(RAW), ("10", "098")]), "8, 9, 35"),
    "no body": (oracle.framed("FIX.4.2", []), "35"),
    "data without length": (message([*body_of(RAW), ("96", "x")]), "length field"),
    "length without data": (message([*body_of(RAW), ("95", "1")]), "data field"),
    "length too high": (message([*body_of(RAW), ("95", "2"), ("96", "x")]), "data field"),
    "length too low": (message([*body_of(RAW), ("95", "1"), ("96", "xyz")]), "data field"),
    "length beyond the end": (message([*body_of(RAW), ("95", "999"), ("96", "x")]), "data field"),
    "length no number": (message([*body_of(RAW), ("95", "one"), ("96", "x")]), "length"),
    "length of another": (message([*body_of(RAW), ("95", "1"), ("355", "x")]), "data field"),
    "length apart": (message([*body_of(RAW), ("95", "1"), ("58", "y"), ("96", "x")]), "data field"),
}


@pytest.mark.parametrize("name", BAD)
def test_bytes_that_are_not_a_message_are_refused(name: str) -> None:
    bad, says = BAD[name]
    for read in READERS.values():
        with pytest.raises(FramingError) as caught:
            read(bad)
        text = str(caught.value)
        assert says in text
        assert text.isascii()
        assert text.isprintable()
        for part in (SIGNATURE_TEXT, "US,NY", "BRIO"):
            assert part not in shown(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_a_verdict_on_bytes_that_are_not_a_message_says_so(name: str) -> None:
    bad, says = BAD[name]
    verdict = LogonVerifier(KEYS).verify(bad, at=AT)
    assert not verdict.valid
    assert [check.name for check in verdict.failed] == ["message"]
    assert says in verdict.failed[0].detail
    assert {check.outcome for check in verdict.checks[1:]} == {Outcome.NOT_CHECKED}
    explanation = explain(bad, KEYS, at=AT)
    assert explanation.verdict == verdict
    assert (explanation.cause, explanation.canonical, explanation.expected) == (None, None, None)
    assert verify_batch({KEY_ID: KEY}, [bad], 1) == b"\1"


@pytest.mark.parametrize("msg_type", ["0", "5", "AA", "a", "", "A ", "D"])
@pytest.mark.parametrize("path", [path for path in READERS if path != "scan"])
def test_a_message_that_is_not_a_logon_is_refused(path: str, msg_type: str) -> None:
    with pytest.raises(FieldError, match=r"MsgType \(35\).* must be A, for a Logon") as caught:
        READERS[path](changed(SIGNED, t35=msg_type))
    assert caught.value.tag == 35


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_logon_that_would_be_too_long_once_signed_is_not_signed(room: int) -> None:
    # The other side would refuse it: 104 bytes of credentials, and one more digit in BodyLength.
    raw = message([*body_of(RAW), ("58", "x" * (MAX_MESSAGE - len(RAW) - 6 - room))])
    assert MAX_MESSAGE - 60 < len(raw) <= MAX_MESSAGE
    assert scan(raw)
    for sign in (READERS["SigningKey.sign_logon"], READERS["LogonSigner"]):
        with pytest.raises(FramingError, match="at most 65536 bytes"):
            sign(raw)


def test_the_longest_logon_is_signed_and_verified() -> None:
    filler = MAX_MESSAGE - len(oracle.sign(SECRET, KEY_ID, message([*body_of(RAW), ("58", "")])))
    raws = [message([*body_of(RAW), ("58", "x" * (filler - n))]) for n in range(4)]
    fitting = [raw for raw in raws if len(oracle.sign(SECRET, KEY_ID, raw)) <= MAX_MESSAGE]
    assert fitting
    for raw in fitting:
        assert KEY.verify_logon(KEY.sign_logon(KEY_ID, raw))


def test_every_cut_is_refused() -> None:
    for length in range(len(SIGNED)):
        for read in READERS.values():
            with pytest.raises(FramingError):
                read(SIGNED[:length])
            with pytest.raises(FramingError):
                read(SIGNED[length + 1 :])


@pytest.mark.parametrize("missing", [1, 7, 30, len(SIGNED) - 20])
def test_a_cut_says_how_much_is_missing(missing: int) -> None:
    with pytest.raises(FramingError, match=f"truncated: .*{missing} missing bytes"):
        scan(SIGNED[:-missing])


# --- any bytes --------------------------------------------------------------------------------

#: Pieces of FIX in any order, so that random bytes pass the first checks.
pieces = st.lists(
    st.one_of(
        st.binary(max_size=6),
        st.sampled_from([b"8=FIX.4.2\x01", b"9=", b"35=A\x01", b"10=", b"\x01", b"=", b"1402="]),
        st.integers(0, len(SIGNED)).map(lambda at: SIGNED[at:]),
        st.integers(0, len(SIGNED)).map(lambda at: SIGNED[:at]),
        st.integers(0, len(RAW)).map(lambda at: RAW[:at]),
        st.integers(0, 1200).map(lambda number: b"%d" % number),
    ),
    max_size=8,
).map(b"".join)
framed = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([*FIELDS, "35", "95", "96", "98", "354", "355", "1402"])),
        st.one_of(st.sampled_from(["A", "1", "43", "", "\x01", "="]), st.text(max_size=5)),
    ),
    max_size=14,
).map(lambda fields: ascii_message([("35", "A"), *fields]))
anything = st.one_of(
    st.binary(max_size=300), pieces, pieces.filter(len).map(with_check_sum), framed
)


def ascii_message(body: list[tuple[str, str]]) -> bytes:
    return message([(tag, value.encode().decode("latin-1")) for tag, value in body])


@given(anything)
@example(SIGNED)
@example(b"")
def test_any_bytes_raise_only_documented_errors(noise: bytes) -> None:
    for read in READERS.values():
        found = outcome(read, noise)  # raises errors that are not documented
        assert found is not None
        assert not isinstance(found, LogonError) or str(found).isprintable()
    codes = verify_batch({KEY_ID: KEY}, [noise, SIGNED, noise], 2)
    assert codes[0] == codes[2]
    assert codes[1] == 0
    verdict = LogonVerifier(KEYS).verify(noise, at=AT)
    assert verdict.valid is (codes[0] == 0)
    for explanation in (explain(noise, KEYS, at=AT), explain(noise, KEYS, any_time=True)):
        assert str(explanation.as_dict()).isprintable()
    assert all(isinstance(event, bytes | FramingError) for event in Framer().feed(noise))
    assert all(line.messages for line in read_lines(noise))


@given(anything)
def test_a_signed_message_is_verified_by_both_sides(noise: bytes) -> None:
    signed = outcome(KEY.sign_logon, KEY_ID, noise)
    if isinstance(signed, bytes):
        assert KEY.verify_logon(signed)
        assert oracle.verify(SECRET, signed)
