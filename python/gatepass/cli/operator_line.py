"""What the operator of a simulated gateway may type while it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from gatepass.errors import StoreError
from gatepass.gateway import Gateway, Report

HELP = (
    "type reopen ABC123 to open its closed ports, send ABC123 TEXT to send it a message,"
    " fail-over ABC123 to let its primary gateway fail"
)
_STDIN = 0


def listen_to_operator(take: Callable[[str], None]) -> None:
    """Have `take` called in the running event loop with each line of standard input.

    The reader ends with the input, or where a program in the background may not read it.
    """
    loop = asyncio.get_running_loop()
    if hasattr(signal, "SIGTTIN"):
        # In the background, reading the terminal would stop the whole process.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def read() -> None:
        pending = b""
        try:
            # Not by way of sys.stdin: its lock would be held when the interpreter ends.
            while data := os.read(_STDIN, 4096):
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(take, line.decode(errors="replace").strip())
        except (OSError, RuntimeError):
            return

    threading.Thread(target=read, daemon=True, name="operator").start()


def obey(gateway: Gateway, line: str) -> Report | None:
    """Do what a line says, and report it; ``None`` for an empty line."""
    words = line.split(maxsplit=2)
    match words:
        case []:
            return None
        case ["reopen", name]:
            if not gateway.is_closed(name):
                return Report(
                    "operator", name, "no closed port: give the name shown, such as ABC123"
                )
            gateway.reopen(name)
            return Report("reopened", name, "the ports are open again")
        case ["fail-over", name]:
            try:
                gateway.fail_over(name)
            except KeyError:
                return Report("operator", name, "not logged on: nothing failed")
            except StoreError as error:
                return Report("operator", name, f"{error}: nothing failed")
            return None  # reported by the gateway
        case ["send", name, text]:
            try:
                fields = [(212, str(len(text.encode("latin-1", "replace")))), (213, text)]
                number = gateway.send(name, "n", fields)
            except (KeyError, RuntimeError):
                return Report("operator", name, "not logged on: nothing was sent")
            except StoreError:
                return None  # reported by the gateway
            return Report("sent", name, f"34={number}")
        case _:
            return Report("operator", "", HELP)
