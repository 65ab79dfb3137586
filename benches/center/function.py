"""Generate without HTTP: ``python -m benches.center.function URL BEGUN SECONDS``.

Reads a JSON object from its standard input: the actor's numbers and, for each thread, the sessions
and their active pairs. Prints ``ready``, waits for a line, and prints how many pairs it made.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from benches.center.store import opened
from gatepass.center.context import Center
from gatepass.center.pairs import pairs
from gatepass.center.roles import Actor, Role
from gatepass.cli.center.serving import SWITCH


def main() -> None:
    sys.setswitchinterval(SWITCH)
    url, begun, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    given = json.loads(sys.stdin.readline())
    actor = Actor(given["user"], given["firm"], "kim", Role.KEYS, "127.0.0.1")
    with opened(url, begun) as center:
        center.calendar.close_at_or_after(center.clock())
        print("ready", flush=True)
        sys.stdin.readline()
        until = time.monotonic() + seconds
        made = [0] * len(given["threads"])

        def work(number: int, active: dict[str, list[str]]) -> None:
            made[number] = generate(center, actor, active, until)

        workers = [threading.Thread(target=work, args=both) for both in enumerate(given["threads"])]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(sum(made), flush=True)


def generate(center: Center, actor: Actor, active: dict[str, list[str]], until: float) -> int:
    """Make third pairs, each of which deletes its session's oldest; return how many in time."""
    made = 0
    while True:
        for name, names in active.items():
            names.append(pairs.generate(center, actor, name, names.pop(0)).access_key_id)
            if time.monotonic() > until:
                return made
            made += 1


if __name__ == "__main__":
    main()
