"""Tables for the lists of the Request Center's commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatepass.cli.terminal.output import PIPE_WIDTH, page, visible


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below column names, with control characters escaped."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="underline")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    console = page()
    # In a narrow terminal, let lines run over its edge rather than cut an id.
    unbounded = console.options.update(width=PIPE_WIDTH)
    console.width = max(console.width, console.measure(table, options=unbounded).minimum)
    console.print(table)
