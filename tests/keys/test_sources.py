from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gatepass.errors import KeyFileError, KeyFilePermissionError, KeySourceError
from gatepass.keys import FixedKeys, KeyFile, KeySource, format_key_file, open_keys
from tests.keys.samples import NEW, OLD, SAMPLE_SECRET, everything_shown, facts, private_file

TEXT = format_key_file([OLD, NEW])
VARIABLES = {
    "GATEPASS_SESSION_ID": "B08",
    "GATEPASS_ACCESS_KEY_ID": "oNDxM33uE81ohWuVRtWT",
    "GATEPASS_SECRET_KEY": SAMPLE_SECRET,
    "GATEPASS_KEY_CREATED": "2017-06-23",
    "GATEPASS_KEY_EXPIRES": "2018-06-23",
    "GATEPASS_KEY_ENVIRONMENT": "NEWRELEASE",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def filled_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    os.write(writer, TEXT.encode())
    os.close(writer)
    yield reader
    os.close(reader)


def shown(source: KeySource) -> list[object]:
    return [facts(pair) for pair in source.ring]


def test_a_path_is_followed(tmp_path: Path) -> None:
    path = private_file(tmp_path / "keys.txt", TEXT)
    source = open_keys(str(path))
    assert isinstance(source, KeyFile)
    assert shown(source) == [facts(OLD), facts(NEW)]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")
def test_an_exposed_path_is_refused_unless_allowed(tmp_path: Path) -> None:
    path = private_file(tmp_path / "keys.txt", TEXT)
    path.chmod(0o644)
    with pytest.raises(KeyFilePermissionError, match="chmod 600"):
        open_keys(str(path))
    assert len(open_keys(str(path), allow_insecure=True).ring) == 2


@pytest.mark.parametrize("name", ["fd", "env", "-x", "C:keys", "vault:B08"])
def test_anything_but_a_named_source_is_a_path(name: str) -> None:
    with pytest.raises(KeyFileError, match=f"^{name}: there is no such file"):
        open_keys(name)


@pytest.mark.skipif(os.name != "posix", reason="a file name cannot contain a colon on Windows")
@pytest.mark.parametrize("name", ["-", "fd:3", "env:", "keyring:B08"])
def test_a_file_with_the_name_of_a_source_is_read_as_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private_file(tmp_path / name, TEXT)
    monkeypatch.chdir(tmp_path)
    assert shown(open_keys(f"./{name}")) == [facts(OLD), facts(NEW)]


def test_a_descriptor_is_read(filled_pipe: int) -> None:
    source = open_keys(f"fd:{filled_pipe}")
    assert isinstance(source, FixedKeys)
    assert shown(source) == [facts(OLD), facts(NEW)]
    assert source.ring is source.ring


@pytest.mark.parametrize("number", ["", "x", "-1", "3 ", "٣", "9999999999"])
def test_a_descriptor_is_a_number(number: str) -> None:
    with pytest.raises(KeySourceError) as caught:
        open_keys(f"fd:{number}")
    assert str(caught.value) == "fd: needs the number of an open file descriptor, as in fd:3"


def test_standard_input_is_read() -> None:
    program = "from gatepass.keys import open_keys; print(open_keys('-').ring)"
    done = subprocess.run(
        [sys.executable, "-c", program], input=TEXT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "<KeyRing of 2 pairs for B08>\n"


def test_the_environment_contains_one_pair(environment: pytest.MonkeyPatch) -> None:
    (pair,) = open_keys("env:").ring
    assert (pair.session, pair.access_key_id) == ("B08", "oNDxM33uE81ohWuVRtWT")
    assert (pair.created, pair.expires) == (date(2017, 6, 23), date(2018, 6, 23))
    assert pair.environment == "NEWRELEASE"
    canonical = b"1\nB08004N\nMSG\n20170623-14:48:42.855\n92\n60\nUS,NY\n0\nBRIO\n8.0\nABC"
    assert pair.signing_key.sign(canonical).hex().startswith("a076760f1d62845029ee41ce15c24f92")


@pytest.mark.parametrize("empty", [True, False])
def test_dates_and_environment_may_be_left_out(
    environment: pytest.MonkeyPatch, empty: bool
) -> None:
    for name in ("GATEPASS_KEY_CREATED", "GATEPASS_KEY_EXPIRES", "GATEPASS_KEY_ENVIRONMENT"):
        if empty:
            environment.setenv(name, "")
        else:
            environment.delenv(name)
    (pair,) = open_keys("env:").ring
    assert (pair.created, pair.expires, pair.environment) == (None, None, None)


def test_missing_variables_are_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("GATEPASS_SESSION_ID")
    environment.setenv("GATEPASS_SECRET_KEY", "")
    with pytest.raises(KeySourceError) as caught:
        open_keys("env:")
    assert str(caught.value) == ("set GATEPASS_SESSION_ID, GATEPASS_SECRET_KEY in the environment")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("GATEPASS_SESSION_ID", SAMPLE_SECRET, "Session ID, the start of SenderCompID (49)"),
        ("GATEPASS_ACCESS_KEY_ID", SAMPLE_SECRET, "Access Key ID (355) is too long"),
        ("GATEPASS_SECRET_KEY", SAMPLE_SECRET[:8], "the secret key is too short"),
        ("GATEPASS_KEY_CREATED", SAMPLE_SECRET, "GATEPASS_KEY_CREATED is not a date of the form"),
        ("GATEPASS_KEY_EXPIRES", "2018-02-30", "GATEPASS_KEY_EXPIRES is not a date of the form"),
        ("GATEPASS_KEY_EXPIRES", "2017-06-22", "Creation Date 2017-06-23 is after Expiration"),
        ("GATEPASS_KEY_ENVIRONMENT", "tab\tinside", "Environment must be printable ASCII"),
    ],
)
def test_a_wrong_variable_is_refused(
    environment: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(KeySourceError) as caught:
        open_keys("env:")
    assert message in str(caught.value)
    assert SAMPLE_SECRET not in everything_shown(caught.value)


def test_nothing_follows_env(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeySourceError, match="env: takes nothing after the colon"):
        open_keys("env:OTHER")
