"""The trading week that a session's numbers belong to: FIX's part of `Numbers`."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gatepass.keys.validity import exchange_zone
from gatepass.session.numbers import Numbers

#: When the trading week's numbers begin at 1, from Monday 00:00 in Chicago: Saturday 02:00. CME
#: sets them back at its weekly start-up, and lets clients in from Saturday 02:00 (24/7 segments) or
#: Sunday 10:30 (the others). The minute of the start-up is not public: one before both is right.
WEEK_BEGINS = timedelta(days=5, hours=2)


class Scenario(enum.Enum):
    """CME's three logons."""

    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"


@dataclass(frozen=True, slots=True)
class Week:
    """What a session must not forget of its week besides the next two numbers.

    ``sunday`` names it (`trading_week`), ``begun`` says whether it has had its Beginning of Week
    Logon, ``restarts`` how often its numbers have begun at 1 again. ``resetting`` is the scenario
    of a Logon that would set them back to 1 and was not answered: nobody knows yet whether it did.
    ``proposed`` is the number that a Logout asked for in NextExpectedMsgSeqNum (789), 0 if none
    did: the next Logon tries it, and it becomes ``next_out`` once a Logon with it was accepted. A 1
    there begins the week again. ``first_in`` is the number of the exchange's answer to a Logon with
    34=1 where Logouts have used up those before it, 0 if none has. ``tried`` is the week of
    ``proposed`` and ``first_in`` where that is another one: a Logon of it was tried, and none was
    accepted yet. Without either, the exchange still goes on with these numbers in that week.
    """

    sunday: str = ""
    restarts: int = 0
    begun: bool = False
    resetting: Scenario | None = None
    proposed: int = 0
    first_in: int = 0
    tried: str = ""


def trading_week(now: datetime) -> str:
    """Name the trading week of a moment: the date of its Sunday, as ``YYYY-MM-DD``."""
    return _week_of_hour(int(now.timestamp() // 3600))


@lru_cache(256)
def _week_of_hour(hour: int) -> str:
    """Name the week of an hour since 1970: weeks begin on the hour, in Chicago too."""
    local = datetime.fromtimestamp(hour * 3600, exchange_zone())
    # Monday is weekday 0, and the week begins on the Saturday before it.
    begun = local.replace(tzinfo=None) - WEEK_BEGINS
    sunday = begun.date() - timedelta(days=begun.weekday()) + timedelta(days=6)
    return sunday.isoformat()


def week_of(numbers: Numbers) -> Week:
    """Read a session's week. Raises `ValueError` for numbers that are not of a FIX session."""
    return _read(numbers.epoch)


def with_week(numbers: Numbers, **changes: Any) -> Numbers:
    """Give the numbers with a week that differs in these fields."""
    return numbers.with_epoch(_changed(numbers.epoch, **changes))


def numbers_of(week: Week, next_out: int = 1, next_in: int = 1) -> Numbers:
    """Give the numbers of a week."""
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
    """Write a week as the store keeps it: JSON of what differs from a fresh one."""
    fresh = Week()
    fields = {name: getattr(week, name) for name in Week.__slots__}
    told = {name: value for name, value in fields.items() if value != getattr(fresh, name)}
    if week.resetting is not None:
        told["resetting"] = week.resetting.value
    return json.dumps(told) if told else ""
