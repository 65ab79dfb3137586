"""`Framer`: any split of a byte stream gives the same events, and no good message is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass._native import MAX_MESSAGE, Framer, read_fields, scan, write_fields
from gatepass.errors import FramingError
from tests.fix.samples import RAW, SIGNED, body_of, message, raw_logons

HEARTBEAT = message([("35", "0"), ("49", "CME"), ("34", "2")])
#: A message whose data field contains another message.
TRICKY = message([("35", "A"), ("95", str(len(HEARTBEAT))), ("96", HEARTBEAT.decode("latin-1"))])
WRONG_SUM = RAW.replace(b"10=098", b"10=099")
WRONG_LENGTH = RAW.replace(b"\x019=117", b"\x019=116")

Event = bytes | str


def events(*chunks: bytes, framer: Framer | None = None) -> list[Event]:
    """Return all events of a stream, an error as its message."""
    framer = framer or Framer()
    found = [event for chunk in chunks for event in framer.feed(chunk)]
    return [event if isinstance(event, bytes) else str(event) for event in found]


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[a:b] for a, b in pairwise(bounds)]


noise = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"8=FIX", b"8=FIX.4.2\x01", b"58=FIX.4.2\x01", b"\x01", WRONG_SUM, WRONG_LENGTH]
    ),
    st.integers(0, len(SIGNED)).map(lambda at: SIGNED[:at]),
)
good = st.sampled_from([RAW, SIGNED, HEARTBEAT, TRICKY])
streams = st.lists(st.one_of(good, noise), max_size=6).map(b"".join)
limits = st.sampled_from([0, 1, 30, 100, 200, 300, MAX_MESSAGE])


@given(streams, st.lists(st.integers(0, 2000), max_size=6), limits)
@example(RAW + b"x" + SIGNED, list(range(0, 2000, 50)), MAX_MESSAGE)
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int], limit: int) -> None:
    whole, parts = Framer(limit), Framer(limit)
    assert events(stream, framer=whole) == events(*split(stream, cuts), framer=parts)
    assert whole.pending == parts.pending <= len(stream)


@pytest.mark.parametrize(
    "stream",
    [
        RAW + WRONG_SUM + SIGNED,
        b"rubbish" + HEARTBEAT + b"8=FIX.4.2\x019=" + WRONG_LENGTH + RAW,
        TRICKY + TRICKY[:-9] + HEARTBEAT + SIGNED,
    ],
)
def test_one_byte_at_a_time_gives_the_same_events_as_all_at_once(stream: bytes) -> None:
    expected = events(stream)
    assert events(*(bytes([byte]) for byte in stream)) == expected
    for cut in range(len(stream)):
        assert events(stream[:cut], stream[cut:]) == expected, cut


@given(st.lists(st.one_of(good, raw_logons), max_size=6))
def test_consecutive_messages_come_out_unchanged(messages: list[bytes]) -> None:
    framer = Framer()
    assert framer.feed(b"".join(messages)) == messages
    assert framer.pending == 0


@given(streams)
def test_every_event_is_a_message_or_a_framing_error(stream: bytes) -> None:
    for event in Framer().feed(stream):
        if isinstance(event, bytes):
            assert event in stream
            assert message(body_of(event)) == event
        else:
            assert type(event) is FramingError
            assert str(event).isprintable()


@pytest.mark.parametrize(
    ("garbled", "says"),
    [
        (b"rubbish", "does not begin with 8=FIX"),
        (b"\n", "does not begin with 8=FIX"),
        (WRONG_SUM, "CheckSum (10) is 099"),
        (WRONG_LENGTH, "BodyLength (9) is 116"),
        (b"8=FIX.4.2\x0135=A\x01", "second field"),
        (b"8=FIX.4.2\x019=999999\x01", "too long"),
        (b"8=FIX.4.2|9=117|", "8=FIX"),
    ],
)
def test_the_message_after_a_garbled_one_is_found(garbled: bytes, says: str) -> None:
    first, *between, last = events(HEARTBEAT + garbled + RAW)
    assert (first, last) == (HEARTBEAT, RAW)
    assert len(between) == 1
    assert says in str(between[0])


# A message that is cut inside its BeginString merges with the next one: one wrong CheckSum.
@pytest.mark.parametrize("length", [1, 2, 3, 4, *range(10, len(RAW))])
def test_the_message_after_a_truncated_one_is_found(length: int) -> None:
    *errors, last = events(RAW[:length] + SIGNED)
    assert last == SIGNED
    assert errors
    assert all(isinstance(error, str) for error in errors)


def test_a_message_inside_a_data_field_is_not_an_event() -> None:
    assert events(TRICKY) == [TRICKY]
    assert dict(scan(TRICKY))[96] == HEARTBEAT


def test_an_incomplete_message_is_pending() -> None:
    framer = Framer()
    assert (framer.feed(b""), framer.pending) == ([], 0)
    assert (framer.feed(SIGNED[:100]), framer.pending) == ([], 100)
    assert (framer.feed(SIGNED[100:]), framer.pending) == ([SIGNED], 0)


@pytest.mark.parametrize("limit", [len(SIGNED), len(SIGNED) + 1, MAX_MESSAGE])
def test_the_limit_is_the_length_of_the_whole_message(limit: int) -> None:
    assert events(SIGNED, framer=Framer(limit)) == [SIGNED]
    found = events(SIGNED + HEARTBEAT, framer=Framer(len(SIGNED) - 1))
    assert "at most" in str(found[0])
    assert found[-1] == HEARTBEAT


def test_an_endless_stream_is_not_buffered() -> None:
    framer = Framer()
    for chunk in (b"8=FIX.4.2\x019=", b"x" * 5_000_000, b"8=FI", b"8=FIX.4.2\x01" * 100_000):
        framer.feed(chunk)
        assert framer.pending <= 16
    whole = message([("35", "A"), ("58", "y" * 60_000)])
    for _ in range(100):
        assert framer.feed(whole[:-1])[-1:] != [whole]
        assert framer.pending <= len(whole)
        assert framer.feed(whole[-1:]) == [whole]


@pytest.mark.parametrize("limit", [-1, 2**64])
def test_a_limit_is_a_size(limit: int) -> None:
    with pytest.raises(OverflowError):
        Framer(limit)


@pytest.mark.parametrize("data", ["text", None, 5, [1]])
def test_only_bytes_are_accepted(data: object) -> None:
    with pytest.raises(TypeError):
        Framer().feed(data)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        scan(data)  # type: ignore[arg-type]


@given(st.one_of(raw_logons, good))
def test_read_fields_returns_the_fields_of_the_scan_as_text(wire: bytes) -> None:
    fields = scan(wire)[2:-1]
    assert read_fields(wire) == tuple((tag, value.decode("latin-1")) for tag, value in fields)


@given(st.lists(st.binary(min_size=1).filter(lambda value: b"\x01" not in value), max_size=5))
def test_a_message_that_is_written_is_read_again(values: list[bytes]) -> None:
    fields = [("35", "0"), *(("58", value.decode("latin-1")) for value in values)]
    wire = write_fields((int(tag), value) for tag, value in fields)
    assert wire == message(fields)
    assert read_fields(wire) == tuple((int(tag), value) for tag, value in fields)


@pytest.mark.parametrize("text", ["\u0100", "\ud800", "a\u20ac"])
def test_a_character_that_fix_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_fields([(35, "0"), (58, text)])


@pytest.mark.parametrize("field", [(35,), (35, 0), ("35", "0"), (-1, "0"), 35, (35, None)])
def test_what_is_no_field_is_refused(field: object) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        write_fields([field])  # type: ignore[list-item]
