from __future__ import annotations

import copy
import pickle

import pytest

from gatepass.session import effects as fx
from gatepass.session.numbers import ReceivedMessage, SentMessage

WANTED = fx.SignatureWanted("ABC123", b"what is signed", "mid-week")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_is_signed_is_neither_copied_nor_pickled(copied: object) -> None:
    assert callable(copied)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copied(WANTED)


@pytest.mark.parametrize(
    "shown",
    [
        WANTED,
        fx.Send(b"what is signed"),
        SentMessage(1, b"what is signed", keep=True),
        ReceivedMessage(1, b"what is signed"),
    ],
)
def test_no_bytes_of_a_message_are_shown(shown: object) -> None:
    assert "what is signed" not in repr(shown)
