"""Only commands that name the mistakes of clients read key pairs with diagnosis keys."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gatepass.cli.options import center as center_options
from gatepass.keys import FixedKeys, KeyPair, KeyRing
from gatepass.keys.keyfile import FilePairs
from tests.cli.samples import SIGNED, THEN, pair, run, write_keys

NUMBERS = ("--sender-comp-id", "B08004N", "--state", "state")
#: Commands, and whether they name mistakes.
COMMANDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "sign": (("sign", "--at", THEN, "--keys"), False),
    "verify": (("verify", "--at", THEN, "--keys"), False),
    "logon": (("logon", "127.0.0.1:1", *NUMBERS, "--keys"), False),
    "keys list": (("keys", "list"), False),
    "keys check": (("keys", "check"), False),
    "explain": (("explain", "--at", THEN, "--keys"), True),
    "simulate": (("simulate", "--duration", "0", "--keys"), True),
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reads_a_key_file_for_diagnosis_only_to_name_mistakes(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[KeyPair] = []

    def noting(pairs: FilePairs, table: object) -> None:
        make(pairs, table)  # type: ignore[arg-type]
        read.extend(pairs)

    make = FilePairs.__init__
    monkeypatch.setattr(FilePairs, "__init__", noting)
    words, diagnosis = COMMANDS[command]
    keys = write_keys(tmp_path)
    run(*words, keys, stdin=SIGNED)
    assert_diagnosis(read, diagnosis)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reads_a_request_center_for_diagnosis_only_to_name_mistakes(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[KeyPair] = []
    closed: list[Store] = []

    class Store(FixedKeys):
        def close(self) -> None:
            closed.append(self)

    def opened(_source: str, *, diagnosis: bool) -> Store:
        read.append(pair().key_pair(diagnosis=diagnosis))
        return Store(KeyRing(read))

    monkeypatch.setattr(center_options, "open_center", opened)
    words, diagnosis = COMMANDS[command]
    run(*words, "center:", stdin=SIGNED)
    assert_diagnosis(read, diagnosis)
    assert len(closed) == 1, "the store stays open"


def assert_diagnosis(read: Iterable[KeyPair], diagnosis: bool) -> None:
    assert {pair.diagnosis_key is not None for pair in read} == {diagnosis}
