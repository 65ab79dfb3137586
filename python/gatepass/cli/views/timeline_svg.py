"""The timeline of key pairs as an SVG of its own: no script, no font, no file but itself."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gatepass.cli.views.timeline_layout import Bar, Timeline
from gatepass.keys import Status

WIDTH = 960
MARGIN = 24
#: The bars' area; its left edge is where the longest name ends.
RIGHT = WIDTH - MARGIN
TOP = 84
CHARACTER = 8.2
ROW = 52
BAR = 18
#: Labels of ticks there is room for.
ROOM = 13

STYLE = """
  .page { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e }
  .grid { stroke: #d1d9e0 } .now { stroke: #cf222e } .nowtext { fill: #cf222e }
  .active { fill: #1a7f37 } .expired { fill: #818b98 } .waiting { fill: #0969da }
  .caution { fill: #bf8700 } .stripe { stroke: #ffffff }
  text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
  .title { font-size: 18px; font-weight: 600 }
  .id { font: 600 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
  .small { font-size: 12px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .grid { stroke: #3d444d } .now { stroke: #ff7b72 } .nowtext { fill: #ff7b72 }
    .active { fill: #3fb950 } .expired { fill: #656c76 } .waiting { fill: #58a6ff }
    .caution { fill: #d29922 } .stripe { stroke: #0d1117 }
  }
"""

CLASSES = {
    Status.ACTIVE: "active",
    Status.EXPIRED: "expired",
    Status.NOT_YET_VALID: "waiting",
}


def draw_svg(timeline: Timeline) -> str:
    """Return the picture as the text of an SVG file; it takes the colours of its surroundings."""
    bottom = TOP + ROW * len(timeline.bars)
    height = bottom + 74
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' width="100%" aria-labelledby="title description">',
            f'<title id="title">Key pairs at {_date(timeline)}</title>',
            f'<desc id="description">{escape(_description(timeline))}</desc>',
            f"<style>{STYLE}</style>",
            '<defs><pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse"'
            ' patternTransform="rotate(45)"><path class="stripe" d="M0 0V6" stroke-width="3"/>'
            "</pattern></defs>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
            f'<text class="text title" x="{MARGIN}" y="38">Key pairs</text>',
            *_grid(timeline, bottom),
            *(part for row, bar in enumerate(timeline.bars) for part in _row(timeline, bar, row)),
            *_present(timeline, bottom),
            *_legend(bottom),
            "</svg>\n",
        ]
    )


def _grid(timeline: Timeline, bottom: int) -> Iterator[str]:
    for tick in timeline.ticks(ROOM):
        x = _x(timeline, tick.at)
        yield f'<path class="grid" d="M{x} {TOP - 8}V{bottom}"/>'
        yield f'<text class="quiet small" x="{x + 3}" y="{TOP - 14}">{escape(tick.label)}</text>'


def _row(timeline: Timeline, bar: Bar, row: int) -> Iterator[str]:
    y = TOP + ROW * row + (ROW - BAR) // 2
    left = _x(timeline, bar.begin)
    right = max(_x(timeline, bar.end), left + 2)
    now = min(max(_x(timeline, timeline.now), left), right)
    caution = min(max(_x(timeline, bar.caution), now), right)
    name = escape(_name(bar))
    yield f'<text class="text id" xml:space="preserve" x="{MARGIN}" y="{y + 5}">{name}</text>'
    yield f'<text class="quiet" x="{MARGIN}" y="{y + 23}">{escape(bar.words)}</text>'
    colour = CLASSES[bar.status]
    yield f"<g><title>{escape(f'{bar.access_key_id}: {bar.words}')}</title>"
    yield _rectangle(colour, left, now, y, ' opacity="0.35"')
    yield _rectangle(colour, now, caution, y)
    yield _rectangle("caution", caution, right, y)
    yield _rectangle("", caution, right, y, ' fill="url(#stripes)" opacity="0.5"')
    yield "</g>"


def _rectangle(colour: str, left: float, right: float, y: int, more: str = "") -> str:
    width = round(right - left, 1)
    if width <= 0:
        return ""
    return f'<rect class="{colour}" x="{left}" y="{y}" width="{width}" height="{BAR}"{more}/>'


def _present(timeline: Timeline, bottom: int) -> Iterator[str]:
    x = _x(timeline, timeline.now)
    anchor = "start" if timeline.now < 0.7 else "end"
    yield f'<path class="now" stroke-width="2" d="M{x} {TOP - 8}V{bottom + 6}"/>'
    yield (
        f'<text class="nowtext" x="{x}" y="{bottom + 22}" text-anchor="{anchor}">'
        f"now: {_date(timeline)}</text>"
    )


def _legend(bottom: int) -> Iterator[str]:
    y = bottom + 44
    x = float(MARGIN)
    for colour, more, words in (
        ("active", "", "active"),
        ("caution", "", "last 28 days"),
        ("active", ' opacity="0.35"', "past"),
        ("expired", ' opacity="0.35"', "expired"),
        ("waiting", "", "not yet valid"),
    ):
        yield _rectangle(colour, x, x + 28, y, more)
        if colour == "caution":
            yield _rectangle("", x, x + 28, y, ' fill="url(#stripes)" opacity="0.5"')
        yield f'<text class="quiet small" x="{x + 36}" y="{y + 13}">{words}</text>'
        x += 66 + 7 * len(words)


def _description(timeline: Timeline) -> str:
    return "; ".join(f"{bar.session} {bar.access_key_id}: {bar.words}" for bar in timeline.bars)


def _date(timeline: Timeline) -> str:
    return f"{timeline.at.astimezone(timeline.begin.tzinfo):%Y-%m-%d %H:%M} Chicago"


def _name(bar: Bar) -> str:
    return f"{bar.session}  {bar.access_key_id}"


def _x(timeline: Timeline, place: float) -> float:
    names = max(len(_name(bar)) for bar in timeline.bars)
    left = 2 * MARGIN + names * CHARACTER
    return round(left + place * (RIGHT - left), 1)
