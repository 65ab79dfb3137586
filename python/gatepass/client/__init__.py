"""The client's side: log on, stay on, log out, on asyncio."""

from gatepass.client.attempts import Attempt, Attempts, MemoryAttempts, SqliteAttempts
from gatepass.client.back_off import BackOff
from gatepass.client.clock import ClockPolicy, ClockReading, check_clock, read_clock
from gatepass.client.connect import connect
from gatepass.client.connector import Connector
from gatepass.client.fault_tolerance import FaultTolerantLink
from gatepass.client.guard import LogonGuard
from gatepass.client.link import Link
from gatepass.client.user_record import user_attempts
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteStore

__all__ = [
    "Attempt",
    "Attempts",
    "BackOff",
    "ClientSettings",
    "ClockPolicy",
    "ClockReading",
    "Connector",
    "FaultTolerantLink",
    "Link",
    "LogonGuard",
    "MemoryAttempts",
    "MemoryStore",
    "Scenario",
    "SqliteAttempts",
    "SqliteStore",
    "Store",
    "check_clock",
    "connect",
    "read_clock",
    "user_attempts",
]
