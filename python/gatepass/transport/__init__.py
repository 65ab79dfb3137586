"""Bytes and time between a session and a socket."""

from gatepass.transport.connection import Clock, Connection, utc_now

__all__ = ["Clock", "Connection", "utc_now"]
