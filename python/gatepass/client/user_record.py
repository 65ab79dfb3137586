"""Where invalid Logons are remembered: once for each user, whichever program or store it is."""

from __future__ import annotations

import os
from pathlib import Path

from gatepass.arguments import checked
from gatepass.client.attempts import SqliteAttempts
from gatepass.errors import StoreError

NAME = "logons.sqlite"


def state_folder() -> Path:
    """Return where this user's programs keep what they must not forget: XDG's folder for state."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The standard says to ignore a relative one.
    place = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return place / "gatepass"


@checked
def user_attempts(session: str) -> SqliteAttempts:
    """Open this user's record of a Session ID's invalid Logons, to be closed by the caller.

    The gateway's address does not count: one gateway has several names, and a port may be closed by
    Logons to its backup. Only gateways on this machine have a record apart from the exchange's,
    `SqliteAttempts.on_loopback`. Raises `StoreError`.
    """
    try:
        folder = state_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        why = f"cannot be opened: {error}; set XDG_STATE_HOME to a folder that can be written"
        raise StoreError(why, NAME) from error
    return SqliteAttempts(folder / NAME, session)
