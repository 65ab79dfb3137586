"""An explanation for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import CAUTION, NO, YES, marked, visible
from gatepass.cli.views.verdict import checks_table, headline
from gatepass.fix import ExplainedField, Explanation

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: How `Explanation.canonical` writes a line feed.
LINE_FEED = r"\n"
INDENT = "  "


def print_explanation(console: Console, explanation: Explanation, title: str) -> None:
    """Print everything about one Logon, the verdict first."""
    from rich.padding import Padding

    print_headline(console, explanation, title)
    if explanation.fields:
        _section(console, "Signed fields, in signing order")
        console.print(Padding.indent(fields_table(console, explanation.fields), len(INDENT)))
    if explanation.canonical is not None:
        _section(console, f"Canonical string, the signed text ({LINE_FEED} is a line feed)")
        print_canonical(console, explanation.canonical)
    _section(console, "Checks")
    console.print(Padding.indent(checks_table(console, explanation.verdict), len(INDENT)))
    if explanation.expected is not None or explanation.received is not None:
        _section(console, "Signature, EncryptedPassword (1402)")
        print_signatures(console, explanation.expected, explanation.received)
    if explanation.cause is not None:
        print_cause(console, explanation.cause)
    console.print()


def print_headline(console: Console, explanation: Explanation, title: str) -> None:
    """Print the verdict in a frame."""
    from rich.panel import Panel

    style = (YES if explanation.verdict.valid else NO).style
    panel = Panel(headline(console, explanation.verdict), title=title, title_align="left")
    panel.expand, panel.border_style = False, style
    console.print(panel)


def fields_table(console: Console, fields: Sequence[ExplainedField]) -> Table:
    """Return the signed fields in signing order, each with its problem if it has one."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Tag", justify="right", style="cyan", no_wrap=True)
    table.add_column("Name", no_wrap=True)
    table.add_column("Value", overflow="fold")
    if any(field.problem for field in fields):
        table.add_column("Problem", no_wrap=True)
    for field in fields:
        value = Text("(none)", "dim") if field.value is None else Text(field.value, "bold")
        row = [Text(str(field.tag)), Text(field.name), value]
        if field.problem is not None:
            row.append(marked(console, NO, field.problem))
        table.add_row(*row)
    return table


def print_canonical(console: Console, canonical: str) -> None:
    """Print the canonical string on one line, so that it can be copied."""
    from rich.text import Text

    text = Text(INDENT)
    values = canonical.split(LINE_FEED)
    for number, value in enumerate(values, start=1):
        text.append(value, "bold")
        if number < len(values):
            text.append(LINE_FEED, "magenta")
    console.print(text, soft_wrap=True)


def print_signatures(console: Console, expected: str | None, received: str | None) -> None:
    """Print both signatures, one below the other, and mark the first difference."""
    from rich.text import Text

    label = f"{INDENT}{{:<10}}"
    # A value that may be a Secret Key is hidden with asterisks.
    is_hidden = "*" in (received or "")
    at = None if is_hidden else first_difference(expected, received)
    for name, signature in (("expected", expected), ("received", received)):
        if signature is None:
            text = Text("(none)" if name == "received" else "(unknown without the pair)", "dim")
        else:
            text = Text(signature)
            if at is not None:
                text.stylize("bold red", at, at + 1)
        console.print(Text(label.format(name)).append_text(text), soft_wrap=True)
    if expected is None or received is None or is_hidden:
        return
    if at is None:
        console.print(Text(label.format("")).append_text(marked(console, YES, "the same")))
        return
    marker = Text(label.format("") + " " * at).append(
        f"^ first difference: character {at + 1}", "red"
    )
    console.print(marker, soft_wrap=True)


def first_difference(expected: str | None, received: str | None) -> int | None:
    """Return the index of the first character that differs; ``None`` if nothing differs."""
    if expected is None or received is None:
        return None
    pairs = zip_longest(expected, received)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), None)


def print_cause(console: Console, cause: str) -> None:
    """Print the client's mistake in a frame."""
    from rich.panel import Panel
    from rich.text import Text

    panel = Panel(Text(visible(cause)), title="Cause", title_align="left")
    panel.expand, panel.border_style = False, CAUTION.style
    console.print()
    console.print(panel)


def _section(console: Console, heading: str) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(heading, "underline"))
