"""Load the gateway: sessions held, full logons a second, latency. Bounded, loopback only.

``python benches/gateway_load.py [--sessions 10000] [--rate 500]``: the gateway on one core, the
generator on another (Linux). A full logon is TCP connect, signed Logon, verification, reply, Test
Request and its Heartbeat. Progress goes to stderr, the figures to stdout.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import resource
import statistics
import string
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from gatepass.gateway import Gateway, Kind
from gatepass.keys import IssuedPair, KeyFile, KeyPair, generate_pair, write_key_file
from gatepass.session.message import encode
from gatepass.signing import format_sending_time

_TEST = re.compile(rb"\x0135=1\x01.*?\x01112=([^\x01]+)", re.DOTALL)


def pairs(count: int) -> list[IssuedPair]:
    """Make a pair for each of `count` sessions."""
    names = map("".join, itertools.product(string.ascii_uppercase + string.digits, repeat=3))
    today = datetime.now(timezone.utc).date()
    life = (today - timedelta(days=2), today + timedelta(days=300))
    return [generate_pair(name, *life) for name in itertools.islice(names, count)]


async def serve(path: str) -> None:
    """Be the gateway, until standard input closes; answers each line with its memory in KiB."""
    keys = KeyFile(path)
    gateway = Gateway(keys, Kind.parse("cgw"))
    port = await gateway.listen("127.0.0.1", 0)
    print(port, flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        status = Path("/proc/self/status").read_text()
        print(re.search(r"VmRSS:\s+(\d+)", status)[1], flush=True)  # type: ignore[index]
    await gateway.close()


class Client(asyncio.Protocol):
    """One session of the load: logs on, answers the Test Request, stays."""

    def __init__(self, pair: KeyPair, done: asyncio.Future[float]) -> None:
        self.pair, self.done, self.started = pair, done, time.perf_counter()
        self.transport: asyncio.Transport | None = None
        self.received = b""

    def header(self, msg_type: str, number: int, last: int) -> list[tuple[int, str]]:
        now = format_sending_time(datetime.now(timezone.utc))
        sender = f"{self.pair.session}004N"
        first = [(35, msg_type), (34, str(number)), (49, sender), (50, "OP1"), (52, now)]
        return [*first, (56, "CME"), (57, "G"), (142, "US"), (369, str(last))]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        body = [(108, "30"), (1603, "LOAD"), (1604, "1"), (1605, "BENCH")]
        raw = encode([*self.header("A", 1, 0), *body])
        transport.write(self.pair.signing_key.sign_logon(self.pair.access_key_id, raw))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.received += data
        found = _TEST.search(self.received)
        if found and not self.done.done():
            beat = encode([*self.header("0", 2, 2), (112, found[1].decode())])
            self.transport.write(beat)  # type: ignore[union-attr]
            self.done.set_result(time.perf_counter() - self.started)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(repr(self.received[-80:])))


async def log_on(port: int, chosen: list[KeyPair], rate: float | None) -> tuple[float, list[float]]:
    """Log sessions on, at a rate or as fast as they go; gives the seconds and each latency."""
    loop = asyncio.get_running_loop()
    limit = asyncio.Semaphore(64)
    latencies: list[float] = []
    begun = time.perf_counter()

    async def one(index: int, pair: KeyPair) -> None:
        if rate:
            await asyncio.sleep(max(0.0, begun + index / rate - time.perf_counter()))
        async with limit:
            done: asyncio.Future[float] = loop.create_future()
            await loop.create_connection(lambda: Client(pair, done), "127.0.0.1", port)
            latencies.append(await done)
        if len(latencies) % 1000 == 0:
            print(f"  {len(latencies)} of {len(chosen)} logged on", file=sys.stderr)

    await asyncio.gather(*(one(index, pair) for index, pair in enumerate(chosen)))
    return time.perf_counter() - begun, latencies


def ask(server: subprocess.Popen[str]) -> int:
    """Ask the gateway for its memory, in KiB."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write("memory\n")
    server.stdin.flush()
    return int(server.stdout.readline())


async def load(
    server: subprocess.Popen[str], chosen: list[KeyPair], rate: float
) -> dict[str, float]:
    """Run both loads: as fast as it goes, then at a rate."""
    assert server.stdout is not None
    port = int(server.stdout.readline())
    warm, timed, rest = chosen[:50], chosen[50 : 50 + int(rate * 6)], chosen[50 + int(rate * 6) :]
    await log_on(port, warm, None)
    before = ask(server)
    _, latencies = await log_on(port, timed, rate)
    seconds, _ = await log_on(port, rest, None)
    held = len(timed) + len(rest)
    quantiles = statistics.quantiles(latencies, n=100)
    return {
        "sessions": len(chosen),
        "logons_per_second": len(rest) / seconds,
        "rate": rate,
        "p50_ms": quantiles[49] * 1e3,
        "p99_ms": quantiles[98] * 1e3,
        "kib_per_session": (ask(server) - before) / held,
    }


def main() -> None:
    """Run the gateway in another process, load it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--serve")
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if options.serve:
        os.sched_setaffinity(0, {0})
        asyncio.run(serve(options.serve))
        return
    issued = pairs(options.sessions)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "keys.txt")
        write_key_file(path, issued)
        command = [sys.executable, __file__, "--serve", str(path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes) as server:  # type: ignore[call-overload]
            chosen = [pair.key_pair() for pair in issued]
            figures = asyncio.run(load(server, chosen, options.rate))
            server.stdin.close()
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
