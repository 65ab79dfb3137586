"""A server process: ``python -m tests.center.fire.server URL BEGUN OUTBOX MAIL_PORT``.

Its first line is its port. Mails and what is due are seen to as in ``gatepass center serve``.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from gatepass.center import background
from gatepass.center.courier.smtp import SmtpMailer, SmtpServer
from gatepass.center.web import make_app
from gatepass.cli.center_serve import SWITCH
from tests.center.fire.store import opened


def mailer(port: int) -> SmtpMailer:
    return SmtpMailer(SmtpServer("127.0.0.1", port, "center@example.com", security="none"))


def main() -> None:
    url, begun, outbox, port = sys.argv[1:]
    sys.setswitchinterval(SWITCH)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with opened(url, float(begun), Path(outbox)) as center:
        jobs = background.jobs(center, mailer(int(port)))
        with background.running(jobs, on_problem=lambda text: print(text, file=sys.stderr)):
            config = uvicorn.Config(
                make_app(center),
                proxy_headers=False,
                access_log=False,
                log_level="warning",
                lifespan="off",
                ws="none",
            )
            print(listener.getsockname()[1], flush=True)
            uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
