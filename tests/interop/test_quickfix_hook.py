"""The toAdmin hook with real QuickFIX messages: the signed values are those on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import quickfix

from gatepass import KeyRing, LogonSigner
from gatepass.errors import FieldError, PairExpiredError
from gatepass.integrations.quickfix import LogonHook, sign_logon
from tests import oracle
from tests.interop.rehearsal import new_pair

PAIR = new_pair()
SECRET = PAIR.secret.reveal()
SIGNER = LogonSigner(KeyRing([PAIR.key_pair()]))
HEADER = {
    8: "FIX.4.2",
    35: "A",
    34: "7",
    49: "ABC123N",
    50: "OPERATOR1",
    52: "20261123-20:00:00.000",
    56: "CME",
    57: "G",
    142: "US,NY",
    369: "6",
}
BODY = {98: "0", 108: "30", 1603: "GATEPASS", 1604: "1.0", 1605: "TEST"}


def logon(header: dict[int, str] = HEADER, body: dict[int, str] = BODY) -> quickfix.Message:
    message = quickfix.Message()
    for tag, value in header.items():
        message.getHeader().setField(tag, value)
    for tag, value in body.items():
        message.setField(tag, value)
    return message


def values(message: quickfix.Message) -> dict[str, str]:
    return dict(oracle.fields(message.toString().encode()))


def test_a_logon_is_signed_and_98_95_and_96_are_removed() -> None:
    message = logon(body={**BODY, 95: "3", 96: "abc"})
    sign_logon(message, SIGNER)
    assert oracle.verify(SECRET, message.toString().encode())
    assert not values(message).keys() & {"95", "96", "98"}
    assert values(message)["355"] == PAIR.access_key_id


def test_old_credentials_are_replaced() -> None:
    message = logon()
    sign_logon(message, SIGNER)
    message.getHeader().setField(34, "8")
    sign_logon(message, SIGNER)
    assert oracle.verify(SECRET, message.toString().encode())
    assert message.toString().count("\x01355=") == 1


def test_the_numbers_that_quickfix_resets_afterwards_are_signed() -> None:
    message = logon(body={**BODY, 141: "Y"})
    sign_logon(message, SIGNER)
    # What QuickFIX does after toAdmin.
    message.getHeader().setField(34, "1")
    assert oracle.verify(SECRET, message.toString().encode())
    assert values(message)["369"] == "0"


def test_other_messages_are_not_changed() -> None:
    message = logon({**HEADER, 35: "0"}, {112: "TEST"})
    before = message.toString()
    sign_logon(message, SIGNER)
    assert message.toString() == before


@pytest.mark.parametrize("tag", [50, 57, 142, 369])
def test_a_missing_header_field_is_named(tag: int) -> None:
    message = logon({key: value for key, value in HEADER.items() if key != tag})
    with pytest.raises(FieldError) as found:
        sign_logon(message, SIGNER)
    assert found.value.tag == tag
    assert not values(message).keys() & {"354", "355", "1400", "1401", "1402"}


def test_an_expired_pair_signs_nothing() -> None:
    message = logon()
    with pytest.raises(PairExpiredError):
        sign_logon(message, SIGNER, at=datetime(2040, 1, 1, tzinfo=UTC))
    assert "1402" not in values(message)


class Session:
    """A fake QuickFIX session that records only whether it was disconnected."""

    dropped = False

    @classmethod
    def lookupSession(cls, session_id: object) -> type[Session]:  # noqa: ARG003, N802
        return cls

    @classmethod
    def disconnect(cls) -> None:
        cls.dropped = True


def test_the_hook_drops_the_connection_of_a_logon_it_cannot_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quickfix, "Session", Session)
    errors: list[Exception] = []
    LogonHook(SIGNER, on_error=errors.append)(logon(body={108: "30"}), object())
    assert [type(error) for error in errors] == [FieldError]
    assert Session.dropped
