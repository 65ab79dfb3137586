"""A reply to a Logon, or a message before it, ends it at once: one error, the exchange's text."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gatepass.client import MemoryAttempts, connect
from gatepass.client.attempts import Attempt
from gatepass.errors import (
    GatepassError,
    LogonRefusedError,
    NoConnectionError,
    StoreError,
)
from gatepass.fix import format_sending_time
from gatepass.fix.message import encode
from gatepass.keys import KeyRing
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now
from tests.client.test_connect import SETTINGS, ring

CLOSED = "Automated Port Closure for the test"


class Broken(MemoryAttempts):
    """A record that cannot be written any more after a Logon is counted in it."""

    asked = 0

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        self.asked += 1
        raise StoreError("was emptied while it was open", "logons.sqlite")

    def remove(self, attempt: Attempt) -> None:
        self.asked += 1
        raise StoreError("was emptied while it was open", "logons.sqlite")


class Slow:
    """A slow source of key pairs."""

    @property
    def ring(self) -> KeyRing:
        time.sleep(0.05)
        return RING


RING = ring()


def message(kind: str, *fields: tuple[int, str]) -> bytes:
    sent_at = format_sending_time(utc_now())
    header = [(35, kind), (34, "1"), (49, "CME"), (50, "G"), (52, sent_at), (56, "ABC123N")]
    return encode([*header, *fields])


LOGOUT = lambda: message("5", (58, CLOSED), (789, "1"))  # noqa: E731
REJECT = lambda: message("3", (45, "1"), (58, CLOSED))  # noqa: E731
LOGON = lambda: message("A", (108, "30"))  # noqa: E731


@asynccontextmanager
async def exchange(
    answer: Callable[[], bytes], *, first: bool = False, closes: bool = True
) -> AsyncIterator[int]:
    """Listen, and answer a Logon, or send before there is one; return the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not first:
            await reader.read(65536)
        writer.write(answer())
        if not closes:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def outcome(port: int, attempts: MemoryAttempts, keys: object = RING) -> GatepassError:
    async def log_on() -> None:
        async with connect("127.0.0.1", port, SETTINGS, keys, MemoryStore(), attempts=attempts):
            raise AssertionError("there is no session")

    with pytest.raises(GatepassError) as caught:
        await asyncio.wait_for(log_on(), 30.0)
    return caught.value


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (LOGOUT, LogonRefusedError, CLOSED),
        (REJECT, LogonRefusedError, CLOSED),
        (lambda: b"", NoConnectionError, "without a message"),
        (lambda: b"8=FIX.4.2\x019=100\x01", NoConnectionError, "without a message"),
        (LOGON, StoreError, "was emptied"),
    ],
)
def test_a_failing_record_of_logons_changes_no_answer(
    answer: Callable[[], bytes],
    kind: type[GatepassError],
    words: str,
    closes: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = Broken()

    async def story() -> None:
        async with exchange(answer, closes=closes or kind is not LogonRefusedError) as port:
            error = await outcome(port, attempts)
            await asyncio.sleep(0.05)
        assert isinstance(error, kind)
        assert words in str(error)

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    # Asked once: each call may wait for the lock.
    assert attempts.asked == 1
    assert len(attempts._kept) == 1
    warned = [] if kind is StoreError else ["gatepass.client"]
    assert [record.name for record in caplog.records] == warned


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("keys", [RING, Slow()])
@pytest.mark.parametrize("answer", [LOGOUT, REJECT])
def test_a_refusal_before_the_logon_is_a_refusal(
    answer: Callable[[], bytes], keys: object, closes: bool
) -> None:
    async def story() -> None:
        async with exchange(answer, first=True, closes=closes) as port:
            for _ in range(5):
                error = await outcome(port, MemoryAttempts(), keys)
                assert isinstance(error, LogonRefusedError)
                assert error.text == CLOSED

    asyncio.run(story())
