"""`Message`: the fields of one whole message, and what a session asks of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass._native import read_fields
from gatepass.errors import FramingError
from gatepass.fix.message import Message, encode

#: MsgType, and the fields of data and of their lengths.
_SPECIAL = frozenset({35, *range(89, 97), 212, 213, *range(348, 366), 1401, 1402})
TAGS = st.integers(11, 999_999).filter(lambda tag: tag not in _SPECIAL)
TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\x01"), max_size=9)
FIELDS = st.lists(st.tuples(TAGS, TEXTS), max_size=20)


@given(FIELDS)
def test_it_has_the_first_value_of_each_tag_of_what_was_written(
    body: list[tuple[int, str]],
) -> None:
    fields = [(35, "D"), *body]
    wire = encode(fields)
    message = Message.parse(wire)
    first = dict(reversed(fields))
    assert message.fields == tuple(fields) == read_fields(wire)
    assert {tag: message.get(tag) for tag in first} == first
    assert message.has_repeated_tags is (len(first) < len(fields))
    assert (message.msg_type, message.wire) == ("D", wire)
    assert message.get(8) is None


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\x01"), max_size=12))
def test_a_number_is_one_to_nine_ascii_digits(text: str) -> None:
    message = Message(encode([(35, "D"), (34, text)]))
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    assert message.number(34) == (int(text) if is_number else None)
    assert message.msg_seq_num == message.number(34)


@pytest.mark.parametrize("tag", [-1, 0, 7, 1 << 33])
def test_a_tag_that_it_does_not_have_has_no_value(tag: int) -> None:
    message = Message(encode([(35, "0"), (34, "1")]))
    assert message.get(tag) is None
    assert message.number(tag) is None


def test_messages_are_equal_if_all_of_them_is() -> None:
    wire = encode([(35, "0"), (34, "1")])
    message, again = Message(wire), Message(wire, possibly_delivered=True)
    assert message == Message(wire)
    assert hash(message) == hash(Message(wire))
    assert message != again
    assert again.possibly_delivered
    assert message != Message(encode([(35, "0"), (34, "2")]))
    assert message != wire


def test_its_repr_shows_no_value_of_a_field_that_may_be_secret() -> None:
    fields = [(35, "A"), (34, "7"), (1401, "3"), (1402, "pwd")]
    assert repr(Message(encode(fields))) == "<Message 35=A 34=7>"
    assert repr(Message(encode([(35, "A")]))) == "<Message 35=A 34=?>"


@pytest.mark.parametrize("wire", [b"", b"8=FIX.4.2", encode([(34, "1")]), encode([(35, "0")])[:-1]])
def test_anything_but_one_whole_message_is_refused(wire: bytes) -> None:
    with pytest.raises(FramingError):
        Message.parse(wire)
