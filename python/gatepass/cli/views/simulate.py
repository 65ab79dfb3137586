"""What a simulated gateway decided, a line each, for people and for machines."""

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

#: What a report looks like; the others have the mark of something that just happened.
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
#: Reports whose words are the gateway's own: paths and Access Key IDs may be long.
_OWN_WORDS = frozenset({Event.LOGGED_ON, Event.KEYS, Event.STORE})
PLAIN = Mark("·", "-", "")
#: Columns of what was decided, with its mark.
WHAT_WIDTH = 13
NAME_WIDTH = 8
#: The first character of a signature, in JSON. A program that searches logs for leaked keys takes a
#: signature for one; with an escape it does not, and readers of JSON get the same text.
_SIGNATURE = re.compile(r"(?<=1402=)[A-Za-z0-9_+/-]")


@dataclass(frozen=True, slots=True)
class Told:
    """A report with the time at which it was made; or the Logon that it refused, a line more."""

    at: datetime
    report: Report
    is_logon: bool = False

    @property
    def what(self) -> str:
        """What happened, in a word or two."""
        return "logon" if self.is_logon else self.report.what

    @property
    def detail(self) -> str:
        """What there is to say about it, without anything that could be a secret."""
        # The gateway has made sure that nothing in a Logon could be a secret.
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
    """Load all that printing needs: later there may be no file descriptor to load it with."""
    from rich.console import Console

    console = Console(file=io.StringIO())
    print_told(console, Told(datetime.now(UTC), Report(Event.NO_ROOM, "ABC123N", "ready")))


def print_told(console: Console, told: Told) -> None:
    """Print a report: time, session, what, and the detail in a column of its own."""
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
