"""One step of `gatepass demo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `show` prints it, `data` is the same for programs."""

    name: str
    title: str
    ok: bool
    show: Callable[[Console], None]
    data: dict[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """The step as plain data, for JSON."""
        return {"step": self.name, "ok": self.ok, **self.data}


def print_all(console: Console, *parts: object) -> None:
    """Print parts below a step's title."""
    from rich.padding import Padding

    for part in parts:
        console.print(Padding.indent(part, 2))  # type: ignore[arg-type]


def text(*lines: str) -> Text:
    """Return plain lines, without markup."""
    from rich.text import Text

    return Text("\n".join(lines))
