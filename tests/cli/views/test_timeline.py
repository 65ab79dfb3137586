"""`gatepass keys timeline`, in the terminal and as SVG."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.cli.views.timeline_rows import Picture, picture_of
from gatepass.cli.views.timeline_svg import draw_svg
from gatepass.keys import KeyPair, KeyRing, session_health
from tests.cli.samples import (
    ACCESS_KEY_ID,
    OTHER_ACCESS_KEY_ID,
    OTHER_SECRET,
    pair,
    run,
    write_keys,
)

NEW = pair(OTHER_ACCESS_KEY_ID, "2026-11-20", "2027-11-20", secret=OTHER_SECRET)
OLD = pair(created="2025-12-10", expires="2026-12-10")
NOW = "2026-11-23T14:30:00Z"
SVG = "{http://www.w3.org/2000/svg}"


def picture(*pairs: KeyPair, at: datetime) -> Picture:
    return picture_of(session_health(KeyRing(pairs), at), at)


def key_pair(created: date | None, expires: date | None) -> KeyPair:
    made = pair().key_pair()
    return KeyPair(made.session, made.access_key_id, made.signing_key, created, expires)


def test_the_bars_show_past_future_last_days_and_the_present(tmp_path: Path) -> None:
    result = run("keys", "timeline", write_keys(tmp_path, OLD, NEW), "--at", NOW)
    assert result.exit_code == 0
    assert result.stderr == ""
    months, axis, old_name, old, new_name, new, present, legend = result.stdout.splitlines()
    assert "2026" in months
    assert "Jan" not in months
    assert set(axis) == {"─", "┬"}
    assert old_name == f"B08  {ACCESS_KEY_ID}  ✓ active, 17 days left"
    assert new_name == f"B08  {OTHER_ACCESS_KEY_ID}  ✓ active, used, 362 days left"
    assert re.fullmatch(r" *░+┃▒+ *", old)
    assert re.fullmatch(r" *┃█+▒+ *", new)
    now = old.index("┃")
    assert new.index("┃") == present.index("▲") == now
    assert present.strip() == "▲ 2026-11-23 08:30 Chicago"
    for glyph in "█▒░┃":
        assert glyph in legend


def test_each_tick_is_below_its_month(tmp_path: Path) -> None:
    result = run("keys", "timeline", write_keys(tmp_path, OLD, NEW), "--at", NOW)
    months, axis = result.stdout.splitlines()[:2]
    ticks = [match.start() for match in re.finditer("┬", axis)]
    assert ticks == [match.start() for match in re.finditer(r"\w+", months)]
    assert len(ticks) > 6


def test_words_distinguish_pairs_that_are_not_valid(tmp_path: Path) -> None:
    lapsed = pair(created="2025-01-01", expires="2026-01-01")
    coming = pair(OTHER_ACCESS_KEY_ID, "2026-12-24", "2027-12-24", secret=OTHER_SECRET)
    text = run("keys", "timeline", write_keys(tmp_path, lapsed, coming), "--at", NOW).stdout
    assert f"{ACCESS_KEY_ID}  ✗ expired\n" in text
    assert f"{OTHER_ACCESS_KEY_ID}  · not yet valid\n" in text


def test_json_gives_the_dates_of_the_picture(tmp_path: Path) -> None:
    result = run("keys", "timeline", write_keys(tmp_path, OLD), "--at", NOW, "--json")
    found = json.loads(result.stdout)
    assert found["begin"] == "2025-12-01T00:00:00-06:00"
    assert found["end"] == "2027-02-01T00:00:00-06:00"
    assert [one["access_key_id"] for one in found["pairs"]] == [ACCESS_KEY_ID]


def test_svg_is_written_with_the_bars_or_alone(tmp_path: Path) -> None:
    keys, svg = write_keys(tmp_path, OLD, NEW), tmp_path / "keys.svg"
    beside = run("keys", "timeline", keys, "--at", NOW, "--svg", str(svg))
    assert beside.exit_code == 0
    assert beside.stderr == f"wrote {svg}\n"
    assert "┃" in beside.stdout
    alone = run("keys", "timeline", keys, "--at", NOW, "--svg", "-")
    assert alone.stdout == svg.read_text(encoding="utf-8")
    assert alone.stderr == ""


def test_the_svg_is_self_contained_scales_and_follows_light_and_dark(tmp_path: Path) -> None:
    text = run("keys", "timeline", write_keys(tmp_path, OLD, NEW), "--at", NOW, "--svg", "-").stdout
    root = ET.fromstring(text)  # noqa: S314 - made by the test itself
    assert root.get("viewBox") is not None
    assert root.get("height") is None
    assert (root.findtext(f"{SVG}title") or "").startswith("Key pairs at 2026-11-23")
    described = root.findtext(f"{SVG}desc") or ""
    assert f"{OTHER_ACCESS_KEY_ID}: active, used, 362 days left" in described
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    written = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert f"B08  {ACCESS_KEY_ID}" in written
    assert "active, used, 362 days left" in written
    assert "now: 2026-11-23 08:30 Chicago" in written
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("years", [-20, 20])
def test_a_pair_of_another_time_is_visible_at_the_edge(tmp_path: Path, years: int) -> None:
    born = date(2026 + years, 3, 1)
    keys = write_keys(tmp_path, pair(created=str(born), expires=str(born + timedelta(days=90))))
    drawn = run("keys", "timeline", keys, "--at", NOW).stdout.splitlines()[3]
    assert drawn.strip().strip("┃").strip() == ("░" if years < 0 else "█")
    svg = run("keys", "timeline", keys, "--at", NOW, "--svg", "-").stdout
    assert 'width="2" height="18"' in svg


@given(
    created=st.none() | st.dates(),
    life=st.none() | st.integers(0, 5000),
    at=st.datetimes(datetime(1970, 1, 2), datetime(8999, 12, 30), timezones=st.just(UTC)),
)
def test_everything_stays_inside_the_picture(
    created: date | None, life: int | None, at: datetime
) -> None:
    expires = None
    if life is not None:
        expires = (created or at.date()) + min(
            timedelta(days=life), date.max - (created or at.date())
        )
    drawn = picture(key_pair(created, expires), at=at)
    timeline = drawn.timeline
    (row,) = drawn.rows
    assert timeline.begin <= at < timeline.end
    assert 0 <= timeline.now <= 1
    assert 0 <= row.bar[0].begin <= row.bar[-1].end <= 1
    for room in (5, 13, 22):
        ticks = [tick.at for tick in timeline.ticks(room)]
        assert ticks == sorted(set(ticks))
        assert len(ticks) <= room + 1
        assert all(0 <= tick <= 1 for tick in ticks)
    right = 0.0
    root = ET.fromstring(draw_svg(drawn))  # noqa: S314 - made by the test itself
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("width", "0")) >= 0
        right = max(right, float(box.get("x", "0")) + float(box.get("width", "0")))
    assert right <= 960


@pytest.mark.parametrize("months", [1, 3, 14, 40, 100])
def test_ticks_are_as_close_as_they_fit(months: int) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    end = at.date() + timedelta(days=round(months * 30.4))
    timeline = picture(key_pair(at.date(), end), at=at).timeline
    counts = [len(timeline.ticks(room)) for room in (200, 60, 20, 10, 5)]
    assert counts == sorted(counts, reverse=True)
    shown = (timeline.end.year - timeline.begin.year) * 12
    assert counts[0] == shown + timeline.end.month - timeline.begin.month
    assert counts[-1] >= 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_picture_that_cannot_be_written_names_its_file(tmp_path: Path) -> None:
    result = run("keys", "timeline", write_keys(tmp_path), "--svg", "/dev/full")
    assert result.exit_code == 2
    assert result.stderr == "gatepass: /dev/full: No space left on device\n"
