"""Which connections wait to be let in, and which are let in first."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gatepass.center.web.serving import lobby as lobby_module
from gatepass.center.web.serving.bounds import Bounds
from gatepass.center.web.serving.guests import Guest, Guests
from gatepass.center.web.serving.lobby import Lobby

_LOGIN = b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Street:
    """Connections that come to a lobby, each with a name."""

    def __init__(self, pair: Callable[[], tuple[socket.socket, socket.socket]]) -> None:
        self._pair = pair
        self.guests = Guests(1000)
        self.entered: list[str] = []
        self.inside: dict[str, socket.socket] = {}
        self._names: dict[socket.socket, str] = {}
        self._all = ExitStack()

    def lobby(self, patience: float = 600, *, tls: bool = False) -> Lobby:
        return Lobby(self._enter, Bounds(arrives_within=patience), tls=tls)

    def comes(self, lobby: Lobby, name: str, sends: bytes) -> tuple[socket.socket, Guest]:
        far, near = (self._all.enter_context(end) for end in self._pair())
        near.setblocking(False)
        far.sendall(sends)
        self._names[near] = name
        guest = self.guests.admit("a", near.close)
        assert guest is not None
        lobby.add(near, guest)
        return far, guest

    def close(self) -> None:
        self._all.close()

    def _enter(self, connection: socket.socket, _guest: Guest) -> None:
        name = self._names[connection]
        self.entered.append(name)
        self.inside[name] = connection


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street(socket.socketpair)
    yield street
    street.close()


@pytest.fixture
def inet() -> Iterator[Street]:
    """Over TCP: only its sockets can wait for more bytes."""

    def pair() -> tuple[socket.socket, socket.socket]:
        far = socket.create_connection(listener.getsockname())
        return far, listener.accept()[0]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        street = Street(pair)
        yield street
        street.close()


async def _until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_health_check_is_let_in_before_earlier_connections(street: Street, path: str) -> None:
    async def run() -> None:
        lobby = street.lobby()
        for number in range(100):
            street.comes(lobby, f"{number}", _LOGIN)
        street.comes(lobby, "health", f"GET {path} HTTP/1.1\r\n\r\n".encode())
        await _until(lambda: len(street.entered) == 101)
        lobby.close()

    asyncio.run(run())
    assert street.entered.index("health") < 10
    # All others enter in their order, and their bytes were not consumed.
    assert [name for name in street.entered if name != "health"] == [str(n) for n in range(100)]
    assert street.inside["0"].recv(100) == _LOGIN


_HELLO = b"\x16\x03\x01\x02\x00" + bytes(512)


@pytest.mark.parametrize("hello", [_HELLO, _HELLO * 9, b"\x16\x03\x01\x40\x00" + bytes(4096)])
@pytest.mark.parametrize("cut", [0, 1, 4, 5, 6, 300])
def test_a_tls_connection_is_let_in_once_its_hello_is_complete(
    inet: Street, hello: bytes, cut: int
) -> None:
    async def run() -> None:
        lobby = inet.lobby(tls=True)
        for number in range(50):
            inet.comes(lobby, f"{number}", _HELLO[: max(1, cut)])
        far, _ = inet.comes(lobby, "whole", hello[:cut])
        far.sendall(hello[cut:])
        await _until(lambda: bool(inet.entered))
        await asyncio.sleep(0.01)
        assert inet.entered == ["whole"]
        inet.inside["whole"].setblocking(True)
        assert inet.inside["whole"].recv(6, socket.MSG_WAITALL) == hello[:6]
        lobby.close()

    asyncio.run(run())


def test_a_connection_without_tls_is_let_in_so_that_the_handshake_refuses_it(inet: Street) -> None:
    async def run() -> None:
        lobby = inet.lobby(tls=True)
        inet.comes(lobby, "plain", b"GET / HTTP/1.1\r\n\r\n")
        await _until(lambda: inet.entered == ["plain"])
        lobby.close()

    asyncio.run(run())


def test_a_connection_that_sends_nothing_is_closed_after_a_while(street: Street) -> None:
    async def run() -> None:
        lobby = street.lobby(patience=0.05)
        silent = [street.comes(lobby, f"{n}", b"")[0] for n in range(40)]
        street.comes(lobby, "speaks", _LOGIN)
        await _until(lambda: street.entered == ["speaks"] and len(street.guests) == 1)
        assert [far.recv(1) for far in silent] == [b""] * 40
        lobby.close()

    asyncio.run(run())


@pytest.mark.parametrize("begun", [b"\r\n", b"G", b"GET /healthz HTTP/1.1\r\nX: ", _LOGIN[:-1]])
def test_a_connection_that_sends_no_complete_head_is_refused_with_408(
    inet: Street, begun: bytes
) -> None:
    async def run() -> None:
        lobby = inet.lobby(patience=0.05)
        far, _ = inet.comes(lobby, "slow", begun)
        whole, _ = inet.comes(lobby, "whole", _LOGIN[:9])
        whole.sendall(_LOGIN[9:])
        await _until(lambda: inet.entered == ["whole"] and len(inet.guests) == 1)
        assert far.recv(100).startswith(b"HTTP/1.1 408 ")
        assert far.recv(100) == b""
        lobby.close()

    asyncio.run(run())
    assert inet.inside["whole"].recv(100) == _LOGIN


def test_all_are_let_in_if_the_system_reports_every_byte(
    inet: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protocol has the same bounds."""

    def deaf(*_given: object) -> None:
        raise OSError

    monkeypatch.setattr(lobby_module, "_report_from", deaf)

    async def run() -> None:
        lobby = inet.lobby()
        inet.comes(lobby, "half", _LOGIN[:9])
        await _until(lambda: inet.entered == ["half"])
        lobby.close()

    asyncio.run(run())


def test_a_client_that_leaves_before_it_sends_anything_is_forgotten(street: Street) -> None:
    async def run() -> None:
        lobby = street.lobby()
        far, _ = street.comes(lobby, "goes", b"")
        far.close()
        await _until(lambda: not len(street.guests))
        lobby.close()

    asyncio.run(run())
    assert street.entered == []


def test_a_connection_that_made_room_for_others_is_not_let_in(street: Street) -> None:
    async def run() -> None:
        lobby = street.lobby()
        came = [street.comes(lobby, f"{n}", b"GET / HTTP/1.1\r\n\r\n") for n in range(20)]
        await _until(lambda: len(street.entered) > 0)
        _, last = came[-1]
        last.goes()
        last.send_away()
        await _until(lambda: len(street.entered) == 19)
        await asyncio.sleep(0)
        lobby.close()

    asyncio.run(run())
    assert street.entered == [str(n) for n in range(19)]


def test_a_lobby_that_closes_closes_all_its_connections(street: Street) -> None:
    async def run() -> None:
        lobby = street.lobby()
        silent, _ = street.comes(lobby, "silent", b"")
        lobby.close()
        assert silent.recv(1) == b""

    asyncio.run(run())
    assert len(street.guests) == 0
    assert street.entered == []
