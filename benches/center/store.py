"""The measured Request Center: a firm with users and sessions, during opening hours."""

from __future__ import annotations

import itertools
import string
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, update

from gatepass.center.context import Center
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.people import logins, tokens
from gatepass.center.people import users as people
from gatepass.center.roles import Actor, Role
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.center.store.schema import person, session

#: A Monday, 09:00 in Chicago: pairs can be generated for days.
OPEN = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_KEY = bytes(range(32))


class SilentCourier:
    """A courier that accepts every code at once."""

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Do nothing."""


@contextmanager
def opened(url: str, begun: float) -> Iterator[Center]:
    """Open the store; its time was `OPEN` when this machine's clock was at ``begun``."""
    database = Database(url)
    vault = Vault(LocalKeys([_KEY]))
    vault.prepare(database)

    def clock() -> datetime:
        return OPEN + timedelta(seconds=time.time() - begun)

    try:
        yield Center(database, vault, GlobexCalendar(), SilentCourier(), clock)
    finally:
        database.close()


@dataclass(frozen=True)
class Furnished:
    """The acting user, its login and token, the sessions, and active pairs of the first ones."""

    actor: Actor
    login: str
    token: str
    sessions: list[str]
    pairs: dict[str, list[str]]


def furnish(center: Center, count: int, with_pairs: int) -> Furnished:
    """Add a firm with a manager and a key user, sessions, and two pairs each for some of them.

    Each generated pair queues two mails: to the key user who asked for it, and to the manager.
    """
    firm = firms.add_firm(center, "Alpha")
    manager = people.add_person(
        center, "Alpha", "maria", "Maria", "maria@example.com", "+13125550101", Role.MANAGER
    )
    user = people.add_person(
        center, "Alpha", "kim", "Kim", "kim@example.com", "+13125550102", Role.KEYS
    )
    letters = string.ascii_uppercase + string.digits
    names = [
        "".join(three) for three in itertools.islice(itertools.product(letters, repeat=3), count)
    ]
    rows = [
        {
            "firm_id": firm,
            "name": name,
            "kind": "ilink",
            "description": f"desk {number % 100}",
            "created_by": manager.id,
            "created_at": center.clock(),
        }
        for number, name in enumerate(names)
    ]
    center.database.write(lambda connection: connection.execute(insert(session), rows))
    actor = Actor(user.id, firm, "kim", Role.KEYS, "127.0.0.1")
    made = {
        name: [pairs.generate(center, actor, name).access_key_id for _ in range(2)]
        for name in names[:with_pairs]
    }
    login = center.database.write(
        lambda connection: logins.add_login(connection, center, user.id, "127.0.0.1", verified=True)
    )
    # The one-time password counts as replaced: that is not measured.
    _settle(center, user.id)
    return Furnished(
        actor, login.reveal(), tokens.issue(center, actor, "load").reveal(), names, made
    )


def _settle(center: Center, person_id: int) -> None:
    done = update(person).where(person.c.id == person_id).values(must_change=False)
    center.database.write(lambda connection: connection.execute(done))
