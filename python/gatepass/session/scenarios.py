"""The three logon scenarios, and how to choose one from what is stored and the trading week."""

from __future__ import annotations

import enum
from dataclasses import replace
from datetime import datetime, timedelta

from gatepass.errors import FieldError
from gatepass.keys.validity import exchange_zone
from gatepass.session.numbers import Numbers


class Scenario(enum.Enum):
    """CME's three logons."""

    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"


#: Globex's week begins on Sunday afternoon in Chicago. When exactly CME sets the numbers back is
#: not public; the Request Center's and the gateways' weekend is over by noon.
WEEK_BEGINS = timedelta(days=6, hours=12)


def trading_week(now: datetime) -> str:
    """Name the trading week of a moment: the date of its Sunday, as ``YYYY-MM-DD``."""
    local = now.astimezone(exchange_zone())
    # Monday is weekday 0, and the week begins on the Sunday before it.
    begun = local.replace(tzinfo=None) - WEEK_BEGINS
    sunday = begun.date() - timedelta(days=begun.weekday()) + timedelta(days=6)
    return sunday.isoformat()


def at_week(numbers: Numbers, now: datetime) -> Numbers:
    """Give the numbers that hold at `now`: the stored ones, or 1 and 1 in a new week.

    Until a Beginning of Week Logon has succeeded, both numbers are 1, unless the exchange has
    named the number (789) at which the week stands.
    """
    week = trading_week(now)
    if numbers.week == week and (numbers.begun or numbers.proposed):
        return numbers
    return Numbers(week=week)


def choose_scenario(numbers: Numbers, now: datetime) -> Scenario:
    """Beginning of Week until one has succeeded this week, Mid-Week from then on.

    Mid-Week, too, where the exchange has named the number (789) at which the week stands.

    In-Session is never chosen by itself: it makes earlier messages unrecoverable.
    """
    current = at_week(numbers, now)
    begun = current.begun or current.proposed
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
    return replace(current, proposed=number)
