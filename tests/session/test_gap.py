"""Messages held behind a gap: given in their turn, and quickly however many they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepass.session.message import Message, encode
from gatepass.session.numbers import MAX_HELD, InboundGap


class Counted(int):
    """A number that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) < int(other)

    def __le__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) <= int(other)

    __hash__ = int.__hash__


def _message(number: int) -> Message:
    return Message.parse(encode([(35, "D"), (34, str(number))]))


def test_thousands_are_taken_with_few_comparisons() -> None:
    gap = InboundGap()
    message = _message(1)
    for number in range(2, MAX_HELD + 2):
        gap.hold(Counted(number), message)
    Counted.compared = 0
    for number in range(2, MAX_HELD + 2):
        assert gap.take(number) is message
    assert gap.take(MAX_HELD + 2) is None
    # Each pass over what is held would be MAX_HELD of them.
    assert Counted.compared < 40 * MAX_HELD


@given(st.lists(st.one_of(st.integers(1, 30), st.tuples(st.integers(1, 30)), st.none())))
def test_it_gives_what_a_plain_search_gives(actions: list[int | tuple[int] | None]) -> None:
    gap = InboundGap()
    model: dict[int, Message] = {}
    for action in actions:
        if action is None:
            gap.clear()
            model.clear()
        elif isinstance(action, int):
            message = _message(action)
            gap.hold(action, message)
            model.setdefault(action, message)
        else:
            (turn,) = action
            expected = model.get(turn)
            model = {number: held for number, held in model.items() if number > turn}
            assert gap.take(turn) is expected
        assert gap.held == model
        gap.asked_to = 0
        wanted = (1, min(model) - 1) if model and min(model) > 1 else None
        assert gap.next_request(1) == wanted
