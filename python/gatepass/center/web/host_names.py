"""The host names that this site answers to: those its operator set, and this machine's own.

Another site can make its own name resolve to this machine (DNS rebinding). If this site answered to
that name, both would share an origin. And no answer may contain a name that the sender chose.
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
    "This Request Center does not answer to this host name. Open it at the address that its"
    " operator gave you. For the operator: the setting is `address`."
)


#: Paths that need no Host header.
_NAMELESS: Final = frozenset({"/healthz", "/readyz"})


class KnownNames:
    """Answers 421 to requests for host names other than ``names`` and this machine's own."""

    def __init__(self, app: ASGIApp, names: Iterable[str], api: str) -> None:
        self._app = app
        self._names = frozenset(normal(name) for name in names)
        # Then every IP address is accepted, but no further name.
        self._all_addresses = any(map(stands_for_all, self._names))
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it here."""
        if scope["type"] == "http" and not self._takes(scope):
            await self._refusal(scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _takes(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        # A health check may send no Host header; a browser always does.
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
        title = "This site does not answer to this host name"
        return bare_refusal(421, "host", title, _TEXT, api=path.startswith(self._api))


#: Matches the whole header: further characters would change the path that is parsed from it.
_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


def host_of(header: str) -> str:
    """Return the host of a Host header without its port; an empty text if it is malformed."""
    found = _HOST.fullmatch(header)
    return "" if found is None else normal(found[1] or found[2])


def normal(name: str) -> str:
    """Return a name or an address in the form in which they are compared."""
    address = _address(name)
    return name.lower().removesuffix(".") if address is None else str(address)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is ``localhost`` or a loopback address."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def stands_for_all(host: str) -> bool:
    """Tell whether a host to listen on means all addresses of this machine."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
