"""After any changes, a gateway that follows the store has the same pairs as a new one."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from gatepass.center.backup.backup import backup
from gatepass.center.backup.restore import restore
from gatepass.center.pairs import firms
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.pairs.key_source import RECOVERY_GAP, CenterKeys
from gatepass.center.pairs.sweep import sweep
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.store.schema import pair, session
from gatepass.errors import GatepassError
from tests.center.audit.test_matching import generate, remove, write
from tests.center.following import log_on
from tests.center.world import ENVELOPE_KEY, World

NAMES = ("ABC", "DEF", "ABC123", "GHI")
STEPS = 40


class Hands:
    """Makes random changes, by the rules and directly in the database; some are refused."""

    def __init__(self, world: World, folder: Path, seed: int) -> None:
        self.world, self.folder, self.random = world, folder, random.Random(seed)  # noqa: S311
        self.saved: list[Path] = []
        self.deeds: list[Callable[[], object]] = [
            *[lambda: generate(world, self.name())] * 3,
            lambda: generate(world, self.name(), delete=self.key()),
            lambda: remove(world, self.key()),
            lambda: log_on(world),
            lambda: sweep(world.center, accept_clock=True),
            lambda: firms.remove_session(world.center, self.name()),
            lambda: firms.add_session(
                world.center, "Alpha", self.name(), SessionKind.ILINK, "maria"
            ),
            lambda: world.clock.go(minutes=self.random.choice((1, 30))),
            lambda: self.of_pair(slot=None, state="expired"),
            lambda: self.of_pair(slot=2, state="active"),
            lambda: self.of_pair(expires_at=world.clock() + timedelta(days=90)),
            lambda: self.of_session(name=self.name()),
            lambda: self.of_session(removed_at=world.clock()),
            lambda: self.of_session(removed_at=None),
            lambda: self.move(),
            lambda: self.save(),
            lambda: self.put_back(),
        ]

    def do(self) -> None:
        with suppress(GatepassError, IntegrityError):
            self.random.choice(self.deeds)()

    def name(self) -> str:
        return self.random.choice(NAMES)

    def one(self, column: Any) -> Any:
        with self.world.center.database.read() as connection:
            there = connection.execute(select(column).order_by(column)).scalars().all()
        return self.random.choice(there) if there else 0

    def key(self) -> str:
        return str(self.one(pair.c.access_key_id))

    def of_pair(self, **values: Any) -> None:
        write(self.world, update(pair).where(pair.c.id == self.one(pair.c.id)).values(values))

    def of_session(self, **values: Any) -> None:
        its = session.c.id == self.one(session.c.id)
        write(self.world, update(session).where(its).values(values))

    def move(self) -> None:
        self.of_pair(session_id=self.one(session.c.id))

    def save(self) -> None:
        path = self.folder / f"{len(self.saved)}.backup"
        backup(self.world.center, path)
        self.saved.append(path)

    def put_back(self) -> None:
        if self.saved:
            path, keys = self.random.choice(self.saved), LocalKeys([ENVELOPE_KEY])
            restore(self.world.center.database, keys, path, replace=True, clock=self.world.clock)


@pytest.mark.parametrize("seed", range(2))
def test_a_gateway_that_follows_has_the_same_pairs_as_a_new_one(
    world: World, tmp_path: Path, seed: int
) -> None:
    now = world.clock()
    views = (None, now + RECOVERY_GAP, now + RECOVERY_GAP + timedelta(hours=2))
    center, hands = world.center, Hands(world, tmp_path, seed)
    followed = [CenterKeys(center.database, center.vault, view) for view in views]
    for _ in range(STEPS):
        hands.do()
        for view, keys in zip(views, followed, strict=True):
            assert told(lambda keys=keys: keys) == told(  # type: ignore[misc]
                lambda view=view: CenterKeys(center.database, center.vault, view)  # type: ignore[misc]
            )


def told(keys: Callable[[], CenterKeys]) -> object:
    """Return all pairs, or the error."""
    try:
        ring = keys().ring
    except GatepassError as error:
        return str(error)
    return list(ring), ring.sessions, [ring.serving(f"{name}U") for name in NAMES]
