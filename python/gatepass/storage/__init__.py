"""Sequence numbers on disk."""

from gatepass.storage.database import Database
from gatepass.storage.sqlite import SqliteDatabase, SqliteStore

__all__ = ["Database", "SqliteDatabase", "SqliteStore"]
