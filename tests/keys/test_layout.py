"""The header line of a key file."""

from __future__ import annotations

import pytest

from gatepass.errors import KeyFileError
from gatepass.keys import parse_key_file
from gatepass.keys.layout import COLUMNS
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
        " columns, as in the file from the Request Center"
    )


def test_a_file_without_a_header_is_refused_and_not_quoted() -> None:
    with pytest.raises(KeyFileError) as caught:
        parse_key_file(f"{RECORD}\n".encode())
    assert f"the header has no column {', '.join(REQUIRED)}:" in str(caught.value)
    assert SAMPLE_SECRET[:10] not in repr(caught.value)


@pytest.mark.parametrize("name", ["Status", "Session", "session id", "Environments", "ID"])
def test_an_unknown_column_is_refused_with_its_position(name: str) -> None:
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
    names = ["Session ID", "Access ID", "Creation Date", "Expiration Date", "Secret Key"]
    values = ["B08", "short", "2017-06-23", "2018-06-23", SAMPLE_SECRET]
    record = " ".join(value.ljust(len(name)) for name, value in zip(names, values, strict=True))
    (pair,) = parse_key_file(f"{' '.join(names)}\n{record}\n".encode())
    assert (pair.session, pair.access_key_id) == ("B08", "short")
    assert (str(pair.created), str(pair.expires)) == ("2017-06-23", "2018-06-23")


def test_blanks_before_the_first_name_belong_to_its_column() -> None:
    indented = f"  {HEADER}\nB08{' ' * 20}{RECORD[21:]}\n"
    assert parse_key_file(indented.encode()) == parse_key_file(SAMPLE_FILE.read_bytes())
