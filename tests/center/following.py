"""A gateway that follows the store, and what it reads from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gatepass.center.audit import log as audit
from gatepass.center.pairs import firms
from gatepass.center.pairs.active_pairs import ActivePairs
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.store.database import Database
from tests.center.audit.test_matching import generate
from tests.center.world import World


@dataclass
class Gateway:
    """Follows the store; ``rows`` counts the rows of pairs at each read."""

    keys: CenterKeys
    database: Database
    rows: list[int] = field(default_factory=list)

    def look(self) -> list[str]:
        """Return the pairs by their Access Key IDs, and count the rows."""
        with counted(self.database) as read:
            found = [str(one.access_key_id) for one in self.keys.ring]
        self.rows.append(sum(read))
        return found


@contextmanager
def counted(database: Database) -> Iterator[list[int]]:
    """Count the rows of pairs that are read, all of them by `ActivePairs.read`."""
    read: list[int] = []
    statements: list[str] = []

    def rows(which: ActivePairs, connection: Connection, sessions: Any) -> Sequence[Any]:
        found = real(which, connection, sessions)
        if sessions is None or sessions:
            read.append(len(found))
        return found

    def note(*given: Any) -> None:
        statements.append(given[2])

    real = ActivePairs.read
    event.listen(database.engine, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ActivePairs, "read", rows)
        yield read
    event.remove(database.engine, "before_cursor_execute", note)
    assert any("sealed" in one for one in statements) == bool(read)


def gateway(world: World, disaster: datetime | None = None) -> Gateway:
    return Gateway(
        CenterKeys(world.center.database, world.center.vault, disaster), world.center.database
    )


def grow(world: World) -> None:
    """Add 40 sessions, each with a pair."""
    for number in range(40):
        name = f"L{number:02}"
        firms.add_session(world.center, "Alpha", name, SessionKind.ILINK, "maria")
        generate(world, name)


def log_on(world: World) -> None:
    world.center.database.write(
        lambda c: audit.append(c, world.center, world.manager, audit.Action.LOG_ON, user="maria")
    )
