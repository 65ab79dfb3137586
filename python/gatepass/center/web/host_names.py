"""Which names this site answers to: those that its operator gave it, and this machine's own.

A page of elsewhere can let its own name lead to this machine (DNS rebinding) and would then share
an origin with whatever answers. And nothing here is made from a name that the sender chose.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepass.center.web.bare import bare_refusal

_TEXT: Final = (
    "This Request Center does not answer to the name it was asked for. Open it by the address that"
    " its operator gave you; the operator's setting is: address."
)


#: Answered without a Host header.
_NAMELESS: Final = frozenset({"/healthz", "/readyz"})


class KnownNames:
    """Answers with 421 what asks for another host than the ``names`` and this machine's own."""

    def __init__(self, app: ASGIApp, names: Iterable[str], api: str) -> None:
        self._app = app
        self._names = frozenset(normal(name) for name in names)
        # Then any address is taken, and no name but those given.
        self._all_addresses = any(map(stands_for_all, self._names))
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer it here."""
        if scope["type"] == "http" and not self._takes(scope):
            await self._refusal(scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _takes(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        # What looks whether a server lives may name none; a browser always does.
        if not hosts and scope["path"] in _NAMELESS:
            return True
        return len(hosts) == 1 and self._knows(hosts[0])

    def _knows(self, host: str) -> bool:
        name = host_of(host)
        if not name:
            return False
        if name in self._names or is_this_machine(name):
            return True
        return self._all_addresses and _address(name) is not None

    def _refusal(self, path: str) -> Response:
        title = "This site does not answer to that name"
        return bare_refusal(421, "host", title, _TEXT, api=path.startswith(self._api))


#: Whole, since a header with more in it would change the path that is read from it.
_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


def host_of(header: str) -> str:
    """Return the host of a Host header, without its port; nothing of one that is none."""
    found = _HOST.fullmatch(header)
    return "" if found is None else normal(found[1] or found[2])


def normal(name: str) -> str:
    """Write a name or an address in the one form that is compared."""
    address = _address(name)
    return name.lower().removesuffix(".") if address is None else str(address)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine by one of its own names."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def stands_for_all(host: str) -> bool:
    """Tell whether who listens there listens on all addresses of this machine."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
