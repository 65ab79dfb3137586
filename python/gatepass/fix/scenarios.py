"""The three logon scenarios, and the choice between them by stored numbers and trading week."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from gatepass.arguments import refuse
from gatepass.errors import FieldError
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of, with_week
from gatepass.keys.validity import exchange_zone
from gatepass.session.numbers import Numbers

#: From this time on the week's Sunday its numbers begin at 1 everywhere: the last clients may log
#: on then.
ALL_IN = time(10, 30)
#: Most that the clocks of this machine and of the exchange may differ.
CLOCKS_DIFFER = timedelta(seconds=5)


def at_week(numbers: Numbers, now: datetime) -> Numbers:
    """Return the numbers that are valid at `now`: the stored ones, or 1 and 1 in a new week.

    Until a Beginning of Week Logon has succeeded, both numbers are 1, unless the exchange has named
    the week's current number (789).
    """
    week, sunday = week_of(numbers), trading_week(now)
    if week.tried == sunday:
        if week.proposed or week.first_in:
            return numbers_of(Week(sunday, proposed=week.proposed, first_in=week.first_in))
        return numbers  # last week `goes_on`
    numbers = in_own_week(numbers)
    week = week_of(numbers)
    if week.sunday != sunday:
        return _fresh(sunday)
    if week.begun or week.proposed:
        return numbers
    return numbers_of(Week(sunday, first_in=week.first_in))


@lru_cache(16)
def _fresh(sunday: str) -> Numbers:
    return numbers_of(Week(sunday))


def until_accepted(stored: Numbers, numbers: Numbers) -> Numbers:
    """Return what to store of `numbers` until the exchange accepts a Logon of their week.

    In the week of the stored numbers that is all. In another week it is only what the exchange has
    named: the clock may be wrong, and with the stored numbers the messages that may still be resent
    would be lost.
    """
    week = week_of(numbers)
    if week_of(stored).sunday in ("", week.sunday):
        return numbers
    if not (week.proposed or week.first_in):
        return in_own_week(stored)
    return with_week(stored, proposed=week.proposed, first_in=week.first_in, tried=week.sunday)


def goes_on(stored: Numbers, number: int | None, expected: int | None, now: datetime) -> bool:
    """Return whether the refusal of a new week's first Logon shows that last week still continues.

    The minute at which the exchange sets its numbers back is not public, and clocks differ. Until
    the last clients may log on, a refusal belongs to last week if its `number` and its `expected`
    (789) both continue the stored numbers.
    """
    sunday = date.fromisoformat(trading_week(now))
    local = now.astimezone(exchange_zone()).replace(tzinfo=None)
    week = week_of(stored)
    may_be = (
        week.begun
        and week.sunday == (sunday - timedelta(days=7)).isoformat()
        and local < datetime.combine(sunday, ALL_IN)
    )
    return may_be and (number or 0) >= stored.next_in and 1 < (expected or 0) <= stored.next_out


def in_own_week(numbers: Numbers) -> Numbers:
    """Return the numbers without what was named for another week."""
    if not week_of(numbers).tried:
        return numbers
    return with_week(numbers, proposed=0, first_in=0, tried="")


def choose_scenario(numbers: Numbers, now: datetime) -> Scenario:
    """Choose Beginning of Week until one has succeeded this week, Mid-Week from then on.

    Also Mid-Week if the exchange has named the week's current number (789); if that is 1, the week
    begins again.

    In-Session is never chosen automatically: it makes earlier messages unrecoverable.
    """
    week = week_of(at_week(numbers, now))
    begun = week.proposed > 1 or (week.begun and week.proposed != 1)
    return Scenario.MID_WEEK if begun else Scenario.BEGINNING_OF_WEEK


def expecting(numbers: Numbers, number: int, now: datetime) -> Numbers:
    """Return the numbers for a next Logon with this MsgSeqNum (34), which the user has found out.

    Like a number in 789, it is stored only after the exchange accepts it. Raises `FieldError` for a
    used number: messages up to it were sent.
    """
    current = at_week(numbers, now)
    if number < current.next_out:
        words = f"MsgSeqNum (34) {number} is already used: give {current.next_out} or more"
        raise FieldError(f"{words}; nothing was sent", 34, "MsgSeqNum", "illegal")
    return until_accepted(numbers, with_week(current, proposed=number))


def require_scenario(scenario: object) -> None:
    """Raise `ArgumentError` for anything but a `Scenario` or ``None``."""
    if not (scenario is None or isinstance(scenario, Scenario)):
        members = " or ".join(f"Scenario.{member.name}" for member in Scenario)
        raise refuse("scenario", scenario, f"{members}, or None")
