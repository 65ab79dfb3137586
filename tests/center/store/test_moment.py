"""The time for codes: it never goes back while a code is valid."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, delete, insert, select

from gatepass.center.people import codes
from gatepass.center.store import moment
from gatepass.center.store.schema import clock, code, metadata
from tests.center.world import START

GRAIN = timedelta(seconds=1)


@given(st.lists(st.integers(-100, 100), max_size=15))
def test_time_never_goes_back_while_a_code_is_valid(steps: list[int]) -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[clock, code])
    at = before = START
    with engine.begin() as connection:
        assert moment.observe(connection, at) == at
        for step in steps:
            at += timedelta(seconds=step)
            send(connection, before)
            now = moment.observe(connection, at)
            assert now >= at
            assert is_alive(connection) is (at >= before - moment.TOLERANCE) or (
                # The stored time may be older than the time seen, by its precision.
                before - moment.TOLERANCE - GRAIN <= at < before - moment.TOLERANCE
            )
            assert now >= before - GRAIN or not is_alive(connection)
            before = now
    engine.dispose()


def send(connection: Connection, at: datetime) -> None:
    """Replace all codes by one that was sent at this time."""
    connection.execute(delete(code))
    values = {
        "person_id": 1,
        "purpose": "logon",
        "subject": "",
        "digest": bytes(32),
        "day": "2026-03-04",
    }
    times = {"created_at": at, "expires_at": at + codes.LIFETIME}
    connection.execute(insert(code).values(number=1, **values, **times))


def is_alive(connection: Connection) -> bool:
    return bool(connection.execute(select(code.c.expires_at > code.c.created_at)).scalar_one())
