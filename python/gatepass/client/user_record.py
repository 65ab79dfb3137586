"""Where invalid Logons are remembered: once for each user, whichever program or store it is."""

from __future__ import annotations

import os
from pathlib import Path

from gatepass.client.attempts import SqliteAttempts
from gatepass.errors import StoreError

NAME = "logons.sqlite"
#: How long the exchange may count a Logon that the record had (`attempts.READ_WITHIN`, `WINDOW`).
_BEWARE = "it counts invalid Logons, so if you move it away, wait six minutes before the next Logon"


def state_folder() -> Path:
    """Return where this user's programs keep what they must not forget: XDG's folder for state."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The standard says to ignore a relative one.
    place = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return place / "gatepass"


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
    try:
        return SqliteAttempts(folder / NAME, session)
    except StoreError as error:
        raise StoreError(f"{error.message}; {_BEWARE}", error.path) from error


def may_be_written() -> bool:
    """Whether this user has a place for the record, and may write what is there."""
    try:
        folder = state_folder()
    except RuntimeError:  # there is no home
        return False
    record = folder / NAME
    may_make = os.access(folder, os.W_OK | os.X_OK)
    return may_make and (not record.exists() or os.access(record, os.W_OK))
