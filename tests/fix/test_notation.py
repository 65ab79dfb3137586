"""Messages as people store them: lines, ``|`` for SOH, several in one line."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass._native import scan
from gatepass.errors import FramingError
from gatepass.fix.notation import Line, read_lines, visible
from tests.fix.samples import RAW, SIGNED, body_of, changed, message, raw_logons, values

PIPED = RAW.replace(b"\x01", b"|")
endings = st.sampled_from([b"\n", b"\r\n"])
blanks = st.sampled_from([b"", b" ", b"\t", b"\r", b"  \r"])
#: Messages that fit on one line and contain no ``|``, so that it can replace SOH.
plain = st.lists(st.tuples(st.sampled_from(["58", "49", "50"]), values), max_size=4).map(
    lambda fields: message([("35", "A"), *[(t, v.replace("|", "/")) for t, v in fields]])
)
one_line = st.one_of(plain, raw_logons.filter(lambda raw: b"\n" not in raw))


def read(data: bytes) -> list[Line]:
    return list(read_lines(data))


def answered(data: bytes) -> bytes:
    """Every line answered with the messages that it contains."""
    return b"".join(line.answer(line.messages) for line in read(data))


@given(st.lists(st.tuples(st.lists(one_line, min_size=1, max_size=3), endings), max_size=4))
def test_raw_lines_are_read_and_answered_unchanged(
    lines: list[tuple[list[bytes], bytes]],
) -> None:
    data = b"".join(b"".join(messages) + ending for messages, ending in lines)
    found = read(data)
    assert [list(line.messages) for line in found] == [messages for messages, _ in lines]
    assert not any(line.piped for line in found)
    assert answered(data) == data


@given(st.lists(st.tuples(st.lists(plain, min_size=1, max_size=3), endings), max_size=4))
@example([([RAW, SIGNED], b"\r\n")])
def test_piped_lines_are_read_as_soh_and_answered_with_pipes(
    lines: list[tuple[list[bytes], bytes]],
) -> None:
    data = b"".join(b"".join(messages).replace(b"\x01", b"|") + end for messages, end in lines)
    found = read(data)
    assert [list(line.messages) for line in found] == [messages for messages, _ in lines]
    assert all(line.piped for line in found)
    assert answered(data) == data


@given(st.lists(st.one_of(blanks, st.just(PIPED), st.just(RAW)), max_size=8), endings)
def test_blank_lines_are_skipped_but_counted(lines: list[bytes], ending: bytes) -> None:
    found = read(ending.join(lines))
    kept = [n for n, line in enumerate(lines, start=1) if line.strip()]
    assert [line.number for line in found] == kept
    assert all(line.messages == (RAW,) for line in found)


def test_forms_may_be_mixed_line_by_line() -> None:
    data = PIPED + b"\n" + RAW + b"\r\n\n" + PIPED + PIPED
    found = read(data)
    assert [(line.number, line.piped, line.ending) for line in found] == [
        (1, True, b"\n"),
        (2, False, b"\r\n"),
        (4, True, b""),
    ]
    assert [line.messages for line in found] == [(RAW,), (RAW,), (RAW, RAW)]


def test_the_last_line_needs_no_line_end() -> None:
    assert [line.ending for line in read(RAW)] == [b""]
    assert answered(RAW) == RAW
    assert answered(PIPED) == PIPED


def test_blanks_around_a_piped_line_are_ignored() -> None:
    (line,) = read(b" \t" + PIPED + b"  \r\n")
    assert line.messages == (RAW,)
    assert line.answer((SIGNED,)) == SIGNED.replace(b"\x01", b"|") + b"\r\n"


def test_an_answer_has_the_form_of_its_line() -> None:
    (piped,), (raw,) = read(PIPED + b"\n"), read(RAW + b"\r\n")
    assert piped.answer((SIGNED, RAW)) == (SIGNED + RAW).replace(b"\x01", b"|") + b"\n"
    assert raw.answer((SIGNED, RAW)) == SIGNED + RAW + b"\r\n"
    assert raw.answer(()) == b"\r\n"


def test_a_pipe_inside_a_raw_value_stays_a_pipe() -> None:
    logon = changed(RAW, t1603="A|B")
    (line,) = read(logon + b"\n")
    assert (line.piped, line.messages) == (False, (logon,))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (RAW + b"rubbish", "does not begin with 8=FIX"),
        (RAW + RAW[:50], "truncated"),
        (b"rubbish" + RAW, "does not begin with 8=FIX"),
        (PIPED[:-1], "truncated"),
        (PIPED.replace(b"|49", b"||49"), "BodyLength (9) is 117, but must be 118"),
        (RAW.replace(b"10=098", b"10=097") + RAW, "CheckSum (10) is 097"),
        (b"8=FIX.4.2;9=5;35=A;10=178;", "8=FIX"),
        (b"hello", "does not begin with 8=FIX"),
    ],
)
def test_bytes_that_are_not_a_message_are_kept_to_be_refused(line: bytes, says: str) -> None:
    (found,) = read(line + b"\n")
    wire = line if b"\x01" in line else line.replace(b"|", b"\x01")
    assert b"".join(found.messages) == wire
    refusals = []
    for piece in found.messages:
        try:
            scan(piece)
        except FramingError as error:
            refusals.append(str(error))
    assert len(refusals) == 1
    assert says in refusals[0]
    assert answered(line + b"\n") == line + b"\n"


def test_a_line_feed_in_a_data_field_does_not_end_the_line() -> None:
    logon = message([*body_of(RAW), ("95", "3"), ("96", "a\nb")])
    first, second = read(logon + b"\n" + RAW + b"\n")
    assert (first.number, first.messages, first.ending) == (1, (logon,), b"\n")
    assert (second.number, second.messages) == (3, (RAW,))


def test_a_cut_message_does_not_swallow_the_next_line() -> None:
    first, second = read(RAW[:-20] + b"\n" + RAW + b"\n")
    assert first.messages == (RAW[:-20],)
    assert second.messages == (RAW,)


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=5))
def test_nothing_of_a_line_is_lost(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    for line in read(data):
        whole = lines[line.number - 1]
        written = line.answer(line.messages).removesuffix(line.ending)
        assert written == (
            whole.removesuffix(b"\r").strip() if line.piped else whole.removesuffix(b"\r")
        )


@given(st.lists(st.sampled_from([RAW + b"\n", PIPED + b"\r\n", b"\n"]), max_size=6))
def test_a_file_is_read_like_its_bytes(lines: list[bytes]) -> None:
    data = b"".join(lines)
    assert list(read_lines(io.BytesIO(data))) == list(read_lines(lines)) == read(data)


def test_lines_are_read_as_they_arrive() -> None:
    def endless() -> object:
        while True:
            yield PIPED + b"\n"

    lines = read_lines(endless())  # type: ignore[arg-type]
    assert [next(lines).number for _ in range(3)] == [1, 2, 3]


@given(st.binary(max_size=20))
def test_a_visible_value_is_printable_and_unambiguous(value: bytes) -> None:
    text = visible(value)
    assert text.isascii()
    assert text.isprintable()
    if b"\\" not in value:
        assert text.encode().decode("unicode_escape").encode("latin-1") == value


def test_the_samples_are_messages() -> None:
    assert message(body_of(RAW)) == RAW
