"""Seconds of what ``python -m tests.center.fire`` does for a minute."""

from __future__ import annotations

from tests.center import postgres
from tests.center.fire.run import fire

SECONDS, CLIENTS, USERS = 5, 20, 120


def test_a_few_seconds(server: postgres.Server) -> None:
    server.run("CREATE DATABASE fire")
    try:
        outcome = fire(server.url("fire"), SECONDS, CLIENTS, USERS, lambda _: None)
    finally:
        server.run("DROP DATABASE fire WITH (FORCE)")
    assert outcome.problems == []
    done = {action for _, action, *_ in outcome.told.deeds}
    # A code that came to the manager for somebody else's request is refused at times.
    assert done - {"code refused"} == {"code", "log on", "generate", "download", "delete"}
