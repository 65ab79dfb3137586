"""Verdicts for people: all checks of one, or one row for each of many."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import MARKS, marked, visible
from gatepass.signing import Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from gatepass.keys import KeyRing

#: Written for an unknown value.
NOTHING = "-"


def headline(console: Console, verdict: Verdict) -> Text:
    """Return the verdict on one line: valid or not, the SenderCompID and the key pair."""
    line = judgement(console, verdict)
    line.stylize("bold")
    if verdict.sender_comp_id is not None:
        line.append(f"  {visible(verdict.sender_comp_id)}")
    if verdict.access_key_id is not None:
        line.append(f"  {verdict.access_key_id}")
    return line


def judgement(console: Console, verdict: Verdict) -> Text:
    """Return ``valid`` or ``not valid`` with its mark."""
    return marked(console, MARKS[verdict.valid], "valid" if verdict.valid else "not valid")


def checks_table(console: Console, verdict: Verdict) -> Table:
    """Return every check with its outcome and details."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in verdict.checks:
        mark = MARKS[check.outcome]
        table.add_row(
            marked(console, mark, check.outcome.value),
            Text(check.name, style=mark.style if mark.style == "dim" else "bold"),
            Text(visible(check.detail)),
        )
    return table


class VerdictRows:
    """Writes verdicts as rows of a table, one at a time: there may be too many for memory."""

    def __init__(self, console: Console, ring: KeyRing) -> None:
        self._console = console
        key_width = max(len("ACCESS KEY ID"), *(len(pair.access_key_id) for pair in ring))
        self._form = f"{{:>6}}  {{:<12}}  {{:<{key_width}}}  "
        self._verdict_width = len("x not valid")
        heading = f"{'VERDICT':<{self._verdict_width}}  FAILED CHECK"
        self._print(
            self._form.format("LINE", "SENDERCOMPID", "ACCESS KEY ID") + heading, None, "bold"
        )

    def write(self, place: str, verdict: Verdict) -> None:
        """Write the row of one message."""
        start = self._form.format(
            place, visible(verdict.sender_comp_id or NOTHING), verdict.access_key_id or NOTHING
        )
        found = judgement(self._console, verdict)
        failed = ", ".join(check.name for check in verdict.failed)
        if failed:
            found.append(" " * (self._verdict_width - len(found)))
            found.append(f"  {failed}")
        self._print(start, found, "")

    def _print(self, start: str, found: Text | None, style: str) -> None:
        from rich.text import Text

        line = Text(start, style)
        if found is not None:
            line.append_text(found)
        if self._console.is_terminal:
            self._console.print(line, soft_wrap=True)
        else:
            # Much faster than Rich, and nothing needs a style here.
            sys.stdout.write(f"{line.plain.rstrip()}\n")
