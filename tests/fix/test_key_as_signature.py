"""A secret key sent as the signature is named, and shown nowhere."""

from __future__ import annotations

import base64
import json

import pytest

from gatepass import LogonSigner, explain
from tests.fix.samples import AT, KEYS, RAW, SECRET, SIBLING_SECRET, SIGNED, changed

BYTES = base64.urlsafe_b64decode(f"{SECRET}=")
#: The secret key in the forms in which clients have sent it.
WRITTEN = {
    "as it is": SECRET,
    "with padding": f"{SECRET}=",
    "in standard base64": base64.b64encode(BYTES).decode(),
    "in hexadecimal": BYTES.hex(),
    "in capital hexadecimal": BYTES.hex().upper(),
    "of the session's other pair": SIBLING_SECRET,
}
#: Most of it: its owner can no longer be found.
CUT = {
    "at its end": SECRET[:-3],
    "at its beginning": SECRET[3:],
    "in half": SECRET[:22],
    "in standard base64": base64.b64encode(BYTES).decode()[:40],
}


def told(signature: str) -> tuple[str, str | None]:
    explanation = explain(changed(SIGNED, t1402=signature, t1401=str(len(signature))), KEYS, at=AT)
    return json.dumps(explanation.as_dict()) + repr(explanation), explanation.cause


@pytest.mark.parametrize("name", WRITTEN)
def test_a_secret_key_in_a_logon_is_named_and_not_shown(name: str) -> None:
    text, cause = told(WRITTEN[name])
    assert cause is not None
    assert "1402) is the Secret Key itself" in cause
    assert WRITTEN[name][:16] not in text


@pytest.mark.parametrize("name", CUT)
def test_a_part_of_a_secret_key_is_not_shown(name: str) -> None:
    text, _ = told(CUT[name])
    assert CUT[name][:16] not in text
    assert "*" * len(CUT[name]) in text


def test_a_wrong_signature_and_a_part_of_the_right_one_are_shown() -> None:
    expected = explain(SIGNED, KEYS, at=AT).expected
    assert expected is not None
    other = LogonSigner(KEYS).sign(changed(RAW, t50="OTHER"), at=AT)
    wrong = explain(other, KEYS, at=AT).received
    assert wrong is not None
    for signature in (expected[:-3], wrong):
        text, cause = told(signature)
        assert signature in text
        assert cause is None or "Secret Key itself" not in cause
