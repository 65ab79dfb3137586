"""How long a refused Logon, or a lost connection, hinders the next Logon."""

from __future__ import annotations

from gatepass.client.attempts import MARGIN, WINDOW

#: Heartbeat intervals of silence after which an exchange counts a client as gone: 1.2 until it
#: sends a Test Request, and one for the answer.
SILENT = 2.2
#: Seconds after which a refused Logon no longer counts towards port closure.
FORGOTTEN = (WINDOW + MARGIN).total_seconds()


def noticed_within(heart_bt_int: int) -> float:
    """Return the seconds after which an exchange has noticed a lost connection.

    By then a refused Logon no longer counts either.
    """
    return max(FORGOTTEN, SILENT * heart_bt_int)
