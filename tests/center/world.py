"""A Request Center for tests: its clock and courier, a firm with users and sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert

from gatepass.center.context import Center
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.pairs.firms import SessionKind, add_firm, add_session
from gatepass.center.roles import Actor, Role
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.center.store.schema import person

#: A Wednesday, 09:00 in Chicago.
START = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)

ENVELOPE_KEY = bytes(range(32))


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Outbox:
    """A courier that keeps what it gets: mobile, e-mail address, text."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        self.sent.append((mobile, email, text.reveal()))

    @property
    def last_code(self) -> str:
        """The six digits of the last text."""
        words = self.sent[-1][2].replace(".", " ").replace(":", " ").replace(",", " ").split()
        return next(word for word in words if word.isdigit() and len(word) == 6)


def make_center(database: Database, clock: Clock, courier: Outbox) -> Center:
    vault = Vault(LocalKeys([ENVELOPE_KEY]))
    vault.prepare(database)
    return Center(database, vault, GlobexCalendar(), courier, clock)


def add_user(center: Center, firm_id: int, name: str, role: Role) -> Actor:
    """Add a user who cannot log in: only what the store needs."""

    def work(connection: Connection) -> int:
        made = connection.execute(
            insert(person).values(
                firm_id=firm_id,
                name=name,
                full_name=name.title(),
                email=f"{name}@example.com",
                mobile="+1312555" + f"{sum(name.encode()) % 10000:04}",
                role=role.name,
                password_hash="none",
                must_change=False,
                disabled=False,
                created_at=center.clock(),
            )
        )
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    return Actor(center.database.write(work), firm_id, name, role, origin="127.0.0.1")


@dataclass(frozen=True)
class World:
    """Firm ``Alpha`` with a user of each role and sessions ``ABC``, ``DEF``, ``ABC123``; firm
    ``Beta`` with a manager and the session ``XYZ``.
    """

    center: Center
    clock: Clock
    outbox: Outbox
    manager: Actor
    keys: Actor
    reader: Actor
    foreign: Actor


def make_world(center: Center, clock: Clock, outbox: Outbox) -> World:
    alpha, beta = add_firm(center, "Alpha"), add_firm(center, "Beta")
    world = World(
        center=center,
        clock=clock,
        outbox=outbox,
        manager=add_user(center, alpha, "maria", Role.MANAGER),
        keys=add_user(center, alpha, "kim", Role.KEYS),
        reader=add_user(center, alpha, "rae", Role.READER),
        foreign=add_user(center, beta, "bob", Role.MANAGER),
    )
    add_session(center, "Alpha", "ABC", SessionKind.ILINK, "maria", "front desk")
    add_session(center, "Alpha", "DEF", SessionKind.ILINK, "kim", "back-up, 50% of flow")
    add_session(center, "Alpha", "ABC123", SessionKind.DROPCOPY, "maria", "risk")
    add_session(center, "Beta", "XYZ", SessionKind.ILINK, "bob")
    return world
