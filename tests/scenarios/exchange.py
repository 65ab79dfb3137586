"""The exchange of a conversation, in memory or over TCP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class Exchange(Protocol):
    """A Globex gateway as a conversation sees it. `who` names a connection of the client."""

    now: datetime
    reasons: list[str]

    async def connect(self, who: str, *, backup: bool) -> None:
        """Open a connection to the primary or the backup."""

    async def write(self, who: str, wire: bytes) -> None:
        """Send bytes."""

    async def read(self, who: str) -> bytes | None:
        """Return the next message; ``None`` if the connection was closed instead."""

    async def is_quiet(self, who: str) -> bool:
        """Return whether nothing has arrived."""

    async def unread(self) -> dict[str, list[bytes]]:
        """Return the messages that arrived but were not read, by connection."""

    async def drop(self, who: str) -> None:
        """Cut the connection."""

    async def wait(self, span: timedelta) -> None:
        """Let time pass, a second at a time."""

    async def emit(self, msg_type: str, fields: list[tuple[int, str]]) -> None:
        """Let the exchange send an application message to session ABC123."""

    async def fail_over(self) -> None:
        """Let the primary gateway of session ABC123 fail."""

    async def reopen(self) -> None:
        """Let the Global Command Center open session ABC123's ports."""

    async def close(self) -> None:
        """Close everything."""
