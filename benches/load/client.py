"""One session of the load: logs on, answers Test Requests, sends heartbeats, counts messages."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from gatepass._native import Framer
from gatepass.fix import format_sending_time
from gatepass.fix.message import encode
from gatepass.keys import KeyPair

#: HeartBtInt (108), in seconds.
HEARTBEAT = 30
#: TestReqID (112) of the Test Request that each session sends at the end of a hold.
PROBE = "PROBE"


class Client(asyncio.Protocol):
    """Logs on as soon as it is connected. Keeps no bytes: the load has ten thousand of these."""

    def __init__(self, pair: KeyPair) -> None:
        self._pair = pair
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent = self._received = 0
        #: Done when the Logon's answer and the Test Request have come; its result is that time.
        self.logged_on: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        #: Heartbeats that came, and heartbeats that were sent because nothing else was.
        self.heartbeats = self.beats = 0
        self.answered = False
        #: Why it is no longer logged on; empty while it is.
        self.lost = ""

    @property
    def comp_id(self) -> str:
        """SenderCompID (49)."""
        return f"{self._pair.session}004N"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        body = [(108, str(HEARTBEAT)), (1603, "LOAD"), (1604, "1"), (1605, "BENCH")]
        logon = self._encode("A", body)
        self._write(self._pair.signing_key.sign_logon(self._pair.access_key_id, logon))

    def data_received(self, data: bytes) -> None:
        for message in self._framer.feed(data):
            self._received += 1
            # A message begins with 8, 9 and 35; a framer's error would be a bug of the load.
            kind = message.split(b"\x01", 3)[2]  # type: ignore[union-attr]
            if kind == b"35=1":
                self._answer(message)  # type: ignore[arg-type]
            elif kind == b"35=0":
                self.heartbeats += 1
                self.answered = self.answered or b"\x01112=%s\x01" % PROBE.encode() in message  # type: ignore[operator]
            elif kind != b"35=A":
                self._lose(message.decode("latin-1").replace("\x01", "|"))  # type: ignore[union-attr]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._lose(f"the connection ended: {exc}")

    def probe(self) -> None:
        """Send a Test Request; its answer sets `answered`."""
        self._write(self._encode("1", [(112, PROBE)]))

    def close(self) -> None:
        """End the connection without a Logout."""
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, message: bytes) -> None:
        identifier = message.partition(b"\x01112=")[2].partition(b"\x01")[0].decode()
        self._write(self._encode("0", [(112, identifier)]))
        if not self.logged_on.done():
            self.logged_on.set_result(time.perf_counter())
            self._timer = asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)

    def _beat(self) -> None:
        self.beats += 1
        self._write(self._encode("0", []))
        self._timer = asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)

    def _encode(self, msg_type: str, body: list[tuple[int, str]]) -> bytes:
        self._sent += 1
        now = format_sending_time(datetime.now(UTC))
        first = [(35, msg_type), (34, str(self._sent)), (49, self.comp_id), (50, "OP1"), (52, now)]
        last = [(56, "CME"), (57, "G"), (142, "US"), (369, str(self._received))]
        return encode([*first, *last, *body])

    def _write(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.write(message)

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        if not self.logged_on.done():
            self.logged_on.set_exception(ConnectionError(why))
