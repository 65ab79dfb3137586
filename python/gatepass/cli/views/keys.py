"""Key pairs and the health of sessions for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import CAUTION, MARKS, NO, PIPE_WIDTH, UNKNOWN, YES, Mark, marked
from gatepass.keys import WARNING_DAYS, KeyPair, SessionHealth, Status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

NOT_KNOWN = "unknown"
#: Width of a terminal from which the table has wide gaps, in columns.
ROOMY = 92


def print_pairs(console: Console, health: Sequence[SessionHealth], at: datetime) -> None:
    """Print a row for each pair; words mark the one in use."""
    table = _pairs_table(console, health, at)
    # In a narrow terminal, let lines run over its edge rather than cut an id.
    unbounded = console.options.update(width=PIPE_WIDTH)
    console.width = max(console.width, console.measure(table, options=unbounded).minimum)
    console.print(table)


def _pairs_table(console: Console, health: Sequence[SessionHealth], at: datetime) -> Table:
    from rich.table import Table

    gap = 2 if console.width >= ROOMY else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="underline")
    table.add_column("Session", no_wrap=True)
    table.add_column("Access Key ID", no_wrap=True)
    table.add_column("Created", no_wrap=True)
    table.add_column("Expires", no_wrap=True)
    table.add_column("Days", justify="right", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Env", overflow="fold", min_width=8)
    for session in health:
        for pair in session.pairs:
            left = pair.days_left(at)
            table.add_row(
                pair.session,
                pair.access_key_id,
                str(pair.created or NOT_KNOWN),
                str(pair.expires or NOT_KNOWN),
                "" if left is None else str(left),
                marked(console, mark_of(session, pair, at), status_words(session, pair, at)),
                pair.environment or "",
            )
    return table


def status_words(session: SessionHealth, pair: KeyPair, at: datetime) -> str:
    """Return the status of a pair, and whether it is the one in use."""
    return f"{pair.status(at).value}{', used' if pair is session.used else ''}"


def days(count: int) -> str:
    """Return a number of days in words."""
    return "1 day" if count == 1 else f"{count} days"


def mark_of(session: SessionHealth, pair: KeyPair, at: datetime) -> Mark:
    """Return the mark of a pair: its status, or a caution if it is in use and expires soon."""
    if pair.length_warning or (pair is session.used and session.warning is not None):
        return CAUTION
    return MARKS[pair.status(at)]


def print_health(console: Console, health: Sequence[SessionHealth], at: datetime) -> None:
    """Print a line for each session, and below it notes on its other pairs."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if not health:
        table.add_row(marked(console, NO, "fails"), "there are no key pairs: no session can log on")
    for session in health:
        mark, word = (YES, "ok") if session.healthy else (NO, "fails")
        table.add_row(marked(console, mark, word), _finding(session, at))
        for note in _notes(session, at):
            table.add_row(marked(console, UNKNOWN, "note"), f"session {session.session}: {note}")
    console.print(table)


def _finding(session: SessionHealth, at: datetime) -> str:
    trouble = session.problem or session.warning
    if session.used is None or (trouble is not None and session.cut is None):
        return str(trouble)
    if session.cut is not None:
        also = "" if trouble is None else f"; {trouble}"
        return f"session {session.session}: {session.cut}{also}"
    begin = f"session {session.session}: {session.used.access_key_id} is used"
    left = session.used.days_left(at)
    if left is None:
        return f"{begin}; its expiry date is unknown"
    return f"{begin}, {days(left)} left ({session.used.expires})"


def _notes(session: SessionHealth, at: datetime) -> Iterator[str]:
    """Give a note on each pair that is not in use, about its validity."""
    for pair in session.pairs:
        if pair is session.used or session.used is None:
            continue
        status, left = pair.status(at), pair.days_left(at)
        if pair.length_warning is not None:
            yield pair.length_warning
        if status is Status.EXPIRED:
            yield f"{pair.access_key_id} expired on {pair.expires}"
        elif status is Status.NOT_YET_VALID:
            yield f"{pair.access_key_id} is not valid before {pair.created}"
        elif left is not None and left <= WARNING_DAYS[0]:
            yield f"{pair.access_key_id} expires on {pair.expires}: normal rotation"
        else:
            yield f"{pair.access_key_id} is active until {pair.expires or NOT_KNOWN}"
