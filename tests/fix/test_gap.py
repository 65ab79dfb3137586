"""Messages held behind a gap: delivered in sequence, and quickly even if they are many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix.gap import MAX_HELD, Inbound, Turn
from gatepass.fix.message import Message, encode
from tests.fix.world import START


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


def test_thousands_of_held_messages_need_few_comparisons() -> None:
    gap = Inbound()
    message = _message(1)
    for number in range(2, MAX_HELD + 2):
        gap.hold(Turn(message, Counted(number), number + 1))
    Counted.compared = 0
    for number in range(2, MAX_HELD + 2):
        turn = gap.take(number)
        assert turn is not None
        assert turn.number == number
    assert gap.take(MAX_HELD + 2) is None
    # Each pass over the held messages would be MAX_HELD comparisons.
    assert Counted.compared < 40 * MAX_HELD


@given(st.lists(st.one_of(st.integers(1, 30), st.tuples(st.integers(1, 30)), st.none())))
def test_a_gap_gives_the_same_messages_as_a_plain_search(
    actions: list[int | tuple[int] | None],
) -> None:
    gap = Inbound()
    model: dict[int, Turn] = {}
    for action in actions:
        if action is None:
            gap.clear()
            model.clear()
        elif isinstance(action, int):
            held = Turn(_message(action), action, action + 1)
            gap.hold(held)
            model.setdefault(action, held)
        else:
            (turn,) = action
            expected = model.get(turn)
            model = {number: held for number, held in model.items() if number > turn}
            assert gap.take(turn) is expected
        assert gap.held == model
        gap.asked = range(0)
        wanted = range(1, min(model)) if model and min(model) > 1 else None
        assert gap.next_request(1, START) == wanted
