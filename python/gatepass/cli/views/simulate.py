"""The events of a simulated gateway, one line each, for people and for programs."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import CAUTION, NO, YES, Mark, marked, visible
from gatepass.gateway import Event, Report
from gatepass.keys.likely_secret import hidden

if TYPE_CHECKING:
    from rich.console import Console

#: The mark of each kind of report; the others have `PLAIN`.
MARKS = {
    Event.LOGGED_ON: YES,
    Event.REOPENED: YES,
    Event.REFUSED: NO,
    Event.PORT_CLOSED: NO,
    Event.STORE: NO,
    Event.KEYS: NO,
    Event.REJECTED: CAUTION,
    Event.GARBLED: CAUTION,
    Event.NO_ROOM: CAUTION,
    Event.GAP: CAUTION,
    Event.LOST: CAUTION,
    Event.FAULT: CAUTION,
    Event.OPERATOR: CAUTION,
    Event.NOT_SHOWN: CAUTION,
    Event.FAILED_OVER: CAUTION,
}
#: Reports with only the gateway's own words: their long words are paths and Access Key IDs, not
#: secrets.
_OWN_WORDS = frozenset({Event.LOGGED_ON, Event.KEYS, Event.STORE})
PLAIN = Mark("·", "-", "")
#: Width of the column with the event and its mark.
WHAT_WIDTH = 13
NAME_WIDTH = 8
#: The first character of a signature, in JSON. A program that searches logs for leaked keys would
#: take a signature for one. An escape prevents that, and JSON readers still get the same text.
_SIGNATURE = re.compile(r"(?<=1402=)[A-Za-z0-9_+/-]")


@dataclass(frozen=True, slots=True)
class Told:
    """A report with its time, or the Logon that it refused, on a separate line."""

    at: datetime
    report: Report
    is_logon: bool = False

    @property
    def what(self) -> str:
        """What happened, in a word or two."""
        return "logon" if self.is_logon else self.report.what

    @property
    def detail(self) -> str:
        """The details, without anything that could be a secret."""
        # The gateway has already hidden anything in the Logon that could be a secret.
        if self.is_logon:
            return self.report.logon
        detail = visible(self.report.detail)
        return detail if self.report.what in _OWN_WORDS else hidden(detail)

    def as_dict(self) -> dict[str, object]:
        """The report as plain data, for JSON."""
        return {
            "time": self.at.isoformat(timespec="milliseconds"),
            "session": self.report.sender_comp_id,
            "what": self.what,
            "detail": self.detail,
        }

    def as_json(self) -> str:
        """The report as one line of JSON."""
        return _SIGNATURE.sub(lambda first: f"\\u{ord(first[0]):04x}", json.dumps(self.as_dict()))


def get_ready() -> None:
    """Import all that printing needs now: later there may be no file descriptor left for it."""
    from rich.console import Console

    console = Console(file=io.StringIO())
    print_told(console, Told(datetime.now(UTC), Report(Event.NO_ROOM, "ABC123N", "ready")))


def print_told(console: Console, told: Told) -> None:
    """Print a report in columns: time, session, event and details."""
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(no_wrap=True)
    row.add_column(no_wrap=True, min_width=NAME_WIDTH)
    row.add_column(no_wrap=True, min_width=WHAT_WIDTH)
    row.add_column(overflow="fold")
    mark = MARKS.get(told.report.what, PLAIN)
    row.add_row(
        Text(f"{told.at:%H:%M:%S}.{told.at.microsecond // 1000:03d}", "dim"),
        Text(visible(told.as_dict()["session"]) or "-", "bold"),
        marked(console, mark, told.report.what),
        Text(told.detail),
    )
    console.print(row)
