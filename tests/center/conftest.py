"""Tests that need a database run on SQLite and, with ``--slow``, on an installed PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gatepass.center.context import Center
from gatepass.center.people import passwords
from gatepass.center.store.database import Database
from tests.center import postgres
from tests.center.following import grow
from tests.center.world import Clock, Outbox, World, make_center, make_world

_HAS_POSTGRES = postgres.programs() is not None
_KINDS = ["sqlite"]
if _HAS_POSTGRES:
    # Slow all together: there are hundreds of them, and a server for each worker.
    _KINDS.append(pytest.param("postgresql", marks=pytest.mark.slow))
_numbers = itertools.count()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _HAS_POSTGRES:
        terminalreporter.write_line(
            "skipped: the tests of the Request Center on PostgreSQL, which is not installed"
            " (Debian: apt-get install postgresql). They ran on SQLite only, and tests/center/fire"
            " not at all.",
            yellow=True,
        )


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hash passwords at almost no cost; `test_passwords` tests the real costs."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", cheap)
        patch.setattr(passwords, "DUMMY_HASH", cheap.hash("an unknown password"))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    running = postgres.Server()
    try:
        running.run("CREATE DATABASE blank")
        _upgrade(running.url("blank"))
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "center.sqlite"
    _upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=_KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database with all tables."""
    if request.param == "sqlite":
        path = tmp_path / "center.sqlite"
        shutil.copyfile(request.getfixturevalue("blank_sqlite"), path)
        path.chmod(0o600)
        yield f"sqlite:///{path}"
        return
    running: postgres.Server = request.getfixturevalue("server")
    name = f"test{next(_numbers)}"
    running.run(f"CREATE DATABASE {name} TEMPLATE blank")
    try:
        yield running.url(name)
    finally:
        running.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of another database, without tables, of the same kind as ``url``."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    running: postgres.Server = request.getfixturevalue("server")
    name = f"empty{next(_numbers)}"
    running.run(f"CREATE DATABASE {name}")
    try:
        yield running.url(name)
    finally:
        running.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def center(database: Database, clock: Clock, outbox: Outbox) -> Center:
    """A Request Center without firms, on a new database."""
    return make_center(database, clock, outbox)


@pytest.fixture
def world(center: Center, clock: Clock, outbox: Outbox) -> World:
    """A Request Center with two firms, their users and sessions."""
    return make_world(center, clock, outbox)


@pytest.fixture
def large(world: World) -> World:
    """The same, with 40 more sessions, each with a pair."""
    grow(world)
    return world


def _upgrade(url: str) -> None:
    made = Database(url)
    made.upgrade()
    made.close()
