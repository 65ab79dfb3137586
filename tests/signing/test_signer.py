from __future__ import annotations

import pytest

from gatepass.errors import ArgumentError
from gatepass.signing import LocalSigner
from tests.fix.samples import CANONICAL, KEY_ID, SECRET, SIGNATURE, pair


def test_a_local_signer_signs_and_names_its_pair() -> None:
    signer = LocalSigner(pair())
    assert signer.access_key_id == KEY_ID
    assert signer.sign(CANONICAL) == SIGNATURE


def test_only_a_pair_makes_a_local_signer() -> None:
    with pytest.raises(ArgumentError, match="pair is of type str: give a KeyPair"):
        LocalSigner(SECRET)


def test_a_canonical_string_as_text_is_refused_and_not_shown() -> None:
    with pytest.raises(ArgumentError, match="canonical is of type str: give bytes") as caught:
        LocalSigner(pair()).sign(CANONICAL.decode())
    assert "B08" not in str(caught.value)
