from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import FieldError, LogonError
from gatepass.keys import AccessKeyId, SessionId
from tests.keys.samples import SAMPLE_SECRET, access_key_ids, session_ids


@pytest.mark.parametrize("text", ["a", "oNDxM33uE81ohWuVRtWT", "with-dash_and_line", "x" * 32])
def test_an_access_key_id_is_its_text(text: str) -> None:
    assert AccessKeyId(text) == text
    assert isinstance(AccessKeyId(text), str)


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("", "empty", "Access Key ID (355) is empty: give it a value"),
        ("x" * 33, "too long", "Access Key ID (355) is too long: at most 32 characters"),
        *(
            (
                text,
                "illegal",
                "Access Key ID (355) contains an illegal character: use A-Z a-z 0-9 - _ only",
            )
            for text in ("a b", "a\n", "a=", "a+b", "a/b", "ä", "\x00", "٣")
        ),
    ],
)
def test_any_other_text_is_not_an_access_key_id(text: str, rule: str, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        AccessKeyId(text)
    assert str(caught.value) == message
    assert (caught.value.tag, caught.value.rule) == (355, rule)
    assert isinstance(caught.value, LogonError)


def test_a_secret_in_place_of_an_access_key_id_is_not_quoted() -> None:
    with pytest.raises(FieldError) as caught:
        AccessKeyId(SAMPLE_SECRET)
    assert SAMPLE_SECRET not in repr(caught.value)


@pytest.mark.parametrize("text", ["B08", "abc", "B08004"])
def test_a_session_id_has_three_or_six_characters(text: str) -> None:
    assert SessionId(text) == text


@pytest.mark.parametrize(
    "text", ["", "B0", "B080", "B0800", "B08004N", "B 8", "B0-", "B0\n", "B0ä"]
)
def test_any_other_text_is_not_a_session_id(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        SessionId(text)
    assert "must be 3 or 6 characters of A-Z a-z 0-9" in str(caught.value)
    assert caught.value.tag == 49
    assert caught.value.rule == ("illegal" if text else "empty")


def test_the_session_of_a_sender_is_its_first_three_characters() -> None:
    assert SessionId.of("B08004N") == SessionId("B08")
    with pytest.raises(FieldError, match="3 or 6 characters"):
        SessionId.of("B0")


def test_a_session_serves_the_senders_that_start_with_it() -> None:
    assert SessionId("B08").serves("B08004N")
    assert SessionId("B08004").serves("B08004N")
    assert not SessionId("B08").serves("b08004N")
    assert not SessionId("B08004").serves("B08")


@given(session_ids, st.text(max_size=4))
def test_a_session_serves_itself_and_longer_names(session: SessionId, rest: str) -> None:
    assert session.serves(session + rest)


@given(access_key_ids, session_ids)
def test_both_can_be_copied_and_pickled(name: AccessKeyId, session: SessionId) -> None:
    for value in (name, session):
        for twin in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):  # noqa: S301
            assert twin == value
            assert type(twin) is type(value)
