"""Wrong arguments of a newcomer: an error says at once what to give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gatepass import (
    KeyFile,
    KeyRing,
    LogonSigner,
    LogonVerifier,
    SessionId,
    connect,
    explain,
    open_keys,
)
from gatepass.client import ClientSettings, MemoryStore
from gatepass.errors import FieldError, FramingError, GatepassError, KeyFileError, KeySourceError
from gatepass.fix import (
    Credentials,
    SendingTimeWindow,
    complete_draft,
    format_sending_time,
    parse_sending_time,
)
from gatepass.fix.logon_writer import LogonWriter
from gatepass.keys import FixedKeys
from tests.fix.samples import AT, FIELDS, KEY_ID, KEYS, RAW, SECRET, SIGNED, VECTORS

US = ClientSettings("ABC123N", "OPER1", "G", "US", "MYSYSTEM", "1.0", "MYFIRM")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "CMEKeys.txt"
    path.write_bytes((VECTORS / "sample-keys.txt").read_bytes())
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_taken_where_keys_are_wanted(path: Path, kind: Callable[[Path], Any]) -> None:
    keys = kind(path)
    signed = LogonSigner(keys).sign(RAW, at=AT)
    assert LogonVerifier(keys).verify(signed, at=AT)
    assert explain(signed, keys, at=AT)


@pytest.mark.parametrize("keys", [None, 7, [], b"CMEKeys.txt", object()])
@pytest.mark.parametrize("use", [LogonSigner, LogonVerifier, lambda keys: explain(SIGNED, keys)])
def test_an_invalid_key_source_is_refused_at_once(use: Callable[[Any], Any], keys: Any) -> None:
    with pytest.raises(KeySourceError, match="path of a key file, not as"):
        use(keys)


@pytest.mark.parametrize("use", [LogonSigner, LogonVerifier, lambda keys: explain(SIGNED, keys)])
def test_a_missing_file_is_named_at_once(use: Callable[[Any], Any]) -> None:
    with pytest.raises(KeyFileError, match=r"nowhere\.txt"):
        use("nowhere.txt")


@pytest.mark.parametrize("logon", ["8=FIX", SIGNED.decode("latin-1"), None, 8, [SIGNED]])
def test_a_logon_that_is_not_bytes_is_refused_at_once(logon: Any) -> None:
    for use in (
        LogonSigner(KEYS).sign,
        LogonVerifier(KEYS).verify,
        lambda logon: explain(logon, KEYS),
    ):
        with pytest.raises(FramingError, match="a Logon is bytes, not"):
            use(logon)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes_is_accepted(kind: Callable[[bytes], Any]) -> None:
    assert LogonSigner(KEYS).sign(kind(RAW), at=AT) == SIGNED
    assert LogonVerifier(KEYS).verify(kind(SIGNED), at=AT)
    assert explain(kind(SIGNED), KEYS, at=AT)


@pytest.mark.parametrize("value", [1, 1.5, b"1", True, ["1"], AT])
@pytest.mark.parametrize("tag", [34, 52, 108])
def test_a_value_that_is_not_text_is_refused_with_its_tag(tag: int, value: Any) -> None:
    values = {int(known): text for known, text in FIELDS.items()} | {tag: value}
    with pytest.raises(FieldError, match=rf"\({tag}\) is of type") as caught:
        LogonSigner(KEYS).sign_fields(values, at=AT)
    assert caught.value.tag == tag


def enter(connection: AbstractAsyncContextManager[object]) -> None:
    async def script() -> None:
        async with connection:
            raise AssertionError

    asyncio.run(script())


def to_backup(backup: Any) -> None:
    enter(connect("::1", 1, US, KEYS, MemoryStore(), backup=backup))


def to(host: str, **options: Any) -> None:
    connect(host, 1, US, KEYS, MemoryStore(), **options)


#: The wrong call, and what its error says.
MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "no values": (lambda: LogonSigner(KEYS).sign_fields(None), "values is of type NoneType"),
    "a list": (lambda: LogonSigner(KEYS).sign_fields([]), "a dict of texts by tag"),
    "tags as text": (lambda: LogonSigner(KEYS).sign_fields({"34": "1"}), "tags as numbers"),
    "no tag": (lambda: LogonSigner(KEYS).sign_fields({}), r"MsgSeqNum \(34\)"),
    "no signer": (lambda: LogonSigner.using(None), "signer is of type NoneType"),
    "a text": (lambda: LogonSigner.using("x"), "with access_key_id and sign"),
    "a time in words": (lambda: LogonSigner(KEYS).sign(RAW, at="now"), "datetime.now"),
    "a date": (lambda: LogonVerifier(KEYS).verify(RAW, at=AT.date()), "at is of type date"),
    "a naive time": (
        lambda: LogonVerifier(KEYS).verify(RAW, at=AT.replace(tzinfo=None)),
        "at needs a time zone",
    ),
    "credentials": (lambda: Credentials("no id", "x").fields(), r"Access Key ID \(355\)"),
    "a draft as text": (lambda: complete_draft("x"), "a Logon is bytes, not str"),
    "a stamp": (lambda: complete_draft(RAW, sending_time="x"), "sending_time is of type str"),
    "a ring of a path": (lambda: KeyRing("CMEKeys.txt"), "pairs is of type str"),
    "no source": (lambda: open_keys(None), "source is of type NoneType"),
    "a Request Center": (lambda: open_keys("center:"), "open_center_keys"),
    "a port": (lambda: enter(connect("::1", 99999, US, KEYS, MemoryStore())), "out of range"),
    "no host": (lambda: enter(connect(None, 1, US, KEYS, MemoryStore())), "host is of type NoneT"),
    "a host as a backup": (lambda: to_backup("::1"), "backup is of type str: give a tuple of host"),
    "a backup without a port": (lambda: to_backup(("::1",)), "backup is of type tuple"),
    "an empty backup": (lambda: to_backup(()), "backup is of type tuple"),
    "a backup's port": (lambda: to_backup(("::1", 99999)), "port is out of range"),
    "seconds to back off": (
        lambda: connect("::1", 1, US, KEYS, MemoryStore(), back_off=1.0),
        "back_off is of type float",
    ),
    "an unknown option": (lambda: to("::1", guards=1), "without a backup has no option guards"),
    "tell without a backup": (lambda: to("::1", tell=print), "without a backup has no option tell"),
    "a writer with a backup": (
        lambda: to("::1", backup=("::1", 2), writer=LogonWriter()),
        "connect with a backup has no option writer: give access_key_id, attempts, ",
    ),
    "attempts": (lambda: to("::1", attempts="x"), "attempts is of type str: give a record"),
    "no clock": (lambda: to("::1", clock=None), "clock is of type NoneType: give a function"),
    "no observer": (lambda: to("::1", observe=None), "observe is of type NoneType"),
    "a policy": (lambda: to("::1", clock_policy="warn"), "clock_policy is of type str"),
    "a store's class": (lambda: connect("::1", 1, US, KEYS, MemoryStore), "store is of type type"),
    "no store": (lambda: enter(connect("::1", 1, US, KEYS, None)), "such as SqliteStore"),
    "a path as a store": (lambda: enter(connect("::1", 1, US, KEYS, "s.db")), "store is of type"),
    "settings": (lambda: enter(connect("::1", 1, "ABC123N", KEYS, MemoryStore())), "settings is"),
    "a scenario in words": (
        lambda: enter(connect("::1", 1, US, KEYS, MemoryStore(), scenario="mid-week")),
        "Scenario.MID_WEEK",
    ),
    "a verifier": (lambda: explain(SIGNED, KEYS, verifier=KEYS), "verifier is of type KeyRing"),
    "a switch": (
        lambda: LogonVerifier(KEYS).verify(SIGNED, any_time=1),
        "any_time is of type int: give True or False",
    ),
    "a window": (lambda: LogonVerifier(KEYS, window=5), "window is of type int"),
    "an age": (lambda: SendingTimeWindow(max_age=5), "max_age is of type int: give a timedelta"),
    "an age below nothing": (
        lambda: SendingTimeWindow(max_ahead=timedelta(seconds=-1)),
        "max_ahead is less than nothing",
    ),
    "a memory": (lambda: LogonVerifier(KEYS, replays=[]), "replays is of type list"),
    "a signature in bytes": (
        lambda: Credentials(KEY_ID, b"x"),
        r"EncryptedPassword \(1402\) is of type bytes",
    ),
    "a pair's number": (
        lambda: LogonSigner(KEYS, access_key_id=1),
        "access_key_id is of type int: give text or None",
    ),
    "a SendingTime in bytes": (lambda: parse_sending_time(b"x"), "text is of type bytes"),
    "a moment before the first": (
        lambda: format_sending_time(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))),
        "moment is out of range in UTC",
    ),
    "no Session ID": (lambda: SessionId(None), "is of type NoneType: give it as text"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_call_is_answered_with_what_to_give(name: str) -> None:
    call, says = MISTAKES[name]
    with pytest.raises(GatepassError, match=says):
        call()


@pytest.mark.parametrize("wrong", [None, 5, "", "no id", "A" * 33])
def test_a_signer_whose_access_key_id_cannot_be_sent_is_refused_at_once(wrong: Any) -> None:
    remote = _Remote()
    remote.access_key_id = wrong
    with pytest.raises(FieldError, match=r"EncodedText \(355\)"):
        LogonSigner.using(remote)


def test_a_signer_without_an_access_key_id_is_refused_at_once() -> None:
    class Nameless:
        def sign(self, canonical: bytes) -> bytes:
            raise NotImplementedError

    with pytest.raises(GatepassError, match="give a Signer, with access_key_id and sign"):
        LogonSigner.using(Nameless())


def test_a_signer_that_loses_its_access_key_id_is_not_called() -> None:
    remote = _Remote()
    signer = LogonSigner.using(remote)
    remote.access_key_id = None
    values = {int(known): text for known, text in FIELDS.items()}
    for sign in (lambda: signer.sign(RAW, at=AT), lambda: signer.sign_fields(values, at=AT)):
        with pytest.raises(FieldError, match=r"EncodedText \(355\)"):
            sign()


@pytest.mark.parametrize(
    ("separator", "call"),
    [
        (b"|", "complete_draft"),
        (b";", r"logon.replace\(b';'"),
        (b"^A", r"b'\^A'"),
        (b" ", "b' '"),
        (b"\\x01", "separated by"),
        (b"<SOH>", "b'<SOH>'"),
    ],
)
def test_a_wrong_separator_is_named_with_the_call_that_fixes_it(
    separator: bytes, call: str
) -> None:
    piped = RAW.replace(b"\x01", separator)
    with pytest.raises(FramingError, match=call):
        LogonSigner(KEYS).sign(piped, at=AT)
    (check,) = LogonVerifier(KEYS).verify(piped).failed
    assert f"separated by '{separator.decode()}'" in check.detail
    assert check.detail in repr(explain(piped, KEYS))


def test_the_repr_of_a_verdict_says_first_whether_it_is_valid() -> None:
    good = LogonVerifier(KEYS).verify(SIGNED, at=AT)
    assert repr(good) == f"<Verdict: valid B08004N, signed with {KEY_ID}>"
    late = LogonVerifier(KEYS).verify(SIGNED)
    assert repr(late).startswith("<Verdict: not valid B08004N: key validity: ")
    assert repr(explain(SIGNED, KEYS, at=AT)) == f"<Explanation: {good!r}>"


@pytest.mark.parametrize(("count", "words"), [(1, "1 pair for"), (2, "2 pairs for")])
def test_one_pair_is_no_plural(count: int, words: str) -> None:
    assert words in repr(KeyRing(list(KEYS)[:count]))


def test_the_repr_of_an_object_says_where_its_keys_are_from(path: Path) -> None:
    shown = {
        repr(KeyFile(path)),
        repr(LogonSigner(path)),
        repr(LogonVerifier(path)),
        repr(LogonSigner(KeyFile(path))),
    }
    for text in shown:
        assert "CMEKeys.txt" in text
        assert "1 pair" in text
        assert SECRET[:6] not in text
    assert repr(LogonSigner.using(_Remote())) == f"<LogonSigner with the signer of {KEY_ID}>"
    assert "B08" in repr(LogonVerifier(KeyRing(KEYS)))
    assert SECRET[:6] not in repr(FixedKeys(KEYS))


class _Remote:
    access_key_id: Any = KEY_ID

    def sign(self, canonical: bytes) -> bytes:
        raise NotImplementedError
