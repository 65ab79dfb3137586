"""What a conversation is held with: the exchange, in memory or behind TCP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class Exchange(Protocol):
    """A Globex gateway as a conversation sees it. `who` names a connection of the client's."""

    now: datetime
    reasons: list[str]

    async def connect(self, who: str, *, backup: bool) -> None:
        """Open a connection to the primary or the backup."""

    async def write(self, who: str, wire: bytes) -> None:
        """Send bytes."""

    async def read(self, who: str) -> bytes | None:
        """Give the next message; ``None`` if the connection was closed instead."""

    async def is_quiet(self, who: str) -> bool:
        """Whether nothing has come."""

    async def unread(self) -> dict[str, list[bytes]]:
        """Give the messages that came and were not read, by connection."""

    async def drop(self, who: str) -> None:
        """Cut the connection."""

    async def wait(self, span: timedelta) -> None:
        """Let time pass, a second at a time."""

    async def emit(self, msg_type: str, fields: list[tuple[int, str]]) -> None:
        """Have the exchange send an application message to session ABC123."""

    async def fail_over(self) -> None:
        """Have the primary gateway of session ABC123 fail."""

    async def reopen(self) -> None:
        """Have the Global Command Center open session ABC123's ports."""

    async def close(self) -> None:
        """End it all."""
