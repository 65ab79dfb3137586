"""A few seconds of ``python -m tests.center.fire``."""

from __future__ import annotations

import pytest

from tests.center import postgres
from tests.center.fire.run import fire

SECONDS, CLIENTS, USERS = 5, 20, 120
#: What clients do, and the refusal of a code that was sent for another client's request.
DEEDS = {"code", "log on", "generate", "download", "delete"}
REFUSED = {"code refused"}


@pytest.mark.slow
def test_a_few_seconds_of_fire_break_no_invariant(server: postgres.Server) -> None:
    done: set[str] = set()
    # A busy machine may need more than one run for all actions.
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
