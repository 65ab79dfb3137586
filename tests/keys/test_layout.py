"""The header line of a key file."""

from __future__ import annotations

import pytest

from gatepass.errors import KeyFileError, KeySourceError
from gatepass.keys import parse_key_file
from gatepass.keys.layout import COLUMNS, SECRET, Layout
from tests.keys.samples import SAMPLE_FILE, SAMPLE_SECRET

HEADER, RECORD = SAMPLE_FILE.read_text().splitlines()
REQUIRED = ["Session ID", "Access ID", "Secret Key", "Creation Date", "Expiration Date"]


def test_the_sample_has_the_columns_where_a_writer_puts_them() -> None:
    starts = [HEADER.index(column.name) for column in COLUMNS]
    assert starts == [0, 21, 52, 103, 124, 145]
    assert [column.width for column in COLUMNS] == [21, 31, 51, 21, 21, 21]
    assert len(HEADER) == 166


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_column_is_named(name: str) -> None:
    header = HEADER.replace(name, " " * len(name))
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(f"{header}\n{RECORD}\n".encode())
    assert str(caught.value) == (
        f"key file, line 1: the header has no column {name}: the first line must name the"
        " columns, as in the file that the Request Center gives"
    )


def test_a_file_without_a_header_is_refused_and_not_quoted() -> None:
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(f"{RECORD}\n".encode())
    assert f"the header has no column {', '.join(REQUIRED)}:" in str(caught.value)
    assert SAMPLE_SECRET[:10] not in repr(caught.value)


@pytest.mark.parametrize("name", ["Status", "Session", "session id", "Environments", "ID"])
def test_an_unknown_column_is_refused_by_its_place(name: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(f"{HEADER}{name}\n{RECORD}\n".encode())
    assert str(caught.value) == (
        "key file, line 1: the header has an unknown column at position 167: the columns are"
        " Session ID, Access ID, Secret Key, Creation Date, Expiration Date, Environment"
    )


@pytest.mark.parametrize("name", ["Session ID", "Access Key ID", "Environment"])
def test_a_repeated_column_is_refused(name: str) -> None:
    with pytest.raises(KeyFileError, match=r"line 1: the header has the column .* twice"):
        parse_key_file(f"{HEADER}{name}\n{RECORD}\n".encode())


def test_the_other_name_of_the_access_key_id_is_accepted() -> None:
    header = HEADER.replace("Access ID    ", "Access Key ID")
    assert parse_key_file(f"{header}\n{RECORD}".encode()) == parse_key_file(
        SAMPLE_FILE.read_bytes()
    )


def test_one_blank_between_two_columns_is_enough() -> None:
    layout = Layout(memoryview(" ".join(REQUIRED).encode()))
    start = " ".join(REQUIRED).index("Secret Key")
    line = (" " * start + "abc").encode()
    assert bytes(layout.cell(memoryview(line), SECRET)) == b"abc"


def test_a_value_is_cut_at_its_columns_bounds() -> None:
    layout = Layout(memoryview(HEADER.encode()))
    cells = [bytes(layout.cell(memoryview(RECORD.encode()), column)) for column in COLUMNS]
    assert cells == [word.encode() for word in RECORD.split()]


def test_a_value_may_fill_its_column() -> None:
    layout = Layout(memoryview(HEADER.encode()))
    line = (" " * 52 + "s" * 51).encode()
    assert layout.cell(memoryview(line), SECRET) == b"s" * 51


def test_a_value_must_not_run_into_the_next_column() -> None:
    layout = Layout(memoryview(HEADER.encode()))
    line = (" " * 52 + "s" * 52).encode()
    layout.cell(memoryview(line), SECRET)
    with pytest.raises(KeySourceError, match="a value runs into the column Creation Date"):
        layout.cell(memoryview(line), COLUMNS[3])


def test_blanks_before_the_first_name_belong_to_its_column() -> None:
    layout = Layout(memoryview(b"  " + HEADER.encode()))
    assert bytes(layout.cell(memoryview(b"B08"), COLUMNS[0])) == b"B08"
