"""What every use case of the Request Center needs, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from gatepass.center.secrets.hidden import Hidden
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.keys.rules import MarketCalendar

Clock = Callable[[], datetime]

#: The default for the Environment column of a key file. CME's names for production and
#: certification are not public; this one cannot be confused with them.
ENVIRONMENT = "SIMULATION"


def utc_now() -> datetime:
    """Return the time of this machine's clock, aware and in UTC."""
    return datetime.now(UTC)


class Courier(Protocol):
    """Delivers verification codes to people."""

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Deliver a text with a code to a mobile, or to what replaces it.

        Blocks until it was handed over. Raises `gatepass.errors.DeliveryError`, which does not
        contain the text. Threads may call it at the same time.
        """


@dataclass(frozen=True, slots=True)
class Center:
    """One Request Center. Threads may share it.

    All times come from ``clock``. ``environment`` is written into key files: at most 20 printable
    characters. ``open_always`` ignores the opening hours, for rehearsal. ``outbox`` is the folder
    for codes if they are not sent to people. ``anchor`` is the file that says, outside of the
    database, where its audit log ended.
    """

    database: Database
    vault: Vault
    calendar: MarketCalendar
    courier: Courier
    clock: Clock = utc_now
    environment: str = ENVIRONMENT
    open_always: bool = False
    outbox: Path | None = None
    anchor: Path | None = None
