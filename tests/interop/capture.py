"""A capture file of bytes that were on a connection, for tshark."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

#: Libpcap's magic number for times in microseconds, its version, and packets that begin with IP.
_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
_SYN, _FIN, _PUSH, _ACK = 0x02, 0x01, 0x08, 0x10
CLIENT_PORT, GATEWAY_PORT = 40000, 9000


def _sum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total = sum(
        struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + b"\0" * (len(data) % 2))
    )
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packet(client: bool, seq: int, ack: int, flags: int, payload: bytes) -> bytes:
    ports = (CLIENT_PORT, GATEWAY_PORT) if client else (GATEWAY_PORT, CLIENT_PORT)
    address = b"\x7f\0\0\x01"
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 65535, 0, 0) + payload
    pseudo = address * 2 + struct.pack(">BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", _sum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + address * 2
    return ip[:10] + struct.pack(">H", _sum(ip)) + ip[12:] + tcp


def write_capture(path: Path, chunks: Iterable[tuple[bool, bytes]]) -> None:
    """Write one TCP connection, from handshake to close: (whether the client sent it, bytes)."""
    at = {True: 1000, False: 2000}
    packets = [
        _packet(True, at[True], 0, _SYN, b""),
        _packet(False, at[False], at[True] + 1, _SYN | _ACK, b""),
    ]
    at = {side: seq + 1 for side, seq in at.items()}
    packets.append(_packet(True, at[True], at[False], _ACK, b""))
    for client, payload in chunks:
        packets.append(_packet(client, at[client], at[not client], _PUSH | _ACK, payload))
        at[client] += len(payload)
        packets.append(_packet(not client, at[not client], at[client], _ACK, b""))
    for client in (True, False):
        packets.append(_packet(client, at[client], at[not client], _FIN | _ACK, b""))
        at[client] += 1
    packets.append(_packet(True, at[True], at[False], _ACK, b""))
    with path.open("wb") as file:
        file.write(_FILE)
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", 0, number * 1000, len(packet), len(packet)) + packet)
