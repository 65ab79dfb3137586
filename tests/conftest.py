"""What all tests share: a user of their own, and ``--slow`` for those that take seconds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import settings

# A machine that does other things, too, makes no example wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_numbers = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow, unless ``--slow`` asks for it."""
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user without a past, as invalid Logons of other tests do not count; gives its state."""
    folder = tmp_path_factory.getbasetemp() / f"user-{next(_numbers)}"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
