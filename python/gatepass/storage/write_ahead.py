"""SQLite's write-ahead log: readers and one writer do not wait for each other."""

from __future__ import annotations

import sqlite3
import time


def write_ahead(database: sqlite3.Connection, lock_wait: float) -> None:
    """Turn the log on. SQLite waits for nobody here by itself, so this tries for these seconds."""
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
