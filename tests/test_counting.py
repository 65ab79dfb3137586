"""Counts and ranges in words."""

from __future__ import annotations

from gatepass.counting import counted, numbered


def test_one_of_a_thing_is_not_written_as_many() -> None:
    assert [counted(n, "pair") for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
    assert [counted(n, "entry", "entries") for n in (1, 3)] == ["1 entry", "3 entries"]


def test_a_range_of_one_is_one_number() -> None:
    assert numbered(4, 4, "message") == "message 4"
    assert numbered(4, 6, "message") == "messages 4 to 6"
    assert numbered(7, 7, "entry", "entries") == "entry 7"
    assert numbered(7, 8, "entry", "entries") == "entries 7 to 8"
