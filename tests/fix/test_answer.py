"""The answer to a Resend Request, counted as it is sent."""

from __future__ import annotations

from gatepass.fix.answer import Answer
from gatepass.fix.message import encode

HEADER = [(49, "CME"), (56, "ABC123N"), (43, "Y")]


def again(number: int) -> bytes:
    return encode([(35, "8"), (34, str(number)), *HEADER])


def filled(number: int, new: int) -> bytes:
    return encode([(35, "4"), (34, str(number)), *HEADER, (123, "Y"), (36, str(new))])


def test_an_answer_ends_with_the_last_requested_message() -> None:
    answer = Answer(3, 6)
    assert [answer.count(wire) for wire in (again(3), filled(4, 6), again(6))] == [False] * 2 + [
        True
    ]
    words = "messages 3 to 6, requested by the client: 2 sent again, 1 gap filled"
    assert str(answer) == words


def test_an_answer_of_one_message_names_one() -> None:
    assert str(Answer(4, 4, 1)) == "message 4, requested by the client: 1 sent again, 0 gaps filled"


def test_an_answer_ends_with_a_fill_that_leads_past_its_end() -> None:
    answer = Answer(3, 6)
    assert not answer.count(filled(3, 6))
    assert answer.count(filled(6, 7))
    assert str(answer).endswith("0 sent again, 2 gaps filled")


def test_a_live_message_between_two_parts_of_an_answer_is_not_counted() -> None:
    answer = Answer(3, 6)
    assert not answer.count(encode([(35, "8"), (34, "6"), (49, "CME")]))
    assert answer.messages == 0
