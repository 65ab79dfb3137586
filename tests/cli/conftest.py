"""Fixtures of the commands: a separate user, and the Request Center's databases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.center import postgres

#: The Request Center's own tests run on both kinds of database.
_KINDS = ["sqlite"]
if postgres.programs() is not None:
    _KINDS.append(pytest.param("postgresql", marks=pytest.mark.slow))
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    running = postgres.Server()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(params=_KINDS)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    running: postgres.Server = request.getfixturevalue("postgres_server")
    name = f"commands{next(_numbers)}"
    running.run(f"CREATE DATABASE {name}")
    try:
        yield running.url(name)
    finally:
        running.run(f"DROP DATABASE {name} WITH (FORCE)")
