"""A trading desk: logs on at a gateway that uses the key pairs of a Request Center."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gatepass.center.context import Center
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.client import connect
from gatepass.errors import LogonRefusedError
from gatepass.fix.settings import ClientSettings
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import KeyFile
from gatepass.session.store import MemoryStore
from tests.center.aside import aside

ACCEPTED = "accepted"


def log_on(center: Center, session: str, key_file: Path) -> str:
    """Log on with a key file and log out; return ``accepted``, or why the gateway refused."""
    return aside(lambda: asyncio.run(_log_on(center, session, key_file)))


async def _log_on(center: Center, session: str, key_file: Path) -> str:
    reports: list[Report] = []
    keys = CenterKeys(center.database, center.vault)
    gateway = Gateway(keys, Kind.parse("cgw"), report=reports.append, clock=center.clock)
    settings = ClientSettings(f"{session}004N", "OP1", "G", "US,NY", "gatepass", "test", "ACME")
    port = await gateway.listen("127.0.0.1", 0)
    try:
        async with connect(
            "127.0.0.1", port, settings, KeyFile(key_file), MemoryStore(), clock=center.clock
        ):
            return ACCEPTED
    except LogonRefusedError:
        return next(report.detail for report in reports if report.what == Event.REFUSED)
    finally:
        await gateway.close()
