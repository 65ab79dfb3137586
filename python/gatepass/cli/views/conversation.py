"""A FIX conversation for people and for programs: with tag names, and with secrets masked."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import can_print, visible
from gatepass.cli.views.fix_names import TAG_NAMES, TYPE_NAMES
from gatepass.fix.message import Message

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: The signature, and the password of older logons.
MASKED = frozenset({96, 1402})
#: Shown in the heading.
IN_HEADING = frozenset({35})
INDENT = "    "
#: Blanks between two fields.
GAP = "  "


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation: time, direction, and fields with secrets masked."""

    at: datetime
    sent: bool
    msg_type: str
    fields: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, at: datetime, sent: bool, wire: bytes) -> Said:
        """Read a message from its bytes on the wire."""
        message = Message.parse(wire)
        fields = tuple((tag, _masked(tag, value)) for tag, value in message.fields)
        return cls(at, sent, message.msg_type, fields)

    @property
    def name(self) -> str:
        """The message's name."""
        return TYPE_NAMES.get(self.msg_type, "message")

    def as_dict(self) -> dict[str, object]:
        """The message as plain data, for JSON."""
        fields = [
            {"tag": tag, "name": TAG_NAMES.get(tag), "value": value} for tag, value in self.fields
        ]
        return {
            "time": self.at.isoformat(timespec="milliseconds"),
            "direction": "sent" if self.sent else "received",
            "msg_type": self.msg_type,
            "name": self.name,
            "fields": fields,
        }


def print_said(console: Console, said: Said, connection: str = "") -> None:
    """Print direction, name and connection, then the fields; no field is split."""
    from rich.text import Text

    heading = Text(f"{said.at:%H:%M:%S}.{said.at.microsecond // 1000:03d} ", "dim")
    heading.append_text(_heading(console, said))
    heading.append(" sent" if said.sent else " received", "dim")
    if connection:
        heading.append(f" on the {connection}", "dim")
    console.print(heading, soft_wrap=True)
    for line in _lines(said, console.width - len(INDENT)):
        console.print(Text(INDENT).append_text(line), soft_wrap=True)


def print_brief(console: Console, said: Said, tags: AbstractSet[int]) -> None:
    """Print direction, name and some of the fields on one line."""
    from rich.text import Text

    line = Text("  ").append_text(_heading(console, said))
    for tag, value in said.fields:
        if tag in tags:
            line.append(f"{GAP}{tag}=", "dim").append(visible(value))
    console.print(line, soft_wrap=True)


def _heading(console: Console, said: Said) -> Text:
    from rich.text import Text

    arrow, colour = ("→", "cyan") if said.sent else ("←", "magenta")
    if not can_print(console, arrow):
        arrow = "->" if said.sent else "<-"
    return Text(f"{arrow} {said.name} ({visible(said.msg_type)})", f"bold {colour}")


def _lines(said: Said, width: int) -> list[Text]:
    """Fill lines with fields; a field wider than a line gets its own line."""
    from rich.text import Text

    lines = [Text()]
    for tag, value in said.fields:
        if tag in IN_HEADING:
            continue
        field = Text.assemble((f"{TAG_NAMES.get(tag, 'tag')} {tag}=", "dim"), visible(value))
        if lines[-1] and len(lines[-1]) + len(GAP) + len(field) > width:
            lines.append(Text())
        if lines[-1]:
            lines[-1].append(GAP)
        lines[-1].append_text(field)
    return lines


def _masked(tag: int, value: str) -> str:
    return f"*** ({len(value)} characters)" if tag in MASKED else value
