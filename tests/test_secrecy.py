"""No object, no error and no log line shows a secret, whatever a program does with it."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import pprint
import string
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass import (
    AccessKeyId,
    KeyFile,
    KeyPair,
    KeyRing,
    LogonSigner,
    LogonVerifier,
    SigningKey,
    explain,
)
from gatepass._native import DiagnosisKey, Logon
from gatepass.errors import GatepassError
from gatepass.fix.mistakes import SignedLogon
from gatepass.keys import (
    FixedKeys,
    IssuedPair,
    SecretKey,
    SessionId,
    format_key_file,
    generate_pair,
    open_keys,
    parse_key_file,
    read_key_file,
    session_health,
    store_in_keyring,
    write_key_file,
)
from gatepass.signing import LocalSigner
from tests.fix.samples import AT, RAW, changed, without
from tests.leaks import everything_shown, leaks

#: A secret of which no 8 characters occur in anything else.
CANARY = "MX7EbU8ptyampAVQQgaWlpie62Nloarxja9NvpJaDLw"
KEY_ID = AccessKeyId("canarycanarycanaryid")
CREATED, EXPIRES = date(2017, 1, 1), date(2018, 1, 1)

ISSUED = IssuedPair(SessionId("B08"), KEY_ID, SecretKey(CANARY), CREATED, EXPIRES, "TEST")
PAIR = ISSUED.key_pair()
RING = KeyRing([PAIR])
SIGNED = LogonSigner(RING).sign(RAW, at=AT)
WRONG = changed(SIGNED, t34="2")


def key_file(folder: Path) -> Path:
    path = folder / "keys.txt"
    write_key_file(path, [ISSUED])
    return path


HOLDERS: dict[str, Callable[[Path], object]] = {
    "SigningKey": lambda _: SigningKey(CANARY),
    "DiagnosisKey": lambda _: DiagnosisKey(CANARY),
    "SecretKey": lambda _: SecretKey(CANARY),
    "KeyPair": lambda _: PAIR,
    "KeyPair with a diagnosis key": lambda _: ISSUED.key_pair(diagnosis=True),
    "IssuedPair": lambda _: ISSUED,
    "KeyRing": lambda _: RING,
    "FixedKeys": lambda _: FixedKeys(RING),
    "KeyFile": lambda folder: KeyFile(key_file(folder)),
    "key pairs of a file": lambda folder: read_key_file(key_file(folder)),
    "LocalSigner": lambda _: LocalSigner(PAIR),
    "LogonSigner": lambda _: LogonSigner(RING),
    "LogonSigner of a pair": lambda _: LogonSigner(RING, access_key_id=KEY_ID),
    "LogonSigner.using": lambda _: LogonSigner.using(LocalSigner(PAIR)),
    "Credentials": lambda _: LogonSigner(RING).sign_fields(
        {int(tag): "B08" for tag in (34, 49, 50, 52, 57, 108, 142, 369, 1603, 1604, 1605)}, at=AT
    ),
    "Logon": lambda _: Logon(SIGNED),
    "SignedLogon": lambda _: SignedLogon(SIGNED, [b"x"] * 11),
    "LogonVerifier": lambda _: LogonVerifier(RING),
    "Verdict": lambda _: LogonVerifier(RING).verify(SIGNED, at=AT),
    "Verdict of a refusal": lambda _: LogonVerifier(RING).verify(WRONG, at=AT),
    "Explanation": lambda _: explain(SIGNED, RING, at=AT),
    "Explanation of a refusal": lambda _: explain(WRONG, RING, at=AT),
    "SessionHealth": lambda _: session_health(RING, AT),
    "ExpiryWarning": lambda _: RING.warnings(datetime(2017, 12, 31, tzinfo=UTC)),
}


def logged(holder: object) -> str:
    """Return what the root logger's usual handler would write."""
    record = logging.LogRecord("x", 30, "x", 1, "%s %r %s", (holder, holder, [holder]), None)
    return logging.Formatter("%(message)s %(args)s").format(record)


def replaced(holder: Any) -> str:
    return repr(dataclasses.replace(holder))


