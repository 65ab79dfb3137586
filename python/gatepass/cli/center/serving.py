"""How ``gatepass center serve`` runs: until a signal ends it, and not much longer."""

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

#: Seconds after which a busy thread lets another run. Python's 5 ms are long for whoever has had
#: the database's answer and holds a lock there: half as many pairs a second were generated.
SWITCH = 0.0005
#: Seconds that requests and mails in progress get, once the command is to end: a request may wait
#: for a mail server that hangs.
LEAVES_WITHIN = 6


async def serve_until_ended(
    settings: CenterSettings,
    center: Center,
    listener: socket.socket,
    *,
    on_start: Callable[[], None],
    on_end: Callable[[], None],
) -> None:
    """Serve until somebody ends it; ``on_start`` is called once requests are taken."""
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
        # Whoever reaches this port could say to come from anywhere: only a proxy is believed,
        # and where people are told another address there is one, on this machine.
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
    """Have the garbage collector pass over what is there by now: it stays until the end.

    To look through all modules takes 70 to 100 ms, in which no thread runs.
    """
    gc.collect()
    gc.freeze()


def _leave_at_last() -> None:
    """End the process for good after a while, whatever still waits for somebody.

    A thread cannot be ended, and would hold up the interpreter. The store takes no harm: to it
    this is no more than a power cut.
    """

    def leave() -> None:
        time.sleep(LEAVES_WITHIN)
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
