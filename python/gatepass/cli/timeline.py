"""Where everything stands on the timeline of key pairs, in fractions of its width.

The terminal and the SVG draw the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gatepass.cli.keys_view import days, mark_of, status_words
from gatepass.cli.output import Mark
from gatepass.keys import WARNING_DAYS, KeyPair, SessionHealth, Status
from gatepass.keys.validity import exchange_zone

#: What is farther from the present is cut off: a pair without an end has a last day in 9999.
REACH = timedelta(days=10 * 366)
#: Shown on either side of the present at the least.
MARGIN = timedelta(days=45)
#: Months from one labelled tick to the next, of which the first that leaves room is taken.
STEPS = (1, 2, 3, 6, 12, 24, 60)
#: How much of its room a label fills.
LABEL = 0.8


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of a month; ``label`` is its name, or the year in January."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The life of one pair. ``caution`` is where the warnings before its expiry begin."""

    session: str
    access_key_id: str
    status: Status
    mark: Mark
    words: str
    begin: float
    caution: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture, from the first of a month to the first of another."""

    begin: datetime
    end: datetime
    at: datetime
    bars: tuple[Bar, ...]

    @property
    def now(self) -> float:
        """Where the present is."""
        return self.place(self.at)

    def place(self, moment: datetime) -> float:
        """Return where a moment is: 0 at the left edge, 1 at the right one, never beyond."""
        whole = self.end.timestamp() - self.begin.timestamp()
        return min(1.0, max(0.0, (moment.timestamp() - self.begin.timestamp()) / whole))

    def ticks(self, room: int) -> list[Tick]:
        """Return the ticks there is room for, where `room` is how many labels fit side by side."""
        first, last = _number(self.begin), _number(self.end)
        step = next((step for step in STEPS if (last - first) / step <= room), STEPS[-1])
        ticks = (
            Tick(self.place(_month(number)), _label(number))
            for number in range(first + -first % step, last, step)
        )
        # A label stands to the right of its tick.
        return [tick for tick in ticks if tick.at <= 1 - LABEL / room]


def lay_out(health: Sequence[SessionHealth], at: datetime) -> Timeline:
    """Lay out the pairs of all sessions around the time `at`."""
    known = [
        moment
        for session in health
        for pair in session.pairs
        for moment in (pair.valid_from, pair.valid_until)
        if moment is not None
    ]
    begin = max(at - REACH, min([*known, at - MARGIN]))
    end = min(at + REACH, max([*known, at + MARGIN]))
    zone = exchange_zone()
    frame = Timeline(
        begin=_month(_number(begin.astimezone(zone))),
        end=_month(_number(end.astimezone(zone)) + 1),
        at=at,
        bars=(),
    )
    bars = tuple(_bar(frame, session, pair) for session in health for pair in session.pairs)
    return Timeline(frame.begin, frame.end, at, bars)


def _bar(frame: Timeline, session: SessionHealth, pair: KeyPair) -> Bar:
    end = 1.0 if pair.valid_until is None else frame.place(pair.valid_until)
    caution = end
    if pair.valid_until is not None:
        caution = frame.place(pair.valid_until - timedelta(days=WARNING_DAYS[0]))
    left = pair.days_left(frame.at)
    status = pair.status(frame.at)
    words = status_words(session, pair, frame.at)
    if left is not None and status is Status.ACTIVE:
        words += f", {days(left)} left"
    return Bar(
        session=pair.session,
        access_key_id=pair.access_key_id,
        status=status,
        mark=mark_of(session, pair, frame.at),
        words=words,
        begin=0.0 if pair.valid_from is None else frame.place(pair.valid_from),
        caution=caution,
        end=end,
    )


def _number(moment: datetime) -> int:
    """Count the months from the year 0 to a moment."""
    return moment.year * 12 + moment.month - 1


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=exchange_zone())


def _label(number: int) -> str:
    year, month = divmod(number, 12)
    return str(year) if month == 0 else f"{date(year, month + 1, 1):%b}"
