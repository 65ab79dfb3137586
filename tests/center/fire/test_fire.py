"""Seconds of what ``python -m tests.center.fire`` does for a minute."""

from __future__ import annotations

import pytest

from tests.center import postgres
from tests.center.fire.run import fire

SECONDS, CLIENTS, USERS = 5, 20, 120
#: What clients do, and what is said to a code that came for somebody else's request.
DEEDS = {"code", "log on", "generate", "download", "delete"}
REFUSED = {"code refused"}


@pytest.mark.slow
def test_a_few_seconds(server: postgres.Server) -> None:
    done: set[str] = set()
    # A machine that is busy with other things needs more than one go for all of it.
    for number in range(10):
        name = f"fire{number}"
        server.run(f"CREATE DATABASE {name}")
        try:
            outcome = fire(server.url(name), SECONDS, CLIENTS, USERS, lambda _: None)
        finally:
            server.run(f"DROP DATABASE {name} WITH (FORCE)")
        assert outcome.problems == []
        done |= {action for _, action, *_ in outcome.told.deeds}
        if done >= DEEDS:
            break
    assert done - REFUSED == DEEDS
