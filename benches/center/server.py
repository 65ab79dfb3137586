"""A server process: ``python -m benches.center.server URL BEGUN``; its first line is its port."""

from __future__ import annotations

import socket
import sys

import uvicorn

from benches.center.store import opened
from gatepass.center.web import make_app
from gatepass.cli.center_serve import SWITCH


def main() -> None:
    url, begun = sys.argv[1], float(sys.argv[2])
    sys.setswitchinterval(SWITCH)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    # As `gatepass center serve` does.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with opened(url, begun) as center:
        # What takes long the first time: the exchange's calendar.
        center.calendar.close_at_or_after(center.clock())
        # Likewise.
        config = uvicorn.Config(
            make_app(center),
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            lifespan="off",
            loop="asyncio",
            http="httptools",
            ws="none",
        )
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
