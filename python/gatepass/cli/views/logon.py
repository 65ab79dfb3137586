"""The events and the ending of a logon, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import CAUTION, NO, UNKNOWN, YES, Mark, marked, visible
from gatepass.cli.views.conversation import Said, print_said

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Ending", "Noted", "Spoken", "print_ending", "print_event"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message and its connection: ``primary``, ``backup``, or empty if there is only one."""

    connection: str
    said: Said

    def as_dict(self) -> dict[str, object]:
        """The message as plain data, for JSON."""
        which: dict[str, object] = {"connection": self.connection} if self.connection else {}
        return self.said.as_dict() | which


#: The notes between messages, by their key in JSON: a mark, and the words.
NOTES: Mapping[str, tuple[Mark, str]] = {
    "scenario": (UNKNOWN, "scenario {value}: {meaning}"),
    "garbled": (CAUTION, "ignored a garbled message{place}: {value}"),
    "not_resent": (CAUTION, "replaced by a gap fill{place}: {value}"),
    "refused": (CAUTION, "refused and not delivered{place}: {value}"),
    "skipped": (CAUTION, "skipped by the gateway's Sequence Reset{place}: {value} never arrived"),
    "promoted": (YES, "failover: the {connection} is now the primary"),
    "fault_tolerance": (CAUTION, "{value}"),
}
_MEANINGS = {
    "beginning-of-week": "the first logon of the week, sequence numbers begin at 1",
    "mid-week": "the stored sequence numbers continue",
    "in-session": "the sequence numbers restart at 1 while logged on",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """A note between messages: ``what`` is a key of `NOTES`, ``value`` its value in JSON."""

    at: datetime
    connection: str
    what: str
    value: str | bool

    def as_dict(self) -> dict[str, object]:
        """The note as plain data, for JSON."""
        which: dict[str, object] = {"connection": self.connection} if self.connection else {}
        return {"time": self.at.isoformat(timespec="milliseconds"), **which, self.what: self.value}


def print_event(console: Console, event: Spoken | Noted) -> None:
    """Print a message or a note."""
    if isinstance(event, Spoken):
        print_said(console, event.said, event.connection)
        return
    mark, words = NOTES[event.what]
    place = f" (on the {event.connection})" if event.connection else ""
    meaning = _MEANINGS.get(str(event.value), "")
    connection, value = event.connection, event.value
    known = words.format(connection=connection, place=place, value=value, meaning=meaning)
    line = marked(console, mark, known)
    line.stylize("bold")
    console.print(line, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a logon ended: a word or two, the exit code, the text, 789, and what to do."""

    result: str
    exit_code: int
    text: str = ""
    next_expected: int | None = None
    what_to_do: str = ""

    def as_dict(self) -> dict[str, object]:
        """The ending as plain data, for JSON."""
        return {
            "result": self.result,
            "text": self.text or None,
            "next_expected": self.next_expected,
            "what_to_do": self.what_to_do or None,
        }


def print_ending(console: Console, ending: Ending) -> None:
    """Print how the logon ended, and what to do."""
    from rich.padding import Padding
    from rich.text import Text

    good = ending.exit_code == 0
    words = "logged on and logged out cleanly" if good else ending.result
    if ending.text:
        # Our own sentences are complete; the exchange's text follows the result.
        words = f"{words}: {ending.text}" if ending.exit_code == 1 else ending.text
    line = marked(console, YES if good else NO, words)
    line.stylize("bold")
    console.print(line)
    if ending.next_expected is not None:
        expects = f"the gateway expects MsgSeqNum {ending.next_expected} next (789)"
        console.print(Text(f"  {expects}", "dim"))
    if ending.what_to_do:
        console.print(Padding.indent(Text(f"What to do: {visible(ending.what_to_do)}"), 2))
