"""A Request Center whose users can log in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

from sqlalchemy import func, select
from sqlalchemy.sql import FromClause

from gatepass.center.context import Center
from gatepass.center.pairs.firms import add_firm
from gatepass.center.people import logins, password_change
from gatepass.center.people import users as people
from gatepass.center.roles import Actor, Role
from tests.center.world import Clock, Outbox

PASSWORD = "correct horse battery"
MOBILES = {"maria": "+13125550101", "kim": "+13125550102", "bob": "+442079460103"}


@dataclass(frozen=True)
class Users:
    """Firm ``Alpha`` with maria (manager) and kim (keys), firm ``Beta`` with bob (manager)."""

    center: Center
    clock: Clock
    outbox: Outbox
    first: dict[str, str]

    def begin(self, name: str, password: str = PASSWORD) -> str:
        return logins.begin_login(self.center, name, password, "192.0.2.1").token.reveal()

    def enter(self, name: str, password: str = PASSWORD) -> str:
        """Log in with both factors; return the token of the login."""
        token = self.begin(name, password)
        return logins.finish_login(self.center, token, self.outbox.last_code).token.reveal()

    def settle(self, name: str) -> Actor:
        """The first login of a new user, who chooses a password."""
        token = self.enter(name, self.first[name])
        token = password_change.choose_first(self.center, token, PASSWORD).reveal()
        actor = logins.find(self.center, token, "192.0.2.1")
        assert actor is not None
        logins.end(self.center, token)
        return actor


def make_users(center: Center, clock: Clock, outbox: Outbox) -> Users:
    add_firm(center, "Alpha")
    add_firm(center, "Beta")
    first = {}
    for name, firm, role in (
        ("maria", "Alpha", Role.MANAGER),
        ("kim", "Alpha", Role.KEYS),
        ("bob", "Beta", Role.MANAGER),
    ):
        made = people.add_person(
            center, firm, name, name.title(), f"{name}@example.com", MOBILES[name], role
        )
        first[name] = made.one_time_password.reveal()
    return Users(center, clock, outbox, first)


def rows(center: Center, table: FromClause) -> int:
    with center.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """Do the same in so many threads at once; return what each returned or raised."""
    barrier = Barrier(count)

    def one() -> object:
        barrier.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the outcome is what is asked for
            return error

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(count)]]
