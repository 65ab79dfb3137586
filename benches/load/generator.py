"""The load: sessions that log on, at full speed or at a rate, and stay logged on."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benches.load.client import Client

#: Logons under way at once, at full speed.
IN_FLIGHT = 64
#: Test Requests per second at the end, which check that each session is still logged on.
PROBES = 2500
PATIENCE = 60.0


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of logons at a rate; `from_due` counts from when each was due to begin."""

    p50: float
    p99: float
    highest: float
    from_due_p99: float
    late_p99: float


@dataclass(frozen=True)
class Held:
    """The result of the hold."""

    sessions: int
    lost: int
    #: Sessions with as many heartbeats each way as the time requires.
    with_heartbeats: int
    #: Sessions that answered a Test Request at the end.
    answered: int


def say(text: str) -> None:
    """Report progress."""
    print(f"  {text}", file=sys.stderr, flush=True)


async def _log_on(client: Client, port: int) -> tuple[float, float]:
    """Log a client on; return when it began to connect and when the Test Request arrived."""
    begun = time.perf_counter()
    await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
    return begun, await client.logged_on


async def log_on_all(clients: Sequence[Client], ports: Sequence[int]) -> float:
    """Log clients on at full speed; return the seconds it took."""
    waiting = iter(zip(clients, ports, strict=True))
    done = 0

    async def work() -> None:
        nonlocal done
        for client, port in waiting:
            await asyncio.wait_for(_log_on(client, port), PATIENCE)
            done += 1
            if done % 1000 == 0:
                say(f"{done} of {len(clients)} logged on")

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return time.perf_counter() - begun


async def log_on_at(rate: float, clients: Sequence[Client], ports: Sequence[int]) -> Latencies:
    """Log clients on at a rate, even if earlier ones are not done."""
    logons: list[asyncio.Task[tuple[float, float]]] = []
    due = [index / rate for index in range(len(clients))]
    start = time.perf_counter()
    for at, client, port in zip(due, clients, ports, strict=True):
        wait = start + at - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        logons.append(asyncio.create_task(_log_on(client, port)))
    times = await asyncio.wait_for(asyncio.gather(*logons), PATIENCE)
    trips = [1e3 * (end - begun) for begun, end in times]
    return Latencies(
        p50=statistics.median(trips),
        p99=p99(trips),
        highest=max(trips),
        from_due_p99=p99(
            [1e3 * (end - start - at) for (_, end), at in zip(times, due, strict=True)]
        ),
        late_p99=p99(
            [1e3 * (begun - start - at) for (begun, _), at in zip(times, due, strict=True)]
        ),
    )


async def hold(clients: Sequence[Client], seconds: float, least: int) -> Held:
    """Stay logged on for ``seconds``; then check that each session is still logged on.

    Counts the sessions with at least ``least`` heartbeats each way in that time.
    """
    before = [(client.heartbeats, client.beats) for client in clients]
    begun = time.perf_counter()
    while (left := begun + seconds - time.perf_counter()) > 0:
        await asyncio.sleep(min(10.0, left))
        say(
            f"{time.perf_counter() - begun:.0f} of {seconds:.0f} s held,"
            f" {sum(map(min, _grown(clients, before)))} heartbeats each way,"
            f" {sum(bool(client.lost) for client in clients)} sessions lost"
        )
    beats = [min(both) for both in _grown(clients, before)]
    for index, client in enumerate(clients):
        client.probe()
        if index % (PROBES // 10) == 0:
            await asyncio.sleep(0.1)
    await _until_answered(clients)
    why = {client.lost for client in clients if client.lost}
    for text in sorted(why)[:3]:
        say(f"lost: {text}")
    return Held(
        sessions=len(clients),
        lost=sum(bool(client.lost) for client in clients),
        with_heartbeats=sum(count >= least for count in beats),
        answered=sum(client.answered for client in clients),
    )


def _grown(
    clients: Iterable[Client], before: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the heartbeats of each session since ``before``, in and out."""
    for client, (came, sent) in zip(clients, before, strict=True):
        yield client.heartbeats - came, client.beats - sent


async def _until_answered(clients: Iterable[Client]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        if all(client.answered or client.lost for client in clients):
            return
        await asyncio.sleep(0.1)


def p99(values: Sequence[float]) -> float:
    """Return the value that one in a hundred exceeds."""
    return statistics.quantiles(values, n=100)[98]
