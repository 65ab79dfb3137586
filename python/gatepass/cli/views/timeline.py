"""The timeline of key pairs in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gatepass.cli.terminal.output import MARKS, can_print, marked
from gatepass.cli.views.timeline_rows import Picture, Row
from gatepass.keys.rules import Part, Timeline

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: Maximum width of the bars, in columns.
MAX_WIDTH = 110
#: Width of a tick's label and the blank after it, in columns.
LABEL_WIDTH = 5


class Glyphs(NamedTuple):
    """The characters of a bar; each part has its own shape, so colour is not needed."""

    past: str
    to_come: str
    caution: str
    now: str
    axis: str
    tick: str
    arrow: str


GLYPHS = Glyphs(past="░", to_come="█", caution="▒", now="┃", axis="─", tick="┬", arrow="▲")
ASCII_GLYPHS = Glyphs(past=".", to_come="#", caution="!", now="|", axis="-", tick="+", arrow="^")


def print_timeline(console: Console, picture: Picture) -> None:
    """Print an axis of months, each pair's name and bar, and a legend."""
    from rich.text import Text

    glyphs = GLYPHS if can_print(console, "".join(GLYPHS)) else ASCII_GLYPHS
    timeline, width = picture.timeline, min(console.width, MAX_WIDTH)
    now = _column(timeline.now, width)
    console.print(_labels(timeline, width))
    console.print(_axis(timeline, width, glyphs))
    for row in picture.rows:
        name = Text(f"{row.name}  ", "bold")
        name.append_text(marked(console, row.mark, row.words))
        console.print(name, soft_wrap=True)
        console.print(_bar(row, now, width, glyphs))
    console.print(_present(picture.date, now, width, glyphs))
    legend = (
        f"{glyphs.to_come} future  {glyphs.caution} last 28 days  {glyphs.past} past"
        f"  {glyphs.now} now"
    )
    console.print(Text(legend, "dim"))


def _labels(timeline: Timeline, width: int) -> Text:
    from rich.text import Text

    line = [" "] * (width + LABEL_WIDTH)
    for tick in timeline.ticks(width // LABEL_WIDTH):
        start = _column(tick.at, width)
        line[start : start + len(tick.label)] = tick.label
    return Text("".join(line)[:width], "dim")


def _axis(timeline: Timeline, width: int, glyphs: Glyphs) -> Text:
    from rich.text import Text

    line = [glyphs.axis] * width
    for tick in timeline.ticks(width // LABEL_WIDTH):
        line[_column(tick.at, width)] = glyphs.tick
    return Text("".join(line), "dim")


def _bar(row: Row, now: int, width: int, glyphs: Glyphs) -> Text:
    from rich.text import Text

    looks = {
        Part.PAST: (glyphs.past, "dim"),
        Part.TO_COME: (glyphs.to_come, MARKS[row.status].style),
        Part.LAST_WEEKS: (glyphs.caution, "yellow"),
    }
    cells = [(" ", "")] * width
    for stretch in row.bar:
        begin = _column(stretch.begin, width)
        # A part shorter than one column is still visible.
        end = max(begin + 1, round(stretch.end * width))
        cells[begin:end] = [looks[stretch.part]] * (end - begin)
    cells[now] = (glyphs.now, "bold")
    line = Text.assemble(*cells)
    line.rstrip()
    return line


def _present(date: str, now: int, width: int, glyphs: Glyphs) -> Text:
    """Return the arrow at the present, with the date to its right or left."""
    from rich.text import Text

    if now + 2 + len(date) <= width:
        return Text(f"{' ' * now}{glyphs.arrow} {date}", "bold")
    return Text(f"{date} {glyphs.arrow}".rjust(now + 1), "bold")


def _column(place: float, width: int) -> int:
    return min(width - 1, int(place * width))
