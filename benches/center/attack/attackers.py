"""Attacks of one client without a login on a server on this machine, limited in count and time.

``python -m benches.center.attack.attackers KIND PORT SECONDS`` runs one of `KINDS`, and prints
what it did. It is a separate process, so that it takes no time from the measurement; and it has the
lowest priority, because an attacker on another machine would not use the server's processors.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from gatepass.center.web.security import FORM_COOKIE, FORM_FIELD, form_token

#: Unfinished requests at the same time, and in all; one that is closed is started again after so
#: many seconds.
HALF_OPEN, BEGUN_AT_MOST, AGAIN_AFTER = 1_100, 3_300, 1.0
#: Bytes of headers in all and per line, and the most connections.
HEADER_BYTES, LINE, CONNECTIONS_AT_MOST = 300 * 2**20, 4096, 8_000
#: Logins at the same time, each with its own name; seconds between two rounds; logins in all.
LOGINS, ROUND_AFTER, LOGINS_AT_MOST = 50, 0.2, 2_000

Attack = Callable[[int, float, Counter[str]], Awaitable[None]]


async def half_open(port: int, until: float, done: Counter[str]) -> None:
    """Start requests, and never finish them."""

    async def one() -> None:
        while time.monotonic() < until and done["begun"] < BEGUN_AT_MOST:
            done["begun"] += 1
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
                    await asyncio.wait_for(reader.read(), max(0.0, until - time.monotonic()))
                    done["ended by the server"] += 1
                finally:
                    writer.close()
            await asyncio.sleep(AGAIN_AFTER)

    await asyncio.gather(*(one() for _ in range(HALF_OPEN)), return_exceptions=True)


async def headers(port: int, until: float, done: Counter[str]) -> None:
    """Send endless headers, line after line."""
    block = b"".join(b"X-%06d: " % n + b"a" * LINE + b"\r\n" for n in range(16))
    sent = 0
    while sent < HEADER_BYTES and done["begun"] < CONNECTIONS_AT_MOST and time.monotonic() < until:
        done["begun"] += 1
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n")
                while sent < HEADER_BYTES and time.monotonic() < until:
                    writer.write(block)
                    await asyncio.wait_for(writer.drain(), 1)
                    if writer.transport.is_closing():
                        break
                    sent += len(block)
            except TimeoutError:
                pass
            finally:
                writer.transport.abort()
    done["MiB sent"] = sent // 2**20


async def logins(port: int, until: float, done: Counter[str]) -> None:
    """Log on with wrong passwords, many at a time."""
    cookie = "a" * 43
    numbers = itertools.count()

    async def one() -> None:
        form = {"name": f"user{next(numbers)}", "password": "wrong horse battery"}
        body = urlencode({FORM_FIELD: form_token(cookie, ""), **form}).encode()
        head = (
            "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Cookie: {FORM_COOKIE}={cookie}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.read(), 60)
        done[f"status {answer[9:12].decode()}"] += 1
        writer.close()

    while time.monotonic() < until and sum(done.values()) < LOGINS_AT_MOST:
        await asyncio.gather(*(one() for _ in range(LOGINS)), return_exceptions=True)
        await asyncio.sleep(ROUND_AFTER)


KINDS: dict[str, Attack] = {"half-open": half_open, "headers": headers, "logins": logins}


def main() -> None:
    os.nice(19)
    kind, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    done: Counter[str] = Counter()
    with contextlib.suppress(TimeoutError):
        asyncio.run(
            asyncio.wait_for(KINDS[kind](port, time.monotonic() + seconds, done), seconds + 5)
        )
    print(", ".join(f"{what}: {number:,}" for what, number in sorted(done.items())))


if __name__ == "__main__":
    main()
