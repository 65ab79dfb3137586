"""How a logon ended, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gatepass.cli.conversation import Said, print_said
from gatepass.cli.output import NO, YES, marked, visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Ending", "Promoted", "Spoken", "print_ending", "print_event"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message, and which connection it is of: ``primary``, ``backup``, or empty for the one."""

    connection: str
    said: Said

    def as_dict(self) -> dict[str, object]:
        """The message as plain data, for JSON."""
        which: dict[str, object] = {"connection": self.connection} if self.connection else {}
        return self.said.as_dict() | which


@dataclass(frozen=True, slots=True)
class Promoted:
    """A failover: this connection is the primary's from now on."""

    at: datetime
    connection: str

    def as_dict(self) -> dict[str, object]:
        """The failover as plain data, for JSON."""
        time = self.at.isoformat(timespec="milliseconds")
        return {"time": time, "connection": self.connection, "promoted": True}


def print_event(console: Console, event: Spoken | Promoted) -> None:
    """Print a message, or that a failover has happened."""
    if isinstance(event, Spoken):
        print_said(console, event.said, event.connection)
        return
    line = marked(console, YES, f"failover: the {event.connection} is the primary now")
    line.stylize("bold")
    console.print(line)


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: in a word or two, with the exit code, the text, 789, and what to do."""

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
    """Print how it ended, and what to do about it."""
    from rich.padding import Padding
    from rich.text import Text

    good = ending.exit_code == 0
    words = "logged on, and logged out cleanly" if good else ending.result
    if ending.text:
        # Our own sentences say it all; the exchange's text is quoted.
        words = f"{words}: {ending.text}" if ending.exit_code == 1 else ending.text
    line = marked(console, YES if good else NO, words)
    line.stylize("bold")
    console.print(line)
    if ending.next_expected is not None:
        expects = f"the gateway expects MsgSeqNum {ending.next_expected} next (789)"
        console.print(Text(f"  {expects}", "dim"))
    if ending.what_to_do:
        console.print(Padding.indent(Text(f"What to do: {visible(ending.what_to_do)}"), 2))
