"""Limits what is parsed of a request's head: this site's own cookies, and a query of normal length.

Cookies and queries are parsed in Python, on the event loop, and ten kilobytes of them take longer
than the rest of a request. Before 3.11.10 and 3.12.6, Python's parser of quoted cookies is even
quadratic (CVE-2024-7592): it takes a quarter of a second for one head.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gatepass.center.web.bare import bare_refusal

#: The most bytes of a query; the longest, for a page of selected sessions, has about 2 KiB.
LONGEST_QUERY: Final = 4096
_TEXT: Final = "The address is too long: start again from this site's pages."
#: The format of this site's cookies: no quotes, no escapes, not longer.
_OWN: Final = re.compile(rb"__Host-gatepass[a-z-]*=[A-Za-z0-9._-]{0,512}")


class HeadLimit:
    """Answers a longer query with 414, and drops cookies that are not this site's."""

    def __init__(self, app: ASGIApp, api: str) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the reduced head, or refuse it here."""
        if scope["type"] == "http":
            if len(scope["query_string"]) > LONGEST_QUERY:
                api = scope["path"].startswith(self._api)
                title = "The address is too long"
                await bare_refusal(414, "http", title, _TEXT, api=api)(scope, receive, send)
                return
            scope = {**scope, "headers": list(map(_with_own_cookies, scope["headers"]))}
        await self._app(scope, receive, send)


def _with_own_cookies(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    if name != b"cookie":
        return header
    return name, b"; ".join(part for part in map(bytes.strip, value.split(b";")) if _is_own(part))


def _is_own(part: bytes) -> bool:
    return _OWN.fullmatch(part) is not None
