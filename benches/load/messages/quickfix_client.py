"""QuickFIX's initiator: ``python -m benches.load.messages.quickfix_client PORT COUNT [STORE]``.

As `benches.load.messages.gatepass_client`; STORE is a folder, for its `FileStoreFactory`.
"""

# ruff: noqa: N802 - the engine calls these names

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import quickfix

from benches.load.messages import GO, LAST, NAME, ORDER, asking

SETTINGS = """\
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.2
SenderCompID={name}
TargetCompID=CME
UseDataDictionary=N
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
SocketNodelay=Y
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
FileStorePath={store}
[SESSION]
"""
PATIENCE = 60.0


class Initiator(quickfix.Application):  # type: ignore[misc]
    """Counts what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.logged_on = threading.Event()
        self.has_come = threading.Event()
        self.awaited = 1

    def onLogon(self, session_id: Any) -> None:
        self.session_id = session_id
        self.logged_on.set()

    def fromApp(self, message: Any, session_id: Any) -> None:
        self.awaited -= 1
        if self.awaited == 0:
            self.has_come.set()

    def onCreate(self, session_id: Any) -> None: ...

    def onLogout(self, session_id: Any) -> None: ...

    def toAdmin(self, message: Any, session_id: Any) -> None: ...

    def toApp(self, message: Any, session_id: Any) -> None: ...

    def fromAdmin(self, message: Any, session_id: Any) -> None: ...

    def wait(self) -> None:
        """Wait for the messages that are awaited."""
        if not self.has_come.wait(PATIENCE):
            raise TimeoutError(f"{self.awaited} messages did not come")
        self.has_come.clear()


def order(fields: tuple[tuple[int, str], ...]) -> Any:
    """Make a message."""
    message = quickfix.Message()
    message.getHeader().setField(35, "D")
    for tag, value in fields:
        message.setField(tag, value)
    return message


def measure(engine: Initiator, count: int) -> tuple[float, float]:
    """Give messages sent and received a second. One message object is sent again and again."""
    if not engine.logged_on.wait(PATIENCE):
        raise TimeoutError("not logged on")
    send, to = quickfix.Session.sendToTarget, engine.session_id
    message, last, go = order(ORDER), order(asking(LAST)), order(asking(GO))
    begun = time.perf_counter()
    for _ in range(count):
        send(message, to)
    send(last, to)
    engine.wait()
    sent = count / (time.perf_counter() - begun)
    engine.awaited = count
    begun = time.perf_counter()
    send(go, to)
    engine.wait()
    return sent, count / (time.perf_counter() - begun)


def main() -> None:
    port, count, *path = sys.argv[1:]
    store = path[0] if path else ""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "initiator.cfg")
        config.write_text(SETTINGS.format(name=NAME, port=port, store=store or folder))
        settings = quickfix.SessionSettings(str(config))
    kept = quickfix.FileStoreFactory(settings) if store else quickfix.MemoryStoreFactory()
    engine = Initiator()
    initiator = quickfix.SocketInitiator(engine, kept, settings)
    initiator.start()
    print(json.dumps(measure(engine, int(count))), flush=True)
    os._exit(0)  # a stop waits for a Logout; there is nothing to keep


if __name__ == "__main__":
    main()
