"""Sequence numbers on disk."""

from gatepass.storage.sqlite import SqliteStore

__all__ = ["SqliteStore"]
