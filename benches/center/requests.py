"""The clients' requests: bytes of HTTP, as a browser or a program sends them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from benches.center.clients import Ask, Role
from benches.center.store import Furnished
from gatepass.center.web import security

_FORM = "f" * 43


def _get(path: str, *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _cookies(login: str) -> str:
    return f"Cookie: {security.LOGIN_COOKIE}={login}; {security.FORM_COOKIE}={_FORM}"


def _in_turn(requests: Sequence[bytes]) -> Ask:
    turn: Iterator[bytes] = itertools.cycle(requests)
    return lambda: next(turn)


def status_of_pairs(port: int, made: Furnished, which: slice) -> Role:
    """A program that asks for the status of key pairs, one after another."""
    names = list(itertools.chain(*made.pairs.values()))[which]
    bearer = f"Authorization: Bearer {made.token}"
    return Role(port, _in_turn([_get(f"/api/v1/pairs/{name}", bearer) for name in names]))


def status_of_sessions(port: int, made: Furnished, which: slice) -> Role:
    """A program that asks for sessions with their key pairs."""
    bearer = f"Authorization: Bearer {made.token}"
    names = list(made.pairs)[which]
    return Role(port, _in_turn([_get(f"/api/v1/sessions/{name}", bearer) for name in names]))


def list_pages(port: int, made: Furnished, search: str = "") -> Role:
    """A browser that pages through the list, or through the results of a search."""
    pages = range(1, (1 if search else len(made.sessions) // 50) + 1)
    query = [urlencode({"search": search, "page": page}) for page in pages]
    return Role(port, _in_turn([_get(f"/sessions?{q}", _cookies(made.login)) for q in query]))


def generating(port: int, made: Furnished, which: slice) -> Role:
    """A browser that generates third pairs, each of which deletes its session's oldest."""
    browser = _Generating(made, which)
    return Role(port, browser.ask, 303, browser.take)


class _Generating:
    def __init__(self, made: Furnished, which: slice) -> None:
        self._login = made.login
        self._active = {name: list(made.pairs[name]) for name in list(made.pairs)[which]}
        self._turn = itertools.cycle(self._active)
        self._now = ""

    def ask(self) -> bytes:
        self._now = next(self._turn)
        form = {
            security.FORM_FIELD: security.form_token(_FORM, self._login),
            "delete": self._active[self._now][0],
        }
        body = urlencode(form)
        lines = [
            f"POST /sessions/{self._now}/generate HTTP/1.1",
            "Host: 127.0.0.1",
            _cookies(self._login),
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        return "\r\n".join(lines).encode()

    def take(self, status: int, head: bytes) -> None:
        made = head.partition(b"/generated/")[2].partition(b"\r\n")[0].decode()
        self._active[self._now] = [self._active[self._now][1], made]
