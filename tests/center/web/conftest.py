"""A Request Center on SQLite with its web application, and browsers for its users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gatepass.center.people import passwords
from gatepass.center.roles import Actor
from gatepass.center.store.database import Database
from gatepass.center.web import make_app
from tests.center.web.site import NAMES, Site, furnish
from tests.center.world import Clock, Outbox, make_center


@pytest.fixture(scope="session")
def _quick_hashes() -> Iterator[None]:
    """Hash passwords at the lowest cost: the real cost is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "HASHER", quick)
        patch.setattr(passwords, "DUMMY_HASH", quick.hash("an unknown password"))
        yield


@pytest.fixture(scope="session")
def _furnished(
    _quick_hashes: None, blank_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Actor], str]:
    """A database with all that `furnish` adds, made only once, and its users."""
    path = tmp_path_factory.mktemp("furnished") / "center.sqlite"
    path.write_bytes(blank_sqlite.read_bytes())
    path.chmod(0o600)
    database = Database(f"sqlite:///{path}")
    actors, key = furnish(make_center(database, Clock(), Outbox()))
    database.close()
    return path, actors, key


@pytest.fixture
def site(_furnished: tuple[Path, dict[str, Actor], str], tmp_path: Path) -> Iterator[Site]:
    """Two firms, their users with their own passwords, and sessions."""
    furnished, actors, key = _furnished
    path = tmp_path / "center.sqlite"
    path.write_bytes(furnished.read_bytes())
    path.chmod(0o600)
    database = Database(f"sqlite:///{path}")
    clock, outbox = Clock(), Outbox()
    center = make_center(database, clock, outbox)
    yield Site(center, clock, outbox, make_app(center, NAMES), actors, key)
    database.close()
