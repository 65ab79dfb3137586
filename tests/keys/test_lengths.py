"""A secret key that lost characters when it was copied is loaded, and reported."""

from __future__ import annotations

import base64
import logging
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import AccessKeyId, KeyFile, KeyPair, KeyRing, SessionId, SigningKey
from gatepass.keys import (
    IssuedPair,
    SecretKey,
    format_key_file,
    generate_pair,
    open_keys,
    session_health,
)
from gatepass.keys.lengths import MOST_NAMED
from tests.keys.samples import BOTH_ACTIVE

DAYS = date(2026, 1, 5), date(2027, 1, 5)


def secret(count: int) -> str:
    return base64.urlsafe_b64encode(bytes(range(count))).decode().rstrip("=")


def pair(count: int, session: str = "ABC") -> KeyPair:
    name = AccessKeyId(f"{session}{count:017d}")
    return KeyPair(SessionId(session), name, SigningKey(secret(count)), *DAYS)


def written(path: Path, *counts: int) -> Path:
    names = (f"A{one}{two}" for one in "ABCDEFGHIJ" for two in "0123456789")
    path.write_text(
        format_key_file(
            IssuedPair(SessionId(name), AccessKeyId(f"{name}x"), SecretKey(secret(count)), *DAYS)
            for name, count in zip(names, counts, strict=False)
        )
    )
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("count", range(16, 129))
def test_a_key_says_how_many_bytes_it_has(count: int) -> None:
    key = SigningKey(secret(count))
    assert key.length == count
    assert key.has_usual_length is (count in (32, 48))


@given(st.integers(3, 7))
def test_a_secret_that_lost_characters_never_has_the_usual_length(lost: int) -> None:
    text = secret(32)[:-lost]
    try:
        key = SigningKey(text)
    except ValueError:
        return
    assert not key.has_usual_length


@pytest.mark.parametrize("count", [29, 30, 31, 33])
def test_a_session_whose_key_is_cut_is_not_healthy(count: int) -> None:
    (health,) = session_health(KeyRing([pair(count)]), BOTH_ACTIVE)
    assert not health
    assert health.cut is not None
    assert f"has {count} bytes, and CME's have 32" in health.cut
    assert health.problem is None


@pytest.mark.parametrize("count", [32, 48])
def test_a_key_of_a_known_length_is_healthy(count: int) -> None:
    (health,) = session_health(KeyRing([pair(count)]), BOTH_ACTIVE)
    assert health
    assert health.cut is None


def test_a_file_with_a_cut_key_is_loaded_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "keys.txt", 32, 30, 48)
    with caplog.at_level(logging.WARNING, "gatepass.keys"):
        keys = KeyFile(path)
        assert len(keys.ring) == 3
        keys.ring  # noqa: B018 - nothing new
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 1
    assert logged[0].startswith(f"{path}: session AA1: the secret key of AA1x has 30 bytes")
    assert secret(30)[:6] not in logged[0]
    caplog.clear()
    written(path, 32, 30, 31)
    with caplog.at_level(logging.WARNING, "gatepass.keys"):
        keys.reload()
        keys.reload()
    logged = [record.getMessage() for record in caplog.records]
    assert [("AA1x" in line, "AA2x" in line) for line in logged] == [(True, False), (False, True)]


def test_of_many_cut_keys_some_are_named_and_the_others_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "keys.txt", *[31] * 25)
    with caplog.at_level(logging.WARNING, "gatepass.keys"):
        KeyFile(path)
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == MOST_NAMED + 1
    assert logged[-1] == f"{path}: {25 - MOST_NAMED} more keys like these"


def test_a_cut_key_in_the_environment_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GATEPASS_SESSION_ID", "ABC")
    monkeypatch.setenv("GATEPASS_ACCESS_KEY_ID", "KEYKEYKEY")
    monkeypatch.setenv("GATEPASS_SECRET_KEY", secret(29))
    with caplog.at_level(logging.WARNING, "gatepass.keys"):
        open_keys("env:")
    assert "has 29 bytes" in caplog.text


def test_a_generated_key_has_the_usual_length() -> None:
    made = generate_pair("ABC", *DAYS).key_pair()
    assert made.signing_key.has_usual_length
    assert made.length_warning is None
