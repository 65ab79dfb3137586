"""For a file in the wrong place, the error says what it looks like and what belongs there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gatepass.storage import SqliteStore
from tests.cli.processes import ENVIRONMENT, SCRIPT, shell
from tests.cli.samples import OTHER_SECRET, RAW, SECRET, SIGNED, run, write_keys

#: The content of a file, and what the error calls it.
FILES: dict[str, tuple[str, str]] = {
    "logons": (f"{RAW}\n{SIGNED}\n", "FIX messages"),
    "SOH": (RAW.replace("|", "\x01") + "\n", "FIX messages"),
    "engine log": (f"20261127-18:00:00 : {SIGNED}\n", "FIX messages"),
    "log": (
        '{"time": "2026-11-27T18:00:00", "session": "ABC123N", "what": "x", "detail": "y"}\n',
        "a log of gatepass simulate",
    ),
    "settings": ('# mine\nkind = "cgw"\nport = 9443\n', "the settings of a gateway"),
    "plan": ('# 8=FIX.4.2|\n[[fault]]\ndo = "drop"\n', "a fault plan"),
    "center": ("[mail]\nhost = 'mail.example.com'\n", "the settings of a Request Center"),
    "certificate": (
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "a certificate",
    ),
    "key": ("-----BEGIN PRIVATE KEY-----\nMIIB\n", "the private key of a certificate"),
}
SQLITE = "a store (an SQLite file)"
KEYS = "a key file"


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str], str]:
    """Return the path of a file of this kind."""

    def make(kind: str) -> str:
        path = tmp_path / f"{kind}.file".replace(" ", "-")
        if kind == "keys":
            return write_keys(tmp_path)
        if kind == "store":
            with closing(SqliteStore(path, "ABC123")):
                pass
        else:
            path.write_text(FILES[kind][0])
        path.chmod(0o600)
        return str(path)

    return make


#: A command line with a file, what belongs there, and the accepted kinds.
PLACES = {
    "sign FILE": ("sign {} --keys {keys}", "Logons", {"logons", "SOH", "engine log", "log"}),
    "verify FILE": ("verify {} --keys {keys}", "Logons", {"logons", "SOH", "engine log", "log"}),
    "explain FILE": ("explain {} --keys {keys}", "Logons", {"logons", "SOH", "engine log", "log"}),
    "sign --keys": ("sign {logons} --keys {}", "a key file", {"keys"}),
    "keys check": ("keys check {}", "a key file", {"keys"}),
    "keys generate": ("keys generate {} XYZ --add", "a key file", {"keys"}),
    "simulate --keys": ("simulate --keys {} --duration 0", "a key file", {"keys"}),
    "--config": (
        "simulate --keys {keys} --config {} --duration 0",
        "the settings of a gateway",
        {"settings"},
    ),
    "--fault-plan": (
        "simulate --keys {keys} --fault-plan {} --duration 0",
        "a fault plan",
        {"plan"},
    ),
    "--log": ("simulate --keys {keys} --log {} --duration 0", "a log of", {"log"}),
    "--ca": (
        "logon localhost:1 --keys {keys} --sender-comp-id ABC123N --state s --tls --ca {}",
        "a certificate",
        {"certificate", "key"},
    ),
    "--tls-cert": (
        "simulate --keys {keys} --tls-cert {} --duration 0",
        "a certificate",
        {"certificate", "key"},
    ),
    "center --config": (
        "center user list --config {}",
        "the settings of a Request Center",
        {"center"},
    ),
    "--svg": ("keys timeline {keys} --svg {}", "an SVG picture", set()),
    "center restore": ("center restore {}", SQLITE, {"store"}),
}
CASES = [
    (place, kind)
    for place, (_, _, taken) in PLACES.items()
    for kind in ("keys", "store", *FILES)
    if kind not in taken
]


@pytest.mark.parametrize(("place", "kind"), CASES)
def test_the_error_names_a_file_in_the_wrong_place(
    file_of: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    kind: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    line, wanted, _ = PLACES[place]
    given = file_of(kind)
    before = Path(given).read_bytes()
    places = {"keys": write_keys(tmp_path, name="good.txt"), "logons": file_of("logons")}
    result = run(*(word.format(given, **places) for word in line.split()))
    name = {"keys": KEYS, "store": SQLITE}.get(kind) or FILES[kind][1]
    assert result.exit_code == 2
    (said,) = result.stderr.splitlines()
    assert f"{given} looks like {name}; {wanted}" in said
    assert result.stdout == ""
    # The file is not changed, and its content is not shown.
    assert Path(given).read_bytes() == before
    for secret in (SECRET, OTHER_SECRET):
        assert secret not in said


def test_the_error_for_readable_logons_does_not_ask_for_chmod(tmp_path: Path) -> None:
    logons = tmp_path / "logons.txt"
    logons.write_text(RAW)
    logons.chmod(0o644)
    said = run("keys", "list", str(logons)).stderr
    assert "looks like FIX messages" in said
    assert "chmod" not in said


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirection")
@pytest.mark.parametrize("command", ["sign", "verify", "explain"])
def test_the_error_names_a_key_file_on_standard_input(tmp_path: Path, command: str) -> None:
    keys = Path(write_keys(tmp_path))
    answer = shell(command, "--keys", str(keys), stdin=keys.read_bytes())
    assert answer.returncode == 2
    assert b"standard input looks like a key file; Logons belong here" in answer.stderr
    assert answer.stdout == b""


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirection")
@pytest.mark.parametrize(("source", "where"), [("-", 0), ("fd:0", 0), ("fd:7", 7)])
def test_the_error_names_logons_by_descriptor_instead_of_keys(
    tmp_path: Path, source: str, where: int
) -> None:
    (tmp_path / "logons.txt").write_text(RAW)
    words = f"{SCRIPT} keys check {source} {where}< {tmp_path}/logons.txt"
    answer = subprocess.run(
        ["/bin/sh", "-c", words], capture_output=True, check=False, text=True, env=ENVIRONMENT
    )
    assert answer.returncode == 2
    assert f"{source} looks like FIX messages; a key file belongs here" in answer.stderr


@pytest.mark.parametrize(
    "line",
    [
        "logon localhost:1 --keys {keys} --sender-comp-id ABC123N --state {}",
        "center user list --state {}",
    ],
)
def test_the_error_names_a_file_where_a_folder_belongs(
    file_of: Callable[[str], str], tmp_path: Path, line: str
) -> None:
    keys = write_keys(tmp_path)
    for kind in ("logons", "keys"):
        given = file_of(kind)
        result = run(*(word.format(given, keys=keys) for word in line.split()))
        assert result.exit_code == 2
        assert f"{given} looks like " in result.stderr
        assert "a folder belongs here" in result.stderr


def test_the_error_names_a_key_file_given_as_the_store(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    config = tmp_path / "gateway.toml"
    config.write_text(f'port = 0\nstore = "{keys}"\n')
    result = run("simulate", "--keys", keys, "--config", str(config), "--duration", "0")
    assert result.exit_code == 2
    assert "gateway.toml, line 2: store: " in result.stderr
    assert "(it looks like a key file)" in result.stderr
