"""Bytes and time between a session and a socket."""

from gatepass.transport.connection import Clock, Connection, utc_now
from gatepass.transport.tls import client_context, server_context

__all__ = ["Clock", "Connection", "client_context", "server_context", "utc_now"]
