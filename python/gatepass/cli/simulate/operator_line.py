"""What the operator of a simulated gateway may type while it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from gatepass.errors import GatepassError
from gatepass.gateway import Event, Gateway, Report

HELP = (
    "type 'reopen ABC' to open the closed ports of a Session ID, 'send ABC123 TEXT' to send a"
    " message to a session, or 'fail-over ABC123' to make its primary gateway fail"
)
_NOT_LOGGED_ON = "not logged on: nothing was done"
_STDIN = 0


def listen_to_operator(take: Callable[[str], None]) -> None:
    """Call `take` in the running event loop with each line of standard input.

    The reader ends at the end of the input, or if a background program may not read it.
    """
    loop = asyncio.get_running_loop()
    if hasattr(signal, "SIGTTIN"):
        # Otherwise a read from the terminal would stop a process in the background.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def read() -> None:
        pending = b""
        try:
            # Not through sys.stdin: its lock would still be taken when the interpreter exits.
            while data := os.read(_STDIN, 4096):
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(take, line.decode(errors="replace").strip())
        except (OSError, RuntimeError):
            return

    threading.Thread(target=read, daemon=True, name="operator").start()


def obey(gateway: Gateway, line: str) -> Report | None:
    """Execute a line, and report the result; ``None`` for an empty line.

    A session is named as the log shows it, such as ABC123N, or without the last character.
    """
    command, name, text = (*line.split(maxsplit=2), "", "", "")[:3]
    if not command:
        return None
    act = _COMMANDS.get((command, bool(name), bool(text)))
    if act is None:
        return Report(Event.OPERATOR, "", HELP)
    try:
        return act(gateway, name, text)
    except GatepassError as error:
        return Report(Event.OPERATOR, name, f"nothing was done: {error}")


def _reopen(gateway: Gateway, name: str, _: str) -> Report:
    if not gateway.is_closed(name):
        words = f"no port of {gateway.session_id(name)} is closed: nothing was done"
        return Report(Event.OPERATOR, name, words)
    gateway.reopen(name)
    return Report(Event.REOPENED, name, "the ports are open again")


def _fail_over(gateway: Gateway, written: str, _: str) -> Report | None:
    name = gateway.find(written)
    if name is None:
        return Report(Event.OPERATOR, written, _NOT_LOGGED_ON)
    gateway.fail_over(name)  # The gateway reports it.
    return None


def _send(gateway: Gateway, written: str, text: str) -> Report:
    name = gateway.find(written)
    if name is None:
        return Report(Event.OPERATOR, written, _NOT_LOGGED_ON)
    try:
        length = len(text.encode("latin-1"))
    except UnicodeEncodeError:
        return Report(
            Event.OPERATOR, written, "only Latin-1 characters can be sent: nothing was sent"
        )
    number = gateway.send(name, "n", [(212, str(length)), (213, text)])
    return Report(Event.SENT, written, f"34={number}")


#: By the command's word, and whether a name and a text follow.
_COMMANDS: dict[tuple[str, bool, bool], Callable[[Gateway, str, str], Report | None]] = {
    ("reopen", True, False): _reopen,
    ("fail-over", True, False): _fail_over,
    ("send", True, True): _send,
}
