"""``gatepass bench``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gatepass._native import BUILD_PROFILE
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import MARKS, UNKNOWN, emit, marked, page, say
from gatepass.errors import GatepassError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gatepass.bench import Row

EPILOG = "[bold]Example:[/bold] gatepass bench"


def bench(json: Json = False) -> None:
    """Compare the speed of gatepass on this machine with pure Python.

    Takes about ten seconds. Run nothing else meanwhile. Exit code 1 if a ratio
    misses its target.

    --json writes one object: met, machine, and rows; each row has path, against,
    ours_ns, theirs_ns, ratio, bar, higher_is_better and met.
    """
    if BUILD_PROFILE != "release":
        raise GatepassError(
            "this is a debug build, about thirty times slower: install with pip, then measure"
        )
    # Imported here, because no other command needs it.
    from gatepass.bench import machine, measure

    rows = measure(lambda path: say(f"measuring: {path}"))
    met = all(row.met for row in rows)
    if json:
        data = [{**asdict(row), "met": row.met} for row in rows]
        emit({"met": met, "machine": machine(), "rows": data})
    else:
        _print(page(), rows, machine())
    raise typer.Exit(0 if met else 1)


def _print(console: Console, rows: Sequence[Row], machine: dict[str, str]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="underline")
    table.add_column("Path")
    table.add_column("Against")
    for heading in ("Ours", "Theirs", "Ratio", "Bar"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(
            row.path,
            row.against,
            f"{row.ours_ns:,.0f} ns",
            f"{row.theirs_ns:,.0f} ns",
            f"{row.ratio:.4g}",
            "" if row.bar is None else f"{'>=' if row.higher_is_better else '<='} {row.bar:g}",
            _verdict(console, row),
        )
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), style="dim")


def _verdict(console: Console, row: Row) -> Text:
    if row.bar is None:
        return marked(console, UNKNOWN, "shown only")
    return marked(console, MARKS[row.met], "met" if row.met else "not met")
