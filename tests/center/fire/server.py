"""A server process: ``python -m tests.center.fire.server URL BEGUN OUTBOX MAIL_PORT``.

Its first line is its port. It runs the same background jobs as ``gatepass center serve``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gatepass.center import background
from gatepass.center.mail.couriers.smtp import SmtpMailer, SmtpServer
from gatepass.center.web import make_app
from gatepass.center.web.serving.server import Server, listening
from gatepass.cli.center.serving import SWITCH
from tests.center.fire.store import opened


def mailer(port: int) -> SmtpMailer:
    return SmtpMailer(SmtpServer("127.0.0.1", port, "center@example.com", security="none"))


def main() -> None:
    url, begun, outbox, port = sys.argv[1:]
    sys.setswitchinterval(SWITCH)
    with opened(url, float(begun), Path(outbox)) as center, listening("127.0.0.1", 0) as listener:
        jobs = background.jobs(center, mailer(int(port)))
        with background.running(jobs, on_problem=lambda text: print(text, file=sys.stderr)):
            print(listener.getsockname()[1], flush=True)
            asyncio.run(Server(make_app(center), listener).serve())


if __name__ == "__main__":
    main()
