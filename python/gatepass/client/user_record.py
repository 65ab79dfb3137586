"""Where invalid Logons are recorded: once per user, for all programs and stores."""

from __future__ import annotations

import os
from pathlib import Path

from gatepass.client.attempts import SqliteAttempts
from gatepass.errors import StoreError

NAME = "logons.sqlite"
#: The exchange may count a recorded Logon that long (`attempts.READ_WITHIN`, `WINDOW`).
_BEWARE = "it counts invalid Logons, so if you move it away, wait six minutes before the next Logon"


def state_folder() -> Path:
    """Return the folder for the state of this user's programs, as XDG defines it."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The standard says to ignore a relative path.
    place = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return place / "gatepass"


def user_attempts(session: str) -> SqliteAttempts:
    """Open this user's record of a Session ID's invalid Logons; the caller closes it.

    The gateway's address does not matter: one gateway has several names, and Logons to the backup
    may close a port of the primary. Only gateways on this machine have a record of their own,
    `SqliteAttempts.on_loopback`. Raises `StoreError`.
    """
    try:
        folder = state_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        why = f"cannot be opened: {error}; set XDG_STATE_HOME to a writable folder"
        raise StoreError(why, NAME) from error
    try:
        return SqliteAttempts(folder / NAME, session)
    except StoreError as error:
        raise StoreError(f"{error.message}; {_BEWARE}", error.path) from error


def may_be_written() -> bool:
    """Whether this user has a folder for the record, and may write the record."""
    try:
        folder = state_folder()
    except RuntimeError:  # there is no home
        return False
    record = folder / NAME
    may_make = os.access(folder, os.W_OK | os.X_OK)
    return may_make and (not record.exists() or os.access(record, os.W_OK))
