"""Where the lives of key pairs are on a timeline, in fractions of its width.

A terminal, a picture and a page all draw this layout, each with its own words and colours.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepass.keys.expiry import WARNING_DAYS
from gatepass.keys.rules.frame import Frame, frame_around


@dataclass(frozen=True, slots=True)
class Life:
    """When a pair becomes valid and when it expires; ``None`` is no limit."""

    begin: datetime | None
    end: datetime | None


class Part(enum.Enum):
    """What a stretch of a life is, relative to the present."""

    PAST = "past"
    TO_COME = "to come"
    #: To come, and after the first warning that the pair expires.
    LAST_WEEKS = "last weeks"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One part of a bar, from 0 at the left edge to 1 at the right one."""

    part: Part
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline(Frame):
    """A frame with a bar for each life, in their order.

    A bar is the stretches from the beginning of the life to its end. It has at least one, which has
    no width if the whole life is outside the frame.
    """

    bars: tuple[tuple[Stretch, ...], ...]


def lay_out(lives: Iterable[Life], at: datetime) -> Timeline:
    """Lay out the lives around the time ``at``. Raises `ValueError` when it has no time zone."""
    all_lives = tuple(lives)
    known = (moment for life in all_lives for moment in (life.begin, life.end))
    frame = frame_around((moment for moment in known if moment is not None), at)
    bars = tuple(_bar(frame, life) for life in all_lives)
    return Timeline(frame.begin, frame.end, frame.at, bars)


def _bar(frame: Frame, life: Life) -> tuple[Stretch, ...]:
    begin = 0.0 if life.begin is None else frame.place(life.begin)
    end = caution = 1.0
    if life.end is not None:
        end = frame.place(life.end)
        caution = frame.place(life.end - timedelta(days=WARNING_DAYS[0]))
    now = min(max(frame.now, begin), end)
    caution = min(max(caution, now), end)
    stretches = (
        Stretch(Part.PAST, begin, now),
        Stretch(Part.TO_COME, now, caution),
        Stretch(Part.LAST_WEEKS, caution, end),
    )
    seen = tuple(each for each in stretches if each.begin < each.end)
    return seen or (Stretch(Part.PAST if end <= frame.now else Part.TO_COME, begin, end),)
