"""Where requests come from, as limits count it."""

from __future__ import annotations

import ipaddress

#: What stands for everything that is no address.
NO_ADDRESS = "no address"


def network_of(address: str) -> str:
    """Return what one party has for itself: an IPv4 address, or an IPv6 network of 64 bits.

    Who has IPv6 has such a network or a larger one, with 2^64 addresses. An IPv4 address that is
    written as IPv6 is the IPv4 address. All that is no address counts as one: its sender chose it.
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
