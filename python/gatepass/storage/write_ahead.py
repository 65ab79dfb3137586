"""SQLite's write-ahead log: readers and a writer do not wait for each other."""

from __future__ import annotations

import sqlite3
import time


def write_ahead(database: sqlite3.Connection, lock_wait: float) -> None:
    """Turn the log on. SQLite does not wait for it, so this retries for ``lock_wait`` seconds."""
    until = time.monotonic() + lock_wait
    while True:
        try:
            database.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
