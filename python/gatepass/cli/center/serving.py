"""How ``gatepass center serve`` runs until a signal stops it."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gatepass.cli.terminal.interrupts import ending_on_signal
from gatepass.transport import server_context

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.settings import CenterSettings

#: Seconds after which a busy thread lets another run. Python's 5 ms are too long for a thread that
#: has a lock in the database: with them, half as many pairs per second were generated.
SWITCH = 0.0005
#: Seconds that requests and mails in progress get to finish, because a request may wait for a mail
#: server that does not answer.
LEAVES_WITHIN = 6


async def serve_until_ended(
    settings: CenterSettings,
    center: Center,
    listener: socket.socket,
    *,
    on_start: Callable[[], None],
    on_end: Callable[[], None],
) -> None:
    """Serve until a signal arrives; ``on_start`` is called once requests are accepted."""
    from gatepass.center.web import make_app, warm_up
    from gatepass.center.web.serving.server import Server

    sys.setswitchinterval(SWITCH)
    tls = None
    if settings.certificate is not None:
        tls = server_context(settings.certificate, settings.key)
    app = make_app(center, settings.names)
    server = Server(
        app,
        listener,
        tls=tls,
        # A client could forge the headers that name its address, so only a proxy's headers count.
        # With a public address there is a proxy, and it runs on this machine.
        proxied=bool(settings.address),
        on_start=on_start,
    )

    def end() -> None:
        server.should_exit = True
        on_end()
        _leave_at_last()

    with ending_on_signal(end):
        await warm_up(app)
        _leave_out_of_collections()
        await server.run_here()


def _leave_out_of_collections() -> None:
    """Exclude all present objects from garbage collection, since they live until the end.

    A collection through all modules takes 70 to 100 ms, and no thread runs meanwhile.
    """
    gc.collect()
    gc.freeze()


def _leave_at_last() -> None:
    """Exit the process after `LEAVES_WITHIN` seconds, even if threads are still waiting.

    Python cannot stop a thread, and would wait for it. The store is safe: it survives a power cut
    in the same way.
    """

    def leave() -> None:
        time.sleep(LEAVES_WITHIN)
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
