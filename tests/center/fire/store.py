"""The Request Center under fire: one firm, its manager, many users, a few sessions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from gatepass.center.context import Center
from gatepass.center.mail.couriers.outbox import OutboxCourier
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.pairs.firms import SessionKind, add_firm, add_session
from gatepass.center.people import passwords
from gatepass.center.roles import Role
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.center.store.schema import person
from tests.center.world import ENVELOPE_KEY, START, add_user

PASSWORD = "correct horse battery"
MANAGER = "maria"
SESSIONS = ("ABC", "DEF", "GHI", "JKL")


@contextmanager
def opened(url: str, begun: float, outbox: Path) -> Iterator[Center]:
    """Open the store; its clock was at `START`, in open hours, when this machine's was `begun`."""
    database = Database(url)
    vault = Vault(LocalKeys([ENVELOPE_KEY]))
    vault.prepare(database)

    def clock() -> datetime:
        return START + timedelta(seconds=time.time() - begun)

    try:
        yield Center(database, vault, GlobexCalendar(), OutboxCourier(outbox), clock)
    finally:
        database.close()


def furnish(center: Center, users: int) -> list[str]:
    """Add everything; return the users' names. They are many, since each has ten codes a day."""
    firm = add_firm(center, "Alpha")
    add_user(center, firm, MANAGER, Role.MANAGER)
    for name in SESSIONS:
        add_session(center, "Alpha", name, SessionKind.ILINK, MANAGER)
    hashed = passwords.hash_password(PASSWORD)
    names = [f"user{number}" for number in range(users)]
    rows = [
        {
            "firm_id": firm,
            "name": name,
            "full_name": name.title(),
            "email": f"{name}@example.com",
            "mobile": mobile_of(name),
            "role": Role.KEYS.name,
            "password_hash": hashed,
            "must_change": False,
            "disabled": False,
            "created_at": center.clock(),
        }
        for name in names
    ]
    center.database.write(lambda connection: connection.execute(insert(person), rows))
    return names


def mobile_of(user: str) -> str:
    """Return a user's own number."""
    return f"+1773555{int(user.removeprefix('user')):04}"
