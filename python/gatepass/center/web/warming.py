"""Warms the application up before it serves.

The first request of each kind prepares routes, checks and templates. This takes 20 to 60 ms on the
event loop, and a health check would have to wait for it.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Scope

#: Pages that need no login, and the page of a refusal.
_PATHS: Final = ("/healthz", "/readyz", "/login", "/static/style.css", "/no-such-page")


async def warm_up(app: ASGIApp) -> None:
    """Request each open page of an application once, as a program on this machine would."""
    for path in _PATHS:
        await app(_scope(path), _empty_body, _discard)


def _scope(path: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }


async def _empty_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _discard(_message: Message) -> None: ...
