"""Counts and ranges in words for people: one of a thing is not written as many."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun, such as ``1 pair`` or ``2 pairs``."""
    return f"{count} {_form(count, noun, plural)}"


def numbered(begin: int, end: int, noun: str, plural: str = "") -> str:
    """Return a range with its noun, such as ``message 4`` or ``messages 4 to 6``."""
    shown = f"{begin}" if begin == end else f"{begin} to {end}"
    return f"{_form(end - begin + 1, noun, plural)} {shown}"


def _form(count: int, noun: str, plural: str) -> str:
    return noun if count == 1 else plural or f"{noun}s"
