"""How much of the server one client can take, over real connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from gatepass.center.web.serving import bounds as bounds_module
from gatepass.center.web.serving.bounds import CONNECTIONS, Bounds, bounds_here
from tests.center.web.serving.serving import App, all_of, ask, one_answer, request, served

#: Longer than any test may take.
PATIENT = Bounds(arrives_within=600, taken_within=600)
GET = "GET / HTTP/1.1"


@pytest.fixture
def app() -> App:
    return App()


def test_a_request_is_answered(app: App) -> None:
    with served(app, PATIENT) as address:
        answer = ask(address, GET, "X-One: 1")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"x-one"' in answer
    assert b"server:" not in answer.lower()


def test_half_open_requests_do_not_keep_others_out(app: App) -> None:
    bounds = Bounds(connections=10, arrives_within=600)
    with served(app, bounds) as address:
        held = [socket.create_connection(address, timeout=60) for _ in range(50)]
        try:
            for connection in held:
                connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
            assert ask(address, GET).startswith(b"HTTP/1.1 200 ")
            # The first connections were closed to make room for later ones.
            assert all_of(held[0]) == b""
        finally:
            for connection in held:
                connection.close()


def test_connections_that_arrive_all_at_once_make_room_too(app: App) -> None:
    """Even before their first bytes were looked at."""
    held: list[socket.socket] = []

    def crowd(address: tuple[str, int]) -> None:
        held.extend(socket.create_connection(address, timeout=60) for _ in range(100))

    with served(app, Bounds(connections=2, arrives_within=600), before=crowd) as address:
        assert [all_of(connection) for connection in held[:-2]] == [b""] * 98
        assert ask(address, GET).startswith(b"HTTP/1.1 200 ")
    for connection in held:
        connection.close()


def test_a_request_that_is_being_answered_makes_no_room_for_others(app: App) -> None:
    with (
        served(app, Bounds(connections=2, arrives_within=600)) as address,
        socket.create_connection(address, timeout=60) as slow,
    ):
        slow.sendall(request("GET /wait HTTP/1.1"))
        while app.asked != ["/wait"]:
            pass
        for _ in range(5):
            assert ask(address, GET).startswith(b"HTTP/1.1 200 ")
        app.go.set()
        assert all_of(slow).startswith(b"HTTP/1.1 200 ")


def test_a_new_connection_is_closed_while_all_others_are_being_answered(app: App) -> None:
    with (
        served(app, Bounds(connections=1, arrives_within=600)) as address,
        socket.create_connection(address, timeout=60) as slow,
    ):
        slow.sendall(request("GET /wait HTTP/1.1"))
        while app.asked != ["/wait"]:
            pass
        with socket.create_connection(address, timeout=60) as late:
            assert all_of(late) == b""
        app.go.set()
        assert all_of(slow).startswith(b"HTTP/1.1 200 ")


def _head(size: int) -> bytes:
    return request(GET, "X-Large: " + "a" * size)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(_head(16 * 1024), id="one long header"),
        pytest.param(request("GET /" + "a" * 16 * 1024 + " HTTP/1.1"), id="a long address"),
        pytest.param(request(GET, *[f"X-{n}: 1" for n in range(200)]), id="many headers"),
        pytest.param(request(GET, *["X: " + "a" * 1000] * 20), id="the same one often"),
        pytest.param(b"GET / HTTP/1.1\r\nX-Never-Ends: " + b"a" * 10_000_000, id="without an end"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 1000 + b"\r\n" * 1 + b"Y: 1\r\n" * 5000,
            id="many short ones, without an end",
        ),
    ],
)
def test_a_head_that_is_too_large_does_not_reach_the_application(app: App, sent: bytes) -> None:
    with served(app, PATIENT) as address:
        with socket.create_connection(address, timeout=60) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            answer = all_of(connection)
        # A client that still sends may lose the answer with the connection.
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
        assert app.asked == []
        assert ask(address, GET).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [0, 1_000, 15_000])
def test_a_head_of_normal_size_is_accepted_in_any_pieces(app: App, size: int) -> None:
    with (
        served(app, PATIENT) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        sent = _head(size)
        for start in range(0, len(sent), 997):
            connection.sendall(sent[start : start + 997])
        assert all_of(connection).startswith(b"HTTP/1.1 200 ")


def test_each_head_on_a_connection_is_counted_on_its_own(app: App) -> None:
    with (
        served(app, PATIENT) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        large = f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 12_000}\r\n\r\n".encode()
        for _ in range(4):
            connection.sendall(large)
            assert one_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_connection_with_an_endless_body_is_closed(app: App) -> None:
    with served(app, Bounds(request=100_000, arrives_within=600)) as address:
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(10_000):
                    connection.sendall(b"1;" + b"x" * 100 + b"\r\na\r\n")
            except ConnectionError:
                pass
            all_of(connection)
        assert ask(address, GET).startswith(b"HTTP/1.1 200 ")


def test_a_trailer_does_not_count_as_a_header(app: App) -> None:
    """Headers were already checked when trailers arrive."""
    with (
        served(app, PATIENT) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
        )
        answer = all_of(connection)
    assert b'"size": 3' in answer
    assert b"x-late" not in answer


@pytest.mark.parametrize(
    ("begun", "answered"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"\r\n", True, id="empty lines"),
        pytest.param(b"GET / HT", True, id="half a line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", True, id="half a head"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", False, id="half a body"
        ),
    ],
)
def test_a_request_that_is_not_completed_in_time_ends_its_connection(
    app: App, begun: bytes, *, answered: bool
) -> None:
    with (
        served(app, Bounds(arrives_within=0.1)) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(begun)
        answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 408 ") if answered else answer == b""


def test_the_second_request_of_a_connection_has_the_same_time_limit(app: App) -> None:
    with (
        served(app, Bounds(arrives_within=0.1)) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert all_of(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("closing", ["Connection: close", "X-Kept: yes"])
def test_an_answer_that_the_client_does_not_read_ends_its_connection(
    app: App, closing: str
) -> None:
    with (
        served(app, Bounds(connections=1, arrives_within=600, taken_within=0.1)) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(f"GET /large HTTP/1.1\r\nHost: a\r\n{closing}\r\n\r\n".encode())
        while app.asked != ["/large"]:
            pass
        # Only one connection is allowed: this is answered once the other one is closed.
        while not ask(address, GET).startswith(b"HTTP/1.1 200 "):
            pass
        assert len(all_of(connection)) < 32 * 2**20


def test_too_many_pipelined_requests_end_their_connection(app: App) -> None:
    with served(app, PATIENT) as address:
        with socket.create_connection(address, timeout=60) as connection:
            one = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
            connection.sendall(one * 1000)
            all_of(connection)
        assert app.asked == ["/wait"]


def test_a_few_pipelined_requests_are_answered_in_turn(app: App) -> None:
    app.go.set()
    with (
        served(app, PATIENT) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + request(GET))
        assert all_of(connection).count(b"HTTP/1.1 200 ") == 4


def test_a_lack_of_files_for_connections_is_not_logged(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    accept: Callable[..., object] = asyncio.SelectorEventLoop.sock_accept
    refused = iter([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ECONNABORTED])

    async def scarce(loop: object, listener: socket.socket) -> object:
        if number := next(refused, None):
            raise OSError(number, "no")
        return await accept(loop, listener)  # type: ignore[misc]

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_accept", scarce)
    with caplog.at_level(logging.DEBUG), served(app, PATIENT) as address:
        assert ask(address, GET).startswith(b"HTTP/1.1 200 ")
    assert next(refused, None) is None
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_unfinished_handshakes_do_not_keep_others_out(app: App) -> None:
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    with served(app, Bounds(connections=5, arrives_within=600), server_side) as address:
        held = [socket.create_connection(address, timeout=60) for _ in range(20)]
        try:
            with (
                socket.create_connection(address, timeout=60) as plain,
                client_side.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                connection.sendall(request(GET))
                assert all_of(connection).startswith(b"HTTP/1.1 200 ")
            assert all_of(held[0]) == b""
        finally:
            for one in held:
                one.close()


@pytest.mark.parametrize(
    ("files", "connections"), [(256, 128), (1024, CONNECTIONS), (10**6, CONNECTIONS)]
)
def test_connections_leave_files_for_the_database(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    monkeypatch.setattr(bounds_module, "_open_files", lambda: files)
    assert bounds_here().connections == connections
