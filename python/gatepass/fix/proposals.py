"""What a Logout says about the numbers, and which numbers the next Logon tries because of it.

Any peer that answers a Logon can write any number into NextExpectedMsgSeqNum (789). So that number
is kept beside the session's own number until the exchange accepts a Logon with it; a later 789
replaces it.
"""

from __future__ import annotations

from dataclasses import replace

from gatepass.errors import NumberJumpError
from gatepass.fix.week import week_of, with_week
from gatepass.session.numbers import MAX_JUMP, Numbers


def after_refusal(before: Numbers, number: int | None, *, is_new: bool) -> Numbers:
    """Return the numbers after a Logon was refused: those from before it, because it did not count.

    The `number` of the refusal does not count either: its sender has proved nothing, and messages
    of the exchange may wait under that number. If the exchange did send it, the next Logon shows a
    gap, which is filled. Before the week has begun, a failure sets both numbers back to 1. If the
    week is new at the exchange (`is_new`), it begins again here, and the refusal used its number 1.
    """
    numbers = before if week_of(before).begun else replace(before, next_out=1, next_in=1)
    return begun_again(numbers, (number or 0) + 1) if is_new else numbers


def begun_again(numbers: Numbers, first_in: int) -> Numbers:
    """Let the next Logon begin the week again, with 34=1; its answer has the number `first_in`.

    It is a proposal like any other: nothing is discarded until the exchange accepts a Logon with
    it. A week that has not begun begins with 1 anyway.
    """
    return with_week(numbers, proposed=1 if week_of(numbers).begun else 0, first_in=first_in)


def proposing(numbers: Numbers, expected: int | None) -> Numbers:
    """Let the next Logon try the number that the exchange expects (789), if it is higher.

    For a lower one the number does not go back: those messages were sent, and the exchange requests
    them again. A number too far ahead is not tried: see `jump`.
    """
    if expected is None or expected == week_of(numbers).proposed:
        return numbers
    is_tried = numbers.next_out < expected <= numbers.next_out + MAX_JUMP
    return with_week(numbers, proposed=expected if is_tried else 0)


def jump(numbers: Numbers, expected: int | None) -> NumberJumpError | None:
    """Return the error for a number (789) that is too far ahead, if it is."""
    if expected is None or expected - numbers.next_out <= MAX_JUMP:
        return None
    return NumberJumpError(789, numbers.next_out, expected)
