from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gatepass.errors import FieldError, KeyFileError, KeySourceError
from gatepass.keys import (
    AccessKeyId,
    SecretKey,
    add_to_key_file,
    format_key_file,
    generate_pair,
    parse_key_file,
    read_key_file,
    write_key_file,
)
from tests.keys.samples import (
    NEW,
    OLD,
    OTHER,
    SAMPLE_FILE,
    SAMPLE_SECRET,
    everything_shown,
    facts,
    private_file,
    shares_run,
)

CREATED, EXPIRES = date(2026, 1, 20), date(2027, 1, 20)


def test_generated_pairs_look_like_cmes_and_differ() -> None:
    pairs = [generate_pair("B08", CREATED, EXPIRES, "CERT") for _ in range(50)]
    assert len({pair.access_key_id for pair in pairs}) == 50
    assert len({pair.secret.reveal() for pair in pairs}) == 50
    for pair in pairs:
        assert len(pair.access_key_id) == 20
        assert pair.access_key_id.isalnum()
        assert (pair.session, pair.environment) == ("B08", "CERT")
        assert (pair.created, pair.expires) == (CREATED, EXPIRES)


def test_a_generated_pair_has_a_possible_session_and_dates() -> None:
    with pytest.raises(FieldError, match="must be 3 or 6 characters"):
        generate_pair("B08004N", CREATED, EXPIRES)
    with pytest.raises(KeySourceError, match="Creation Date 2027-01-20 is after"):
        generate_pair("B08", EXPIRES, CREATED)


def test_the_sample_is_written_as_it_was_read() -> None:
    (pair,) = parse_key_file(SAMPLE_FILE.read_bytes())
    issued = replace(
        OLD,
        access_key_id=pair.access_key_id,
        secret=SecretKey(SAMPLE_SECRET),
        created=date(2017, 6, 23),
        expires=date(2018, 6, 23),
        environment="NEWRELEASE",
    )
    assert format_key_file([issued]) == SAMPLE_FILE.read_text()


def test_without_any_environment_the_column_is_left_out() -> None:
    lines = format_key_file([OTHER]).splitlines()
    assert [len(line) for line in lines] == [145, 145]
    assert "Environment" not in lines[0]
    assert [len(line) for line in format_key_file([OTHER, OLD]).splitlines()] == [166] * 3


def test_a_column_is_as_wide_as_its_longest_value_needs() -> None:
    wide = replace(OTHER, secret=SecretKey("A" * 86), access_key_id=AccessKeyId("x" * 31))
    header, record = format_key_file([wide]).splitlines()
    assert header.index("Secret Key") == 21 + 32
    assert header.index("Creation Date") == 21 + 32 + 87
    assert record.split() == ["XYZ", "x" * 31, "A" * 86, "2025-06-01", "2026-06-01"]


def test_pairs_that_no_reader_accepts_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    third = replace(OLD, access_key_id=AccessKeyId("third"))
    for pairs, complaint in (
        ([], "needs at least one key pair: generate one first"),
        ([OLD, NEW, third], "session B08 has 3 key pairs"),
        ([OLD, replace(OTHER, access_key_id=OLD.access_key_id)], "occurs twice: keep one"),
    ):
        with pytest.raises(KeySourceError, match=complaint):
            write_key_file(path, pairs)
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_a_new_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    mask = os.umask(0)
    try:
        write_key_file(path, [OLD, NEW])
    finally:
        os.umask(mask)
    assert [facts(pair) for pair in read_key_file(path)] == [facts(OLD), facts(NEW)]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(str(path), [OLD])
    with path.open("rb") as before:
        write_key_file(path, [NEW])
        assert before.read() == format_key_file([OLD]).encode()
    assert path.read_text() == format_key_file([NEW])
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD])

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError) as caught:
        write_key_file(path, [NEW])
    assert str(caught.value) == f"{path}: it cannot be written: No space left on device"
    assert path.read_text() == format_key_file([OLD])
    assert list(tmp_path.iterdir()) == [path]
    assert not shares_run(str(caught.value) + repr(caught.value), NEW.secret.reveal(), 8)


def test_a_file_in_a_missing_folder_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="it cannot be written: No such file or directory"):
        write_key_file(tmp_path / "nowhere" / "keys.txt", [OLD])


def test_a_failed_write_shows_no_secret_even_with_local_variables(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError) as caught:
        write_key_file(tmp_path / "nowhere" / "keys.txt", [OLD])
    assert not shares_run(everything_shown(caught.value), OLD.secret.reveal(), 8)


def test_a_pair_is_added_after_the_existing_ones(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD])
    add_to_key_file(str(path), NEW)
    assert path.read_text() == format_key_file([OLD, NEW])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_pair_is_added_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = private_file(tmp_path / "keys.txt", format_key_file([OLD]).rstrip("\n"))
    add_to_key_file(path, NEW)
    assert path.read_text() == format_key_file([OLD, NEW])


def test_a_pair_that_does_not_fit_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD, NEW])
    before = path.read_bytes()
    third = replace(OLD, access_key_id=AccessKeyId("third"))
    wide = replace(OTHER, environment="PRODUCTION", access_key_id=AccessKeyId("x" * 32))
    for pair, complaint in (
        (third, "session B08 has 3 key pairs"),
        (
            replace(OTHER, environment="CERT", access_key_id=OLD.access_key_id),
            "the same Access Key ID is in line 2",
        ),
        (OTHER, "its columns are not those of a new pair"),
        (wide, "its columns are not those of a new pair"),
    ):
        with pytest.raises(KeyFileError, match=complaint):
            add_to_key_file(path, pair)
        assert path.read_bytes() == before


def test_a_pair_that_cannot_be_added_leaves_the_file_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD])

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match="it cannot be written: No space left") as caught:
        add_to_key_file(path, NEW)
    assert path.read_text() == format_key_file([OLD])
    assert list(tmp_path.iterdir()) == [path]
    assert not shares_run(str(caught.value) + repr(caught.value), OLD.secret.reveal(), 8)
