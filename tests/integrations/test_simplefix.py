"""Logons built with simplefix."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import simplefix

from gatepass import KeyRing, LogonSigner
from gatepass.errors import FieldError, PairExpiredError
from gatepass.gateway import Gateway, Kind
from gatepass.integrations.simplefix import sign_logon
from gatepass.keys import generate_pair, write_key_file
from gatepass.keys.pair import IssuedPair
from tests import oracle

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()


def new_pair() -> IssuedPair:
    return generate_pair("ABC", TODAY - timedelta(days=30), TODAY + timedelta(days=300))


PAIR = new_pair()
SECRET = PAIR.secret.reveal()
SIGNER = LogonSigner(KeyRing([PAIR.key_pair()]))
FIELDS = (
    (8, "FIX.4.2"),
    (35, "A"),
    (34, 1),
    (49, "ABC123N"),
    (50, "OPERATOR1"),
    (52, "20261123-20:00:00.000"),
    (56, "CME"),
    (57, "G"),
    (142, "US,NY"),
    (369, 0),
    (98, 0),
    (108, 30),
    (1603, "GATEPASS"),
    (1604, "1.0"),
    (1605, "TEST"),
)


def logon(*more: tuple[int, object], without: int = 0) -> simplefix.FixMessage:
    message = simplefix.FixMessage()
    for tag, value in (*FIELDS, *more):
        if tag != without:
            message.append_pair(tag, value)
    return message


def test_a_message_is_signed_like_raw_bytes() -> None:
    message = logon((95, 3), (96, "abc"))
    raw = message.encode()
    sign_logon(message, SIGNER)
    assert message.encode() == SIGNER.sign(raw)
    assert oracle.verify(SECRET, message.encode())


def test_signing_again_replaces_the_credentials() -> None:
    message = logon()
    sign_logon(message, SIGNER)
    once = message.encode()
    sign_logon(message, SIGNER)
    assert message.encode() == once


@pytest.mark.parametrize("tag", [34, 57, 369, 1605])
def test_a_missing_field_is_named_and_the_message_is_not_changed(tag: int) -> None:
    message = logon(without=tag)
    before = message.encode()
    with pytest.raises(FieldError) as found:
        sign_logon(message, SIGNER)
    assert found.value.tag == tag
    assert message.encode() == before


def test_a_repeated_field_is_refused() -> None:
    with pytest.raises(FieldError):
        sign_logon(logon((108, 30)), SIGNER)


def test_an_expired_pair_signs_nothing() -> None:
    message = logon()
    with pytest.raises(PairExpiredError):
        sign_logon(message, SIGNER, at=datetime(2099, 1, 1, tzinfo=UTC))
    assert message.get(1402) is None


@pytest.mark.parametrize("known", [True, False], ids=["logged on", "refused"])
def test_the_example_logs_on_and_out(tmp_path: Path, known: bool) -> None:
    keys = tmp_path / "keys.txt"
    write_key_file(keys, [PAIR])

    async def conversation() -> tuple[int, str]:
        gateway = Gateway(KeyRing([(PAIR if known else new_pair()).key_pair()]), Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "examples.simplefix_logon", f"127.0.0.1:{port}"),
            *("--keys", str(keys), "--sender-comp-id", "ABC123N"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        await gateway.close()
        assert process.returncode is not None
        return process.returncode, output.decode()

    status, output = asyncio.run(conversation())
    assert status == (0 if known else 1)
    assert ("35=1|" in output) is known
    assert ("58=Invalid Logon. Logout Forced" in output) is not known
    assert "35=5|" in output
