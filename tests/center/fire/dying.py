"""Generate, download and delete until killed: ``python -m tests.center.fire.dying URL LIVES``.

Each life is another user, so that the ten codes of a day are enough, and ends by ``kill -9`` at a
random time. It prints ``begun`` and ``done`` with action and Access Key ID, and ``secret`` with the
text of each secret before it is stored.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import psycopg  # noqa: F401 - before the fork, not in each child

from gatepass.center.pairs import pairs
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Actor, Role
from gatepass.keys import secret
from tests.center.generating import generate, open_center, say

#: The first of the users that `test_killed` adds, and their firm.
FIRST_USER, FIRM = 5, 1


def live(url: str, user: int) -> None:
    make = secret.SecretKey.generate

    def told() -> secret.SecretKey:
        made = make()
        say("secret", made.reveal())
        return made

    secret.SecretKey.generate = told  # type: ignore[method-assign]
    center = open_center(url)
    outbox = center.courier
    actor = Actor(user, FIRM, f"user{user}", Role.KEYS)
    while True:
        name = generate(center, actor)
        for purpose, act in ((Purpose.DOWNLOAD, _download), (Purpose.DELETE, pairs.delete)):
            pairs.request_code(center, actor, purpose, [name])
            say("begun", f"{purpose.value} {name}")
            act(center, actor, name, outbox.last_code)  # type: ignore[attr-defined]
            say("done", f"{purpose.value} {name}")


def _download(center: pairs.Center, actor: Actor, name: str, code: str) -> None:
    pairs.download(center, actor, [name], code)


def main() -> None:
    url, lives = sys.argv[1], int(sys.argv[2])
    chance = random.Random(20260305)  # noqa: S311 - no secret
    for number in range(lives):
        out, into = os.pipe()
        # A fork has already loaded everything, and has no connection yet.
        child = os.fork()
        if not child:
            os.dup2(into, 1)
            live(url, FIRST_USER + number)
        os.close(into)
        with os.fdopen(out) as lines:
            # Wait until an action has begun, then kill the process during it.
            wanted = chance.randint(1, 4)
            while wanted:
                line = lines.readline()
                if not line:
                    raise RuntimeError("it ended by itself")
                sys.stdout.write(line)
                wanted -= line.startswith("begun")
            time.sleep(chance.uniform(0, 0.012))
            os.kill(child, signal.SIGKILL)
            sys.stdout.writelines(lines)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
