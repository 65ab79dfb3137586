"""A gateway without free file descriptors reports it in one line, and new connections wait."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
from datetime import date, timedelta
from functools import partial

import pytest

from gatepass.gateway import Gateway, Kind, Report
from gatepass.gateway.shortage import QUIET
from gatepass.keys import KeyRing, generate_pair

TODAY = date.today()
RING = KeyRing(
    [generate_pair("ABC", TODAY - timedelta(days=9), TODAY + timedelta(days=90)).key_pair()]
)

#: A gateway with few descriptors and more clients than that; at the end one of them logs on.
PROGRAM = """
import asyncio, resource, socket
from tests.gateway.test_shortage import RING
from gatepass.client import ClientSettings, MemoryStore, connect
from gatepass.gateway import Gateway, Kind

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")

async def main():
    said = []
    gateway = Gateway(RING, Kind.parse("cgw"), report=said.append)
    port = await gateway.listen("127.0.0.1", 0)
    clients = [socket.socket() for _ in range(40)]
    for client in clients:
        client.setblocking(False)
    used = max(client.fileno() for client in clients) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 10, used + 10))
    for client in clients:
        client.connect_ex(("127.0.0.1", port))
    await asyncio.sleep(2.5)
    waiting = len(clients) - len(gateway.connections)
    print("waiting", waiting > 0, "no room", [r.what for r in said].count("no room"))
    for client in clients[:30]:
        client.close()
    await asyncio.sleep(1.5)
    async with connect("127.0.0.1", port, SETTINGS, RING, MemoryStore(), guarded=False):
        print("logged on")
    for client in clients:
        client.close()
    await gateway.close()

asyncio.run(main())
"""


def test_a_shortage_is_reported_once_and_waiting_clients_are_accepted_later() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["waiting True no room 1", "logged on"]


class Elsewhere:
    """A socket that belongs to no gateway."""

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 1)


@pytest.mark.parametrize("has_handler", [True, False])
def test_a_shortage_is_reported_once_a_minute_and_other_errors_as_before(
    has_handler: bool, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[Report] = []
    others: list[object] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if has_handler:
            loop.set_exception_handler(lambda _loop, context: others.append(context["message"]))
        before = loop.get_exception_handler()
        gateway = Gateway(RING, Kind.parse("cgw"), report=said.append)
        await gateway.listen("127.0.0.1", 0)
        await gateway.listen("127.0.0.1", 0, backup=True)
        now = loop.time()
        for server in gateway._servers:
            for number in (errno.EMFILE, errno.ENFILE):
                context = {"message": "no", "exception": OSError(number, "none left")}
                loop.call_exception_handler({**context, "socket": server.sockets[0]})
        assert [report.what for report in said] == ["no room"]
        loop.time = lambda: now + QUIET + 1.0  # type: ignore[method-assign]
        loop.call_exception_handler({**context, "socket": server.sockets[0]})
        assert [report.what for report in said] == ["no room"] * 2
        del loop.time  # type: ignore[method-assign]
        loop.call_exception_handler({**context, "socket": Elsewhere()})
        loop.call_exception_handler({"message": "something else"})
        await gateway.close()
        assert loop.get_exception_handler() is before
        loop.call_exception_handler({"message": "afterwards"})

    asyncio.run(main())
    assert len(said) == 2
    told = others if has_handler else [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    assert [word in str(told) for word in ("no", "something else", "afterwards")] == [True] * 3


def test_two_gateways_on_one_loop_report_their_own_shortages() -> None:
    said: list[str] = []

    def note(which: str, _report: Report) -> None:
        said.append(which)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        gateways = [
            Gateway(RING, Kind.parse("cgw"), report=partial(note, n)) for n in ("first", "second")
        ]
        for gateway in gateways:
            await gateway.listen("127.0.0.1", 0)
        for gateway in gateways:
            loop.call_exception_handler(
                {
                    "message": "no",
                    "exception": OSError(errno.EMFILE, "none left"),
                    "socket": gateway._servers[0].sockets[0],
                }
            )
        for gateway in gateways:
            await gateway.close()

    asyncio.run(main())
    assert said == ["first", "second"]
