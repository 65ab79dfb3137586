"""The three logon scenarios, and how to choose one from what is stored and the trading week."""

from __future__ import annotations

import enum
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from gatepass.errors import FieldError
from gatepass.keys.validity import exchange_zone
from gatepass.session.numbers import Numbers


class Scenario(enum.Enum):
    """CME's three logons."""

    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"


#: When the trading week's numbers begin at 1, from Monday 00:00 in Chicago: Saturday 02:00. CME
#: sets them back at its weekly start-up, and lets clients in from Saturday 02:00 (24/7 segments) or
#: Sunday 10:30 (the others). The minute of the start-up is not public: one before both is right.
WEEK_BEGINS = timedelta(days=5, hours=2)
#: When on the week's Sunday its numbers begin at 1 everywhere: the last clients come in then.
ALL_IN = time(10, 30)
#: Most that this machine's clock and the exchange's may differ.
CLOCKS_DIFFER = timedelta(seconds=5)
#: What CME says to the week's first Logon where that does not begin the numbers at 1 (a peer's
#: certification shows it, documented nowhere).
NOT_RESET = "Failed to reset sequence numbers at the beginning of the week. Logout forced."


def trading_week(now: datetime) -> str:
    """Name the trading week of a moment: the date of its Sunday, as ``YYYY-MM-DD``."""
    local = now.astimezone(exchange_zone())
    # Monday is weekday 0, and the week begins on the Saturday before it.
    begun = local.replace(tzinfo=None) - WEEK_BEGINS
    sunday = begun.date() - timedelta(days=begun.weekday()) + timedelta(days=6)
    return sunday.isoformat()


def says_not_reset(text: str | None) -> bool:
    """Tell whether a Text (58) is `NOT_RESET`; case and the last period do not count."""
    return (text or "").casefold().rstrip(". ") == NOT_RESET.casefold().rstrip(".")


def at_week(numbers: Numbers, now: datetime) -> Numbers:
    """Give the numbers that hold at `now`: the stored ones, or 1 and 1 in a new week.

    Until a Beginning of Week Logon has succeeded, both numbers are 1, unless the exchange has
    named the number (789) at which the week stands.
    """
    week = trading_week(now)
    if numbers.tried_week == week:
        if numbers.proposed or numbers.first_in:
            return Numbers(week=week, proposed=numbers.proposed, first_in=numbers.first_in)
        return numbers  # they `goes_on`
    numbers = in_own_week(numbers)
    if numbers.week != week:
        return Numbers(week=week)
    if numbers.begun or numbers.proposed:
        return numbers
    return Numbers(week=week, first_in=numbers.first_in)


def until_accepted(stored: Numbers, numbers: Numbers) -> Numbers:
    """Give what is kept of `numbers` until the exchange has accepted a Logon of their week.

    In the week of the stored ones that is all of them. In another one it is what the exchange has
    named alone: the clock may be wrong, and with the stored numbers the messages would go that are
    still to be sent again.
    """
    if stored.week in ("", numbers.week):
        return numbers
    if not (numbers.proposed or numbers.first_in):
        return in_own_week(stored)
    proposed, first_in = numbers.proposed, numbers.first_in
    return replace(stored, proposed=proposed, first_in=first_in, tried_week=numbers.week)


def goes_on(stored: Numbers, number: int | None, expected: int | None, now: datetime) -> bool:
    """Tell whether the refusal of a new week's first Logon shows that last week still goes on.

    The minute at which the exchange sets its numbers back is not public, and clocks differ. Until
    the last clients are let in, a refusal with this `number` that expects this one (789) is of last
    week where both go on from the stored ones.
    """
    sunday = date.fromisoformat(trading_week(now))
    local = now.astimezone(exchange_zone()).replace(tzinfo=None)
    may_be = (
        stored.begun
        and stored.week == (sunday - timedelta(days=7)).isoformat()
        and local < datetime.combine(sunday, ALL_IN)
    )
    return may_be and (number or 0) >= stored.next_in and 1 < (expected or 0) <= stored.next_out


def in_own_week(numbers: Numbers) -> Numbers:
    """Give the numbers without what was named for another week."""
    if not numbers.tried_week:
        return numbers
    return replace(numbers, proposed=0, first_in=0, tried_week="")


def choose_scenario(numbers: Numbers, now: datetime) -> Scenario:
    """Beginning of Week until one has succeeded this week, Mid-Week from then on.

    Mid-Week, too, where the exchange has named the number (789) at which the week stands; where
    that is 1, the week begins again.

    In-Session is never chosen by itself: it makes earlier messages unrecoverable.
    """
    current = at_week(numbers, now)
    begun = current.proposed > 1 or (current.begun and current.proposed != 1)
    return Scenario.MID_WEEK if begun else Scenario.BEGINNING_OF_WEEK


def expecting(numbers: Numbers, number: int, now: datetime) -> Numbers:
    """Give the numbers with which the next Logon has this MsgSeqNum (34), as somebody found out.

    Like a number in 789 it is kept once the exchange has accepted it. Raises `FieldError` for one
    that was used: messages up to it were sent.
    """
    current = at_week(numbers, now)
    if number < current.next_out:
        words = f"MsgSeqNum (34) {number} was used: give {current.next_out} or more"
        raise FieldError(f"{words}; nothing was sent", 34, "MsgSeqNum", "illegal")
    return until_accepted(numbers, replace(current, proposed=number))
