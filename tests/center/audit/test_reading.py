"""A manager reads the firm's audit log: by text, by day, and as a file."""

from __future__ import annotations

import csv
import io
from datetime import date
from itertools import product

import pytest
from sqlalchemy import text

from gatepass.center.audit import log as audit
from gatepass.center.audit import reading as audit_reading
from gatepass.center.audit.entry import Entry
from gatepass.center.audit.reading import Wanted
from gatepass.center.audit.rows import Unreadable
from gatepass.center.pairs import pairs
from gatepass.errors import NotAllowedError
from tests.center.world import World


def seen(world: World, wanted: Wanted) -> list[tuple[str, str]]:
    page = audit_reading.entries(world.center, world.manager, wanted=wanted)
    assert page.total == len(page.items)
    assert not any(isinstance(one, Unreadable) for one in page.items)
    return [(one.action, one.subject) for one in page.items if isinstance(one, Entry)]


def as_rows(world: World) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(audit_reading.as_csv(world.center, world.manager)))))


def test_a_text_is_found_in_any_column_in_upper_or_lower_case(world: World) -> None:
    made = pairs.generate(world.center, world.keys, "ABC")
    pairs.generate(world.center, world.manager, "DEF")
    generated = ("generate", "ABC")
    for word in ("kim", "KIM", made.access_key_id[3:].lower()):
        assert seen(world, Wanted(word)) == [generated]
    assert generated in seen(world, Wanted("abc"))
    assert ("generate", "DEF") not in seen(world, Wanted("abc"))
    for word in ("%", "_", "no such thing", "\0%"):
        assert seen(world, Wanted(word)) == []


def test_days_are_those_of_chicago(world: World) -> None:
    world.clock.go(hours=14, minutes=59)  # the same Wednesday, 23:59 in Chicago
    audit_entry(world, "late x")
    world.clock.go(minutes=1)
    audit_entry(world, "early x")
    wednesday, thursday = date(2026, 3, 4), date(2026, 3, 5)
    assert seen(world, Wanted(first=thursday)) == [("add token", "early x")]
    assert seen(world, Wanted(first=thursday, last=thursday)) == [("add token", "early x")]
    latest = seen(world, Wanted(last=wednesday))
    assert latest[0] == ("add token", "late x")
    assert ("add token", "early x") not in latest
    assert seen(world, Wanted("x", wednesday, thursday)) == [
        ("add token", "early x"),
        ("add token", "late x"),
    ]


def audit_entry(world: World, token: str) -> None:
    """An entry with a text that a user chose."""
    action = audit.Action.ADD_TOKEN
    world.center.database.write(
        lambda c: audit.append(c, world.center, world.manager, action, token=token)
    )


def test_only_users_with_the_right_see_it_and_only_their_firms_entries(world: World) -> None:
    for who in (world.keys, world.reader):
        with pytest.raises(NotAllowedError):
            audit_reading.as_csv(world.center, who)
    audit_entry(world, "ours")
    theirs = "".join(audit_reading.as_csv(world.center, world.foreign))
    assert "ours" not in theirs
    assert "XYZ" in theirs


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_no_cell_is_a_formula(world: World, evil: str) -> None:
    audit_entry(world, f'{evil},"\n;x')
    rows = as_rows(world)
    assert rows[-1][4].replace("\r", "").startswith("'")
    assert rows[-1][4].endswith(',"\n;x')
    assert {len(row) for row in rows} == {9}


def test_no_cell_is_a_formula_with_another_separator(world: World) -> None:
    """As a spreadsheet reads it if the system has another list separator."""
    for separator, gap, sign in product(",;\t|", ("", " ", '"', '""'), "=+-@"):
        audit_entry(world, f"x{separator}{gap}{sign}1+1{separator}")
    file = "".join(audit_reading.as_csv(world.center, world.manager))
    assert all((line[0], line[-1]) == ('"', '"') for line in file.splitlines())
    for delimiter in ",;\t|":
        rows = list(csv.reader(io.StringIO(file), delimiter=delimiter))
        if delimiter != ",":
            # Or one that ignores quotes within a cell.
            rows += [line.split(delimiter) for line in file.splitlines()]
        cells = [cell.strip('" ') for row in rows for cell in row]
        assert len(cells) > 64
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@"))]


def test_the_file_contains_the_entries_of_the_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        audit_entry(world, f"do {number}")
    whole = as_rows(world)
    assert whole[0][0] == "Entry"
    assert [row[4] for row in whole[-7:]] == [f"do {number}" for number in range(7)]
    shown = audit_reading.entries(world.center, world.manager, size=1000)
    assert [int(row[0]) for row in whole[:0:-1]] == [
        one.id for one in shown.items if isinstance(one, Entry)
    ]
    monkeypatch.setattr(audit_reading, "_BATCH", 2)
    assert as_rows(world) == whole


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_entry_that_is_not_utf_8_hides_no_other(world: World) -> None:
    audit_entry(world, "before")
    audit_entry(world, "after")
    bad = "UPDATE audit SET detail = CAST(X'eda080' AS TEXT) WHERE subject = 'before'"
    world.center.database.write(lambda c: c.execute(text(bad)))
    page = audit_reading.entries(world.center, world.manager)
    assert [one.subject for one in page.items[:2] if isinstance(one, Entry)] == [
        "after",
        "before",
    ]
    assert as_rows(world)[-2][6] == "\N{REPLACEMENT CHARACTER}" * 3
