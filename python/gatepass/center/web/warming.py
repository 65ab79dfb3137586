"""Does at the start what the first requests would do in the midst of others.

The first request of a kind makes routes, checks and templates ready: 20 to 60 ms on the event
loop, and while that lasts a health check waits.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Scope

#: What anybody may ask for, and with it the page that says no.
_PATHS: Final = ("/healthz", "/readyz", "/login", "/static/style.css", "/no-such-page")


async def warm_up(app: ASGIApp) -> None:
    """Ask an application for its open pages once, as a program on this machine would."""
    for path in _PATHS:
        await app(_scope(path), _nothing_more, _nobody_reads)


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


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nobody_reads(_message: Message) -> None: ...
