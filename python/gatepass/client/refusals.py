"""What a refusal of a Logon means for the next one, by the exchange's text (58)."""

from __future__ import annotations

import enum

from gatepass.client.attempts import MARGIN, WINDOW
from gatepass.errors import LogonRefusedError
from gatepass.fix.scenarios import says_not_reset

#: How an exchange refuses a session that is logged on already. It says the same for a wrong key.
_INVALID = "invalid logon logout forced"
#: Heartbeat intervals of silence after which an exchange counts a client as gone: 1.2 until it
#: sends a Test Request, and one for the answer.
SILENT = 2.2
#: Seconds after which a refused Logon no longer counts towards port closure.
FORGOTTEN = (WINDOW + MARGIN).total_seconds()


class Refusal(enum.Enum):
    """What a refusal means for the next Logon."""

    TOO_LOW = "the next one has the number that is expected"
    NOT_RESET = "the next one begins the week"
    INVALID = "the exchange may still have the connection that broke"
    FINAL = "no wait helps"


def meaning(error: LogonRefusedError) -> Refusal:
    """Read a refusal."""
    if says_not_reset(error.text):
        return Refusal.NOT_RESET
    if "too low" in error.text and error.next_expected is not None:
        return Refusal.TOO_LOW
    # CME spells it in two ways, which differ in case and periods.
    words = error.text.casefold().replace(".", " ").split()
    return Refusal.INVALID if words == _INVALID.split() else Refusal.FINAL


def noticed_within(heart_bt_int: int) -> float:
    """Give the seconds after which an exchange has noticed a connection that broke.

    It is also the time after which a refused Logon no longer counts.
    """
    return max(FORGOTTEN, SILENT * heart_bt_int)
