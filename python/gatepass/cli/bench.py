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
    """Measure the speed of this machine against pure Python.

    Takes some ten seconds and wants the machine for itself. Exit code 1 if a
    bar is not met.

    --json writes one object: met, machine, and rows with path, against, ours_ns,
    theirs_ns, ratio, bar, higher_is_better and met each.
    """
    if BUILD_PROFILE != "release":
        raise GatepassError(
            "this is a debug build, some thirty times slower: pip install it, then measure"
        )
    # Only now: most commands do without what it takes to measure.
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
