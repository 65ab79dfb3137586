"""The timeline of key pairs as a self-contained SVG, without scripts, fonts or other files."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gatepass.cli.views.timeline_rows import Picture, Row
from gatepass.keys import Status
from gatepass.keys.rules import Part

WIDTH = 960
MARGIN = 24
#: The right edge of the bars; the left edge is where the longest name ends.
RIGHT = WIDTH - MARGIN
TOP = 84
CHARACTER = 8.2
ROW = 52
BAR = 18
#: Minimum width of a part, so that it is visible.
THINNEST = 2
#: How many tick labels fit.
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


def draw_svg(picture: Picture) -> str:
    """Return the picture as SVG text; its colours follow the reader's light or dark scheme."""
    bottom = TOP + ROW * len(picture.rows)
    height = bottom + 74
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' width="100%" aria-labelledby="title description">',
            f'<title id="title">Key pairs at {picture.date}</title>',
            f'<desc id="description">{escape(_description(picture))}</desc>',
            f"<style>{STYLE}</style>",
            '<defs><pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse"'
            ' patternTransform="rotate(45)"><path class="stripe" d="M0 0V6" stroke-width="3"/>'
            "</pattern></defs>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
            f'<text class="text title" x="{MARGIN}" y="38">Key pairs</text>',
            *_grid(picture, bottom),
            *(part for line, row in enumerate(picture.rows) for part in _row(picture, row, line)),
            *_present(picture, bottom),
            *_legend(bottom),
            "</svg>\n",
        ]
    )


def _grid(picture: Picture, bottom: int) -> Iterator[str]:
    for tick in picture.timeline.ticks(ROOM):
        x = _x(picture, tick.at)
        yield f'<path class="grid" d="M{x} {TOP - 8}V{bottom}"/>'
        yield f'<text class="quiet small" x="{x + 3}" y="{TOP - 14}">{escape(tick.label)}</text>'


def _row(picture: Picture, row: Row, line: int) -> Iterator[str]:
    y = TOP + ROW * line + (ROW - BAR) // 2
    name = escape(row.name)
    yield f'<text class="text id" xml:space="preserve" x="{MARGIN}" y="{y + 5}">{name}</text>'
    yield f'<text class="quiet" x="{MARGIN}" y="{y + 23}">{escape(row.words)}</text>'
    yield f"<g><title>{escape(f'{row.access_key_id}: {row.words}')}</title>"
    for stretch in row.bar:
        left = _x(picture, stretch.begin)
        width = max(round(_x(picture, stretch.end) - left, 1), THINNEST)
        yield from _stretch(row.status, stretch.part, left, y, width)
    yield "</g>"


def _stretch(status: Status, part: Part, x: float, y: int, width: float) -> Iterator[str]:
    """Draw a part of a bar; the last weeks are striped, so colour is not needed."""
    place = f'x="{x}" y="{y}" width="{width}" height="{BAR}"'
    if part is Part.LAST_WEEKS:
        yield f'<rect class="caution" {place}/>'
        yield f'<rect fill="url(#stripes)" opacity="0.5" {place}/>'
    else:
        pale = ' opacity="0.35"' if part is Part.PAST else ""
        yield f'<rect class="{CLASSES[status]}" {place}{pale}/>'


def _present(picture: Picture, bottom: int) -> Iterator[str]:
    now = picture.timeline.now
    x = _x(picture, now)
    anchor = "start" if now < 0.7 else "end"
    yield f'<path class="now" stroke-width="2" d="M{x} {TOP - 8}V{bottom + 6}"/>'
    yield (
        f'<text class="nowtext" x="{x}" y="{bottom + 22}" text-anchor="{anchor}">'
        f"now: {picture.date}</text>"
    )


def _legend(bottom: int) -> Iterator[str]:
    y = bottom + 44
    x = float(MARGIN)
    for status, part, words in (
        (Status.ACTIVE, Part.TO_COME, "active"),
        (Status.ACTIVE, Part.LAST_WEEKS, "last 28 days"),
        (Status.ACTIVE, Part.PAST, "past"),
        (Status.EXPIRED, Part.PAST, "expired"),
        (Status.NOT_YET_VALID, Part.TO_COME, "not yet valid"),
    ):
        yield from _stretch(status, part, x, y, 28)
        yield f'<text class="quiet small" x="{x + 36}" y="{y + 13}">{words}</text>'
        x += 66 + 7 * len(words)


def _description(picture: Picture) -> str:
    return "; ".join(f"{row.session} {row.access_key_id}: {row.words}" for row in picture.rows)


def _x(picture: Picture, place: float) -> float:
    names = max((len(row.name) for row in picture.rows), default=0)
    left = 2 * MARGIN + names * CHARACTER
    return round(left + place * (RIGHT - left), 1)
