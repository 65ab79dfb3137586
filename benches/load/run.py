"""One run: an acceptor on one core, the generator on another, all phases, and the figures."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benches.load.client import HEARTBEAT, Client
from benches.load.engines import Engine
from benches.load.generator import Held, Latencies, hold, log_on_all, log_on_at, say
from benches.load.processor import Spent, control, memory
from gatepass.keys import KeyPair

ROOT = Path(__file__).parents[2]
#: Sessions that log on before anything is measured.
WARM = 50


@dataclass(frozen=True)
class Plan:
    """How much load: sessions in all, the last `timed` at `rate` per second, then seconds of hold.

    `patience` is how many seconds it may wait for a quiet machine before that.
    """

    sessions: int
    rate: float
    timed: int
    seconds: float
    patience: float

    @property
    def heartbeats(self) -> int:
        """Heartbeats that each session must have: one fewer than fit, because of their phase."""
        return max(0, int(self.seconds / HEARTBEAT) - 1)


@dataclass(frozen=True)
class Figures:
    """The figures of a run. Shares are of one core, during the logons at full speed.

    `others` is how many cores other programs used during all logons; the load average is that at
    the beginning.
    """

    logons_per_second: float
    acceptor_share: float
    generator_share: float
    latencies: Latencies
    kib_per_session: float
    kib_per_session_held: float
    held: Held
    idle_p99: float
    others: float
    load_average: float


async def _load(
    pid: int, ports: list[int], pairs: Sequence[KeyPair], plan: Plan, idle: float
) -> Figures:
    clients = [Client(pair) for pair in pairs]
    targets = list(itertools.islice(itertools.cycle(ports), len(clients)))
    fast = slice(WARM, plan.sessions - plan.timed)
    timed = slice(plan.sessions - plan.timed, None)
    load_average = os.getloadavg()[0]
    await log_on_all(clients[:WARM], targets[:WARM])
    before = memory(pid)
    start = Spent.until_now(pid)
    seconds = await log_on_all(clients[fast], targets[fast])
    acceptor, generator, _ = Spent.until_now(pid).shares(start)
    latencies = await log_on_at(plan.rate, clients[timed], targets[timed])
    *_, others = Spent.until_now(pid).shares(start)
    say(f"p50 {latencies.p50:.2f} ms, p99 {latencies.p99:.2f} ms at {plan.rate:g} per second")
    after = memory(pid)
    held = await hold(clients, plan.seconds, plan.heartbeats)
    figures = Figures(
        logons_per_second=len(clients[fast]) / seconds,
        acceptor_share=acceptor,
        generator_share=generator,
        latencies=latencies,
        kib_per_session=(after - before) / (plan.sessions - WARM),
        kib_per_session_held=(memory(pid) - before) / (plan.sessions - WARM),
        held=held,
        idle_p99=idle,
        others=others,
        load_average=load_average,
    )
    for client in clients:
        client.close()
    return figures


def run(engine: Engine, keys: Path, pairs: Sequence[KeyPair], plan: Plan) -> Figures:
    """Start the engine on the first core, load it from the last, end it."""
    cores = sorted(os.sched_getaffinity(0))
    idle = control([cores[0], cores[-1]], plan.patience)
    # The acceptor inherits its core, and so do all its threads.
    os.sched_setaffinity(0, {cores[0]})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(engine.command(keys), cwd=ROOT, **pipes) as acceptor:  # type: ignore[call-overload]
        os.sched_setaffinity(0, {cores[-1]})
        # The generator's own pauses must not count as the acceptor's.
        gc.collect()
        gc.disable()
        try:
            ports = json.loads(acceptor.stdout.readline())
            return asyncio.run(_load(acceptor.pid, ports, pairs, plan, idle))
        finally:
            gc.enable()
            os.sched_setaffinity(0, cores)
            acceptor.stdin.close()
            try:
                acceptor.wait(timeout=30)
            except subprocess.TimeoutExpired:
                acceptor.kill()
