"""A server process: ``python -m benches.center.server URL BEGUN``; its first line is its port."""

from __future__ import annotations

import asyncio
import sys

from benches.center.store import opened
from gatepass.center.web import make_app
from gatepass.center.web.serving.server import Server, listening
from gatepass.cli.center.serving import SWITCH


def main() -> None:
    url, begun = sys.argv[1], float(sys.argv[2])
    sys.setswitchinterval(SWITCH)
    with opened(url, begun) as center, listening("127.0.0.1", 0) as listener:
        # The exchange's calendar takes long the first time.
        center.calendar.close_at_or_after(center.clock())
        print(listener.getsockname()[1], flush=True)
        asyncio.run(Server(make_app(center), listener).serve())


if __name__ == "__main__":
    main()
