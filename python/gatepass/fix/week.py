"""The trading week of a session's numbers: the FIX part of `Numbers`."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gatepass.keys.validity import exchange_zone
from gatepass.session.numbers import Numbers
from gatepass.values import value

#: When the trading week's numbers begin at 1, from Monday 00:00 in Chicago: Saturday 02:00. CME
#: sets them back at its weekly start-up, and lets clients log on from Saturday 02:00 (24/7
#: segments) or Sunday 10:30 (the others). The minute of the start-up is not public: any minute
#: before both is right.
WEEK_BEGINS = timedelta(days=5, hours=2)


class Scenario(enum.Enum):
    """CME's three logons."""

    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"


@value
class Week:
    """What a session must remember of its week besides the next two numbers.

    * ``sunday``: the week's name (`trading_week`).
    * ``restarts``: how often its numbers have restarted at 1.
    * ``begun``: whether its Beginning of Week Logon has succeeded.
    * ``resetting``: the scenario of an unanswered Logon that sets the numbers back to 1; it is not
      known yet whether it did.
    * ``proposed``: the number that a Logout requested in NextExpectedMsgSeqNum (789), or 0. The
      next Logon tries it, and it becomes ``next_out`` after the exchange accepts that Logon. A 1
      begins the week again.
    * ``first_in``: the number of the exchange's answer to a Logon with 34=1, if Logouts have used
      the numbers before it, or 0.
    * ``tried``: the week of ``proposed`` and ``first_in``, if it is not this one: a Logon of that
      week was tried, but none has been accepted. Without those two, the exchange continues these
      numbers in that week.
    """

    sunday: str = ""
    restarts: int = 0
    begun: bool = False
    resetting: Scenario | None = None
    proposed: int = 0
    first_in: int = 0
    tried: str = ""


def trading_week(now: datetime) -> str:
    """Return the name of a moment's trading week: the date of its Sunday, ``YYYY-MM-DD``."""
    return _week_of_hour(int(now.timestamp() // 3600))


@lru_cache(256)
def _week_of_hour(hour: int) -> str:
    """Return the week of an hour since 1970: weeks begin on the hour, in Chicago too."""
    local = datetime.fromtimestamp(hour * 3600, exchange_zone())
    # Monday is weekday 0, and the week begins on the Saturday before it.
    begun = local.replace(tzinfo=None) - WEEK_BEGINS
    sunday = begun.date() - timedelta(days=begun.weekday()) + timedelta(days=6)
    return sunday.isoformat()


def week_of(numbers: Numbers) -> Week:
    """Read a session's week. Raises `ValueError` for numbers of another protocol."""
    return _read(numbers.epoch)


def with_week(numbers: Numbers, **changes: Any) -> Numbers:
    """Return the numbers with these fields of their week changed."""
    return numbers.with_epoch(_changed(numbers.epoch, **changes))


def numbers_of(week: Week, next_out: int = 1, next_in: int = 1) -> Numbers:
    """Return the numbers of a week."""
    return Numbers(next_out, next_in, _written(week))


@lru_cache(4096)
def _changed(epoch: str, **changes: Any) -> str:
    return _written(replace(_read(epoch), **changes))


@lru_cache(4096)
def _read(epoch: str) -> Week:
    if not epoch:
        return Week()
    week = Week(**json.loads(epoch))
    return replace(week, resetting=week.resetting and Scenario(week.resetting))


@lru_cache(4096)
def _written(week: Week) -> str:
    """Write a week for the store: JSON of what differs from a new week."""
    fresh = Week()
    told = {name: kept for name, kept in asdict(week).items() if kept != getattr(fresh, name)}
    if week.resetting is not None:
        told["resetting"] = week.resetting.value
    return json.dumps(told) if told else ""
