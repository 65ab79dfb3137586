"""The time axis of a drawing: where a moment is on it, and where its ticks are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gatepass.keys.validity import exchange_zone, require_aware

#: Anything further from the present is cut off: a pair without an end has a last day in 9999.
REACH = timedelta(days=10 * 366)
#: Shown at least, on either side of the present.
MARGIN = timedelta(days=45)
#: Months from one labelled tick to the next; the first that leaves enough room is used.
STEPS = (1, 2, 3, 6, 12, 24, 60)
#: How much of its room a label fills.
LABEL = 0.8


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of a month; ``label`` is its name, or the year in January."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """From the first of a month to the first of another, in Chicago; ``at`` is the present."""

    begin: datetime
    end: datetime
    at: datetime

    @property
    def now(self) -> float:
        """Where the present is."""
        return self.place(self.at)

    def place(self, moment: datetime) -> float:
        """Return where a moment is: 0 at the left edge, 1 at the right one, never beyond."""
        whole = self.end.timestamp() - self.begin.timestamp()
        return min(1.0, max(0.0, (moment.timestamp() - self.begin.timestamp()) / whole))

    def ticks(self, room: int) -> list[Tick]:
        """Return the ticks there is room for, where ``room`` is how many labels fit in a row."""
        first, last = _number(self.begin), _number(self.end)
        step = next((step for step in STEPS if (last - first) / step <= room), STEPS[-1])
        ticks = (
            Tick(self.place(_month(number)), _label(number))
            for number in range(first + -first % step, last, step)
        )
        # A label is to the right of its tick.
        return [tick for tick in ticks if tick.at <= 1 - LABEL / room]


def frame_around(moments: Iterable[datetime], at: datetime) -> Frame:
    """Return the whole months that contain the present and all moments within `REACH` of it.

    Raises `ValueError` when ``at`` has no time zone.
    """
    require_aware(at)
    known = list(moments)
    zone = exchange_zone()
    begin = max(at - REACH, min([*known, at - MARGIN])).astimezone(zone)
    end = min(at + REACH, max([*known, at + MARGIN])).astimezone(zone)
    return Frame(_month(_number(begin)), _month(_number(end) + 1), at)


def _number(moment: datetime) -> int:
    """Count the months from the year 0 to a moment."""
    return moment.year * 12 + moment.month - 1


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=exchange_zone())


def _label(number: int) -> str:
    year, month = divmod(number, 12)
    return str(year) if month == 0 else f"{date(year, month + 1, 1):%b}"
