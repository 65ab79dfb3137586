"""Writes the generated parts of `benches/README.md`, each between its own marks."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).parent / "README.md"


def write_part(name: str, text: str) -> None:
    """Replace the text between the marks of `name`; the rest stays. Raises `ValueError`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = README.read_text()
    before, opened, rest = whole.partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"{README} has no lines {begin} and {end}: put them where the part goes")
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}")
