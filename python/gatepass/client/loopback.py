"""Whether the other side is on this machine: a gateway for rehearsals, not an exchange."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_loopback(peer: object) -> bool:
    """Return whether a socket's peer name, such as ``("127.0.0.1", 9443)``, is on this machine.

    A peer name that is not an IP address, or no longer known, counts as an exchange.
    """
    if not isinstance(peer, tuple) or not peer:
        return False
    try:
        address = ip_address(peer[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
