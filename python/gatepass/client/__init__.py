"""The client's side: log on, stay on, log out, on asyncio."""

from gatepass.client.clock import ClockPolicy, ClockReading, check_clock, read_clock
from gatepass.client.connect import BackOff, connect, reconnecting
from gatepass.client.guard import Attempts, LogonGuard, MemoryAttempts, SqliteAttempts
from gatepass.client.link import Link
from gatepass.client.pair import Pair, connect_pair
from gatepass.client.remedies import remedy

__all__ = [
    "Attempts",
    "BackOff",
    "ClockPolicy",
    "ClockReading",
    "Link",
    "LogonGuard",
    "MemoryAttempts",
    "Pair",
    "SqliteAttempts",
    "check_clock",
    "connect",
    "connect_pair",
    "read_clock",
    "reconnecting",
    "remedy",
]