#: Ways to make an object printable. An object may refuse with a `TypeError`.
WAYS: dict[str, Callable[[Any], str | bytes]] = {
    "repr": repr,
    "str": str,
    "format": lambda holder: f"{holder}{holder!r}{holder!s}{holder!a}",
    "percent": lambda holder: "%s %r %a" % (holder, holder, holder),  # noqa: UP031
    "template": lambda holder: string.Template("$x").substitute(x=holder),
    "in a container": lambda holder: repr(([holder], {"x": holder}, {1: (holder,)})),
    "pprint": pprint.pformat,
    "json": lambda holder: json.dumps(holder, default=repr),
    "dir": lambda holder: repr(dir(holder)),
    "vars": lambda holder: repr(vars(holder)),
    "log": logged,
    "copy": lambda holder: repr(copy.copy(holder)),
    "deepcopy": lambda holder: repr(copy.deepcopy(holder)),
    "dataclasses.asdict": lambda holder: repr(dataclasses.asdict(holder)),
    "dataclasses.astuple": lambda holder: repr(dataclasses.astuple(holder)),
    "dataclasses.replace": replaced,
    "reduce": lambda holder: repr(holder.__reduce_ex__(2)),
    **{
        f"pickle {protocol}": lambda holder, p=protocol: pickle.dumps(holder, p)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


def test_a_shown_canary_would_be_noticed() -> None:
    assert leaks(f"...{CANARY[5:13]}...", CANARY)
    assert leaks(pickle.dumps(ISSUED.secret.reveal()), CANARY)
    decoded = pickle.dumps(bytes.fromhex("6d4f29b726a6a405"))
    assert leaks(decoded, CANARY)
    assert leaks(repr({"key": bytes.fromhex("6d4f29b726a6a405")}), CANARY)
    assert not leaks(repr(SIGNED) + repr(RAW), CANARY)
    with pytest.raises(ValueError, match="B08") as caught:
        raise ValueError("B08", CANARY)
    assert leaks(everything_shown(caught.value), CANARY)


def shown_by(way: str, holder: object) -> str | bytes:
    try:
        return WAYS[way](holder)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        return everything_shown(error)


@pytest.mark.parametrize("name", HOLDERS)
def test_no_object_shows_its_secret(name: str, tmp_path: Path) -> None:
    holder = HOLDERS[name](tmp_path)
    shown = {way: shown_by(way, holder) for way in WAYS}
    assert all(shown.values())
    assert [way for way, text in shown.items() if leaks(text, CANARY)] == []


@pytest.mark.parametrize(
    "name", ["SigningKey", "DiagnosisKey", "SecretKey", "KeyPair", "IssuedPair", "KeyRing"]
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_objects_with_a_secret_cannot_be_pickled(name: str, protocol: int, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(HOLDERS[name](tmp_path), protocol)


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("name", ["SigningKey", "DiagnosisKey", "SecretKey"])
def test_a_secret_cannot_be_copied(
    name: str, make: Callable[[object], object], tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        make(HOLDERS[name](tmp_path))


def test_a_signing_key_has_no_way_back_to_its_secret() -> None:
    key = SigningKey(CANARY)
    assert {name for name in dir(key) if not name.startswith("__")} == {
        # How many bytes it has, and whether that is usual: nothing of their values.
        "has_usual_length",
        "length",
        "sign",
        "sign_fields",
        "sign_logon",
        "verify",
        "verify_logon",
    }
    with pytest.raises(AttributeError):
        key.secret = "x"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        type("Subclass", (SigningKey,), {})
    assert key != SigningKey(CANARY)
    assert key == key


def test_a_diagnosis_key_can_only_recognise() -> None:
    key = DiagnosisKey(CANARY)
    assert {name for name in dir(key) if not name.startswith("__")} == {"made"}
    with pytest.raises(TypeError):
        type("Subclass", (DiagnosisKey,), {})


# --- errors -----------------------------------------------------------------------------------


def damaged(find: str, put: str) -> str:
    text = format_key_file([ISSUED])
    assert find in text
    return text.replace(find, put, 1)


def slipped() -> str:
    """A file whose columns slipped: the secret is in the place of the Access Key ID."""
    return damaged(KEY_ID.ljust(31), CANARY.ljust(31)[:31])


class DeadSigner:
    access_key_id = KEY_ID

    def sign(self, canonical: bytes, /) -> bytes:
        return PAIR.signing_key.sign(canonical)[:31]


LATER = AT + timedelta(days=400)
#: Calls that raise inside gatepass and have a secret at hand.
FAILURES: dict[str, Callable[[Path], object]] = {
    "sign, unknown session": lambda _: LogonSigner(RING).sign(changed(RAW, t49="XYZ"), at=AT),
    "sign, expired": lambda _: LogonSigner(RING).sign(RAW, at=LATER),
    "sign, no message": lambda _: LogonSigner(RING).sign(RAW[:-1], at=AT),
    "sign, missing field": lambda _: LogonSigner(RING).sign(without(RAW, "369"), at=AT),
    "sign, dead signer": lambda _: LogonSigner.using(DeadSigner()).sign(RAW),
    "sign, the secret as Access Key ID": lambda _: LogonSigner(
        RING, access_key_id=AccessKeyId(KEY_ID[:-1] + "x")
    ).sign(RAW, at=AT),
    "sign, naive time": lambda _: LogonSigner(RING).sign(RAW, at=AT.replace(tzinfo=None)),
    "verify, naive time": lambda _: LogonVerifier(RING).verify(SIGNED, at=AT.replace(tzinfo=None)),
    "verify, unreadable": lambda _: PAIR.signing_key.verify_logon(RAW),
    "key, cut": lambda _: SigningKey(CANARY[:-1]),
    "key, line feed": lambda _: SigningKey(CANARY + "\n"),
    "key, standard base64": lambda _: SigningKey(CANARY[:-4] + "+/Bx"),
    "key, not text": lambda _: SigningKey([CANARY]),  # type: ignore[arg-type]
    "secret, cut": lambda _: SecretKey(CANARY[:-1]),
    "secret, line feed": lambda _: SecretKey(CANARY + "\n"),
    "secret, surrogate": lambda _: SecretKey(CANARY + "\ud800"),
    "pair, dates": lambda _: KeyPair(SessionId("B08"), KEY_ID, PAIR.signing_key, EXPIRES, CREATED),
    "issued pair, dates": lambda _: dataclasses.replace(ISSUED, created=EXPIRES, expires=CREATED),
    "issued pair, environment": lambda _: dataclasses.replace(ISSUED, environment=" TEST"),
    "generated pair": lambda _: generate_pair("B08", EXPIRES, CREATED),
    "ring, three pairs": lambda _: KeyRing([PAIR] * 3),
    "ring, repeated": lambda _: KeyRing([PAIR, PAIR]),
    "format, repeated": lambda _: format_key_file([ISSUED, ISSUED]),
    "write, no folder": lambda folder: write_key_file(folder / "none" / "keys.txt", [ISSUED]),
    "write, a folder": lambda folder: write_key_file(folder, [ISSUED]),
    "write, repeated": lambda folder: write_key_file(folder / "keys.txt", [ISSUED, ISSUED]),
}
#: Texts of unusable key files, each with the secret in it.
TEXTS = {
    "secret cut": damaged(CANARY, CANARY[:-1] + " "),
    "secret with blank": damaged(CANARY, CANARY[:20] + " " + CANARY[21:]),
    "secret in standard base64": damaged(CANARY, CANARY[:-2] + "+/"),
    "columns slipped": slipped(),
    "secret as session": damaged("B08".ljust(21), CANARY[:21]),
    "secret as date": damaged("2017-01-01".ljust(21), CANARY[:20] + " "),
    "no date": damaged("2017-01-01", "2017-13-01"),
    "dates the wrong way round": damaged("2017-01-01", "2019-01-01"),
    "no header": format_key_file([ISSUED]).split("\n", 1)[1],
    "three pairs": format_key_file([ISSUED]) + format_key_file([ISSUED]).split("\n", 1)[1] * 2,
    "not ASCII": damaged("TEST", "T\tST"),
}


def text_as_file(text: str, folder: Path) -> Path:
    path = folder / "damaged.txt"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


READERS: dict[str, Callable[[str, Path], object]] = {
    "parse bytes": lambda text, _: parse_key_file(text.encode()),
    "parse buffer": lambda text, _: parse_key_file(bytearray(text.encode())),
    "parse memory": lambda text, _: parse_key_file(memoryview(text.encode())),
    "read": lambda text, folder: read_key_file(text_as_file(text, folder)),
    "follow": lambda text, folder: KeyFile(text_as_file(text, folder)),
    "open": lambda text, folder: open_keys(str(text_as_file(text, folder))),
    "store in keyring": lambda text, _: store_in_keyring("B08", text),
}


def raised(call: Callable[[], object]) -> Exception:
    with pytest.raises((GatepassError, ValueError, TypeError)) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("name", FAILURES)
def test_no_error_shows_a_secret(name: str, tmp_path: Path) -> None:
    error = raised(lambda: FAILURES[name](tmp_path))
    assert leaks(everything_shown(error), CANARY) == []
    assert leaks(pickle.dumps(str(error)), CANARY) == []


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("reader", READERS)
def test_no_error_of_a_key_file_shows_a_secret(reader: str, text: str, tmp_path: Path) -> None:
    error = raised(lambda: READERS[reader](TEXTS[text], tmp_path))
    assert leaks(everything_shown(error), CANARY) == []


@pytest.mark.parametrize("text", [CANARY[:-1], CANARY + "\n", CANARY[:-2] + "+/"])
@pytest.mark.parametrize("variable", ["GATEPASS_SECRET_KEY", "GATEPASS_ACCESS_KEY_ID"])
def test_no_error_of_the_environment_shows_a_secret(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_SESSION_ID", "B08")
    monkeypatch.setenv("GATEPASS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("GATEPASS_SECRET_KEY", CANARY)
    monkeypatch.setenv(variable, text)
    assert leaks(everything_shown(raised(lambda: open_keys("env:"))), CANARY) == []


def test_no_part_of_a_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = KeyFile(key_file(tmp_path))
    signer = LogonSigner(keys)
    signed = signer.sign(RAW, at=AT)
    for logon in (signed, changed(signed, t34="2"), RAW, b""):
        LogonVerifier(keys).verify(logon, at=AT)
        explain(logon, keys, at=AT)
    keys.warn(datetime(2017, 12, 31, tzinfo=UTC))
    for text in TEXTS.values():
        keys.path.write_text(text, encoding="utf-8")
        assert signer.sign(RAW, at=AT) == signed
    assert len(caplog.records) >= len(TEXTS)
    assert leaks(caplog.text + repr([vars(record) for record in caplog.records]), CANARY) == []


def test_no_part_of_a_secret_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    explain(WRONG, RING, at=AT)
    raised(lambda: SigningKey(CANARY + "\n"))
    assert capfd.readouterr() == ("", "")
