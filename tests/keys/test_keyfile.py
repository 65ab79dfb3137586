"""From bytes to pairs: what is accepted, what is refused, and what is never shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass.errors import KeyFileError, KeySourceError
from gatepass.keys import (
    AccessKeyId,
    IssuedPair,
    KeyRing,
    SessionId,
    format_key_file,
    parse_key_file,
)
from gatepass.keys.keyfile import read_pairs
from gatepass.keys.layout import ACCESS_KEY_ID, COLUMNS
from tests.keys.samples import (
    NEW,
    OLD,
    OTHER,
    SAMPLE_FILE,
    SAMPLE_SECRET,
    facts,
    key_files,
    shares_run,
)

SAMPLE = SAMPLE_FILE.read_bytes()
HEADER, RECORD = SAMPLE_FILE.read_text().splitlines()
TWO = format_key_file([OLD, OTHER])
#: What a column may be called, where it has several names.
NAMES = {ACCESS_KEY_ID: ["Access ID", "Access Key ID"]}


def test_the_sample_is_read() -> None:
    (pair,) = parse_key_file(SAMPLE)
    assert pair.session == "B08"
    assert pair.access_key_id == "oNDxM33uE81ohWuVRtWT"
    assert (pair.created, pair.expires) == (date(2017, 6, 23), date(2018, 6, 23))
    assert pair.environment == "NEWRELEASE"
    # The published logon that was signed with this key.
    canonical = b"1\nB08004N\nMSG\n20170623-14:48:42.855\n92\n60\nUS,NY\n0\nBRIO\n8.0\nABC"
    assert pair.signing_key.sign(canonical).hex() == (
        "a076760f1d62845029ee41ce15c24f9228e6dbbc5f029245a7e661b120b1af7b"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n  \n"),
        lambda text: "\n \n" + text,
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip(),
        lambda text: "\n".join(line.rstrip() for line in text.splitlines()),
    ],
    ids=[
        "CRLF",
        "blank lines",
        "blank lines first",
        "byte order mark",
        "no end",
        "trailing blanks",
    ],
)
def test_changes_by_editors_and_transfers_do_not_matter(change: Callable[[str], str]) -> None:
    changed = parse_key_file(change(TWO).encode())
    assert [facts(pair) for pair in changed] == [facts(OLD), facts(OTHER)]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_read_and_not_changed(kind: type) -> None:
    data = kind(SAMPLE)
    assert len(parse_key_file(data)) == 1
    assert data == SAMPLE


@given(key_files)
def test_what_is_written_is_read_back(issued: list[IssuedPair]) -> None:
    again = parse_key_file(format_key_file(issued).encode())
    assert [facts(pair) for pair in again] == [facts(pair) for pair in issued]


@st.composite
def odd_files(draw: st.DrawFn) -> tuple[list[IssuedPair], bytes]:
    """A file with its columns in another order and of other widths, and its pairs."""
    issued = draw(key_files)
    order = draw(st.permutations(COLUMNS))
    rows = [{column: draw(st.sampled_from(NAMES.get(column, [column.name]))) for column in order}]
    rows += [
        dict(
            zip(
                COLUMNS,
                (
                    pair.session,
                    pair.access_key_id,
                    pair.secret.reveal(),
                    str(pair.created),
                    str(pair.expires),
                    pair.environment or "",
                ),
                strict=True,
            )
        )
        for pair in issued
    ]
    widths = {c: max(len(row[c]) for row in rows) + draw(st.integers(1, 9)) for c in order}
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n", "   \n"]))
    text = "".join("".join(row[c].ljust(widths[c]) for c in order) + end for row in rows)
    return issued, text.encode()


@given(odd_files())
def test_columns_are_found_wherever_the_header_puts_them(
    file: tuple[list[IssuedPair], bytes],
) -> None:
    issued, data = file
    assert [facts(pair) for pair in parse_key_file(data)] == [facts(pair) for pair in issued]


def line_with(start: int, value: str, width: int = 21) -> str:
    return RECORD[:start] + value.ljust(width) + RECORD[start + width :]


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (line_with(0, ""), "Session ID is empty"),
        (line_with(21, "", 31), "Access ID is empty"),
        (line_with(52, "", 51), "Secret Key is empty"),
        (line_with(103, ""), "Creation Date is empty"),
        (line_with(124, ""), "Expiration Date is empty"),
        (RECORD[:124], "Expiration Date is empty"),
        ("B08", "Access ID is empty"),
        (line_with(0, "B 8"), "Session ID has a blank inside"),
        (line_with(21, "two words", 31), "Access ID has a blank inside"),
        (line_with(52, SAMPLE_SECRET.replace("j", " "), 51), "Secret Key has a blank inside"),
        (line_with(0, "B080"), "Session ID, the start of SenderCompID (49), must be 3 or 6"),
        (line_with(21, "a.b", 31), "Access Key ID (355) contains an illegal character"),
        (line_with(21, SAMPLE_SECRET, 31)[:72], "a value runs into the column Secret Key"),
        (RECORD[:52] + "s" * 60, "a value runs into the column Creation Date"),
        (line_with(103, "23.06.2017"), "Creation Date is not a date of the form YYYY-MM-DD"),
        (line_with(103, "20170623"), "Creation Date is not a date of the form YYYY-MM-DD"),
        (line_with(124, "2018-02-29"), "Expiration Date is not a date of the form YYYY-MM-DD"),
        (line_with(124, "2018-06-2"), "Expiration Date is not a date of the form YYYY-MM-DD"),
        (line_with(124, "2017-06-22"), "Creation Date 2017-06-23 is after Expiration Date"),
        (RECORD.replace("B08", "B\t8"), "the character at position 2 is a tab, NUL or not ASCII"),
        (RECORD.replace("B08", "B\x008"), "the character at position 2 is a tab, NUL or not ASCII"),
        (
            RECORD.replace("B08", "B\u00e98"),
            "the character at position 2 is a tab, NUL or not ASCII",
        ),
        (RECORD.replace("B08", "B\r8"), "the character at position 2 is a tab, NUL or not ASCII"),
    ],
)
def test_a_wrong_record_is_refused_with_its_line(record: str, complaint: str) -> None:
    data = f"{HEADER}\n\n{record}\n".encode()
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(data, Path("CMEKeys.txt"))
    assert str(caught.value).startswith(f"CMEKeys.txt, line 3: {complaint}")
    assert (caught.value.path, caught.value.line) == (Path("CMEKeys.txt"), 3)
    assert not shares_run(repr(caught.value), data.decode("latin-1"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "key file: it is empty: download it again from the Request Center"),
        (b" \r\n\n", "key file: it is empty: download it again from the Request Center"),
        (b"\xef\xbb\xbf", "key file: it is empty: download it again from the Request Center"),
        (
            f"{HEADER}\n\n".encode(),
            "key file: it has a header but no key pair: download it again from the Request Center",
        ),
        (
            TWO.encode("utf-16"),
            "key file, line 1: the character at position 1 is a tab, NUL or not ASCII:"
            " a key file is plain ASCII text",
        ),
    ],
    ids=["empty", "blank", "mark only", "header only", "UTF-16"],
)
def test_a_file_without_pairs_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(data)
    assert str(caught.value) == message


def test_three_pairs_for_one_session_are_refused() -> None:
    lines = [RECORD, RECORD.replace("oNDx", "aaaa"), RECORD.replace("oNDx", "bbbb")]
    with pytest.raises(KeyFileError) as caught:
        parse_key_file("\n".join([HEADER, *lines]).encode(), Path("keys.txt"))
    assert str(caught.value) == (
        "keys.txt: session B08 has 3 key pairs, and only 2 can exist: delete one at the Request"
        " Center and download the file again"
    )


def test_an_access_key_id_that_occurs_twice_is_refused_by_its_lines() -> None:
    lines = [HEADER, RECORD, "", RECORD.replace("B08", "XYZ")]
    with pytest.raises(KeyFileError) as caught:
        parse_key_file("\n".join(lines).encode())
    assert str(caught.value) == (
        "key file, line 4: the same Access Key ID is in line 2: keep one of them"
    )


def refusal_of(data: bytes | bytearray) -> str:
    """The error of a file that is refused; an empty text for one with pairs."""
    try:
        assert parse_key_file(data)
    except KeySourceError as error:
        return f"{error} {error!r}"
    return ""


@given(st.binary(max_size=400))
@example(SAMPLE)
def test_any_bytes_give_pairs_or_a_key_source_error(data: bytes) -> None:
    assert not shares_run(refusal_of(data), data.decode("latin-1"))


@given(key_files, st.data())
def test_a_damaged_file_gives_pairs_or_a_key_source_error(
    issued: list[IssuedPair], data: st.DataObject
) -> None:
    text = bytearray(format_key_file(issued), "ascii")
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 60))
        text[begin:end] = data.draw(st.binary(max_size=60))
    shown = refusal_of(text)
    assert not any(shares_run(shown, pair.secret.reveal(), 8) for pair in issued)
    assert not shares_run(shown, text.decode("latin-1"))


@given(st.data())
def test_a_file_cut_anywhere_has_no_altered_secret(data: st.DataObject) -> None:
    text = format_key_file([OLD, NEW, OTHER]).encode()
    whole = {facts(pair)[:3] for pair in (OLD, NEW, OTHER)}
    try:
        pairs = parse_key_file(text[: data.draw(st.integers(0, len(text)))])
    except KeySourceError:
        return
    assert {facts(pair)[:3] for pair in pairs} <= whole


def test_an_environment_may_be_several_words() -> None:
    (pair,) = parse_key_file(f"{HEADER}\n{line_with(145, 'NEW RELEASE')}\n".encode())
    assert pair.environment == "NEW RELEASE"


def test_a_pair_is_the_same_object_however_it_is_found() -> None:
    pairs = read_pairs(TWO.encode())
    ring = KeyRing(pairs)
    assert ring.find(OLD.access_key_id) is ring.pairs_for("B08123N")[0] is next(iter(ring))
    assert ring.find("nobody") is None
    assert ring.find("\u00e9") is ring.find("a" * 33) is ring.find("\ud800") is None
    assert ring.serving("\ud800BC123N") == ()
    assert (len(ring), ring.sessions) == (2, ("B08", "XYZ"))
    assert ring.serving("\u00e9\u00e9\u00e9123") == ()


@given(key_files)
def test_a_ring_of_a_file_is_the_ring_of_its_pairs(issued: list[IssuedPair]) -> None:
    ring = KeyRing(read_pairs(format_key_file(issued).encode()))
    listed = KeyRing(pair.key_pair() for pair in issued)
    assert list(ring) == list(listed)
    assert (ring.sessions, repr(ring)) == (listed.sessions, repr(listed))
    for pair in issued:
        assert ring.find(pair.access_key_id) == listed.find(pair.access_key_id)
        sender = f"{pair.session}ABCN"
        assert ring.serving(sender) == listed.serving(sender)
        assert ring.pairs_for(sender) == listed.pairs_for(sender)


@pytest.mark.parametrize("wrong", [500, 1500], ids=["first half", "second half"])
def test_the_first_error_of_a_long_file_is_reported(wrong: int) -> None:
    sessions = (f"{number:03d}" for number in range(999))
    issued = [replace(OLD, session=SessionId(name)) for name in sessions for _ in range(2)]
    named = [
        replace(pair, access_key_id=AccessKeyId(f"{number:020d}"))
        for number, pair in enumerate(issued)
    ]
    lines = format_key_file(named).splitlines()
    assert [facts(pair) for pair in parse_key_file("\n".join(lines).encode())] == [
        facts(pair) for pair in named
    ]
    lines[wrong - 1] = lines[wrong - 1].replace("2025-02-03", "2025-02-30")
    lines[wrong + 99] = lines[wrong]  # what comes later does not count
    with pytest.raises(KeyFileError, match=f"line {wrong}: Creation Date is not a date of the"):
        parse_key_file("\n".join(lines).encode())
    lines[wrong - 101] = lines[wrong - 201]
    message = f"line {wrong - 100}: the same Access Key ID is in line {wrong - 200}: keep one"
    with pytest.raises(KeyFileError, match=message):
        parse_key_file("\n".join(lines).encode())
