"""Whether the other side is this machine: a gateway to rehearse with, not an exchange."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_loopback(peer: object) -> bool:
    """Tell whether a socket's peer name, such as ``("127.0.0.1", 9443)``, is of this machine.

    What is no address of the Internet, or no longer known, is taken for an exchange.
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
