"""Where requests come from, as limits count them."""

from __future__ import annotations

import ipaddress

#: The origin of everything that is not an IP address.
NO_ADDRESS = "no address"


def network_of(address: str) -> str:
    """Return the origin that one client controls: an IPv4 address, or an IPv6 network of 64 bits.

    An IPv6 client has such a network or a larger one, with 2^64 addresses. An IPv4-mapped IPv6
    address is the IPv4 address. Everything that is not an address is one origin, since its sender
    chose it.
    """
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return NO_ADDRESS
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(known) >> 64 << 64, 64)))
