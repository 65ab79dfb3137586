"""QuickFIX under load: ``python -m benches.load.quickfix_acceptor CLASS KEYS PORTS``.

CLASS is ``SocketAcceptor`` or ``ThreadedSocketAcceptor``. A Logon is verified by gatepass, so that
both engines do the same work for it, and is followed by the Test Request that CME sends. Prints its
ports as JSON, and ends when its standard input ends.

QuickFIX copies the set of a port's sessions into each connection: with ten thousand on one port,
that alone is ten thousand copies of ten thousand names. So the sessions are spread over several
ports, as many as PORTS says.
"""

# ruff: noqa: N802 - the engine calls these names

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import quickfix

from gatepass.fix import LogonVerifier
from gatepass.keys import KeyFile

SETTINGS = """\
[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.2
SenderCompID=CME
UseDataDictionary=N
StartTime=00:00:00
EndTime=00:00:00
SocketNodelay=Y
"""
#: The class stores ports in a signed short: these fit, and are not ephemeral.
PORTS = range(20_000, 32_000)


class Acceptor(quickfix.Application):  # type: ignore[misc]
    """Verifies Logons, sends the Test Request."""

    def __init__(self, verifier: LogonVerifier) -> None:
        super().__init__()
        self._verifier = verifier

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        if message.getHeader().getField(35) == "A":
            verdict = self._verifier.verify(message.toString().encode())
            if not verdict.valid:
                raise quickfix.RejectLogon("Invalid Logon. Logout Forced")

    def onLogon(self, session_id: Any) -> None:
        test = quickfix.Message()
        test.getHeader().setField(35, "1")
        test.setField(112, "CME-HANDSHAKE")
        quickfix.Session.sendToTarget(test, session_id)

    def onCreate(self, session_id: Any) -> None: ...

    def onLogout(self, session_id: Any) -> None: ...

    def toAdmin(self, message: Any, session_id: Any) -> None: ...

    def toApp(self, message: Any, session_id: Any) -> None: ...

    def fromApp(self, message: Any, session_id: Any) -> None: ...


def free_ports(count: int) -> list[int]:
    """Find ``count`` free ports."""
    found: list[int] = []
    for port in PORTS:
        with socket.socket() as probe:
            if len(found) < count and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


def write_settings(path: Path, names: list[str], ports: list[int]) -> None:
    """Write a section for each session; the sessions are spread over the ports in turn."""
    sections = (
        f"[SESSION]\nTargetCompID={name}004N\nSocketAcceptPort={ports[index % len(ports)]}\n"
        for index, name in enumerate(names)
    )
    path.write_text(SETTINGS + "".join(sections))


def main() -> None:
    kind, path, count = sys.argv[1:]
    keys = KeyFile(path)
    ports = free_ports(int(count))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "acceptor.cfg")
        write_settings(config, list(keys.ring.sessions), ports)
        settings = quickfix.SessionSettings(str(config))
    application = Acceptor(LogonVerifier(keys))
    store = quickfix.MemoryStoreFactory()
    acceptor = getattr(quickfix, kind)(application, store, settings)
    acceptor.start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
    # A normal stop would wait for each session's Logout; there is nothing to save.
    os._exit(0)


if __name__ == "__main__":
    main()
