"""A TCP relay between client and gateway: it records messages, and drops them on request."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from tests import oracle

CLIENT, GATEWAY = "client", "gateway"

_END = re.compile(rb"\x0110=[0-9]{3}\x01")

Fields = dict[str, str]


def fields_of(message: bytes) -> Fields:
    return dict(oracle.fields(message))


@dataclass
class Relay:
    """Return the complete messages that `sides` sent, in order."""

    passed: list[tuple[str, bytes]] = field(default_factory=list)
    lost: list[tuple[str, bytes]] = field(default_factory=list)
    _losing: list[tuple[str, Callable[[Fields], bool]]] = field(default_factory=list)

    def lose(self, side: str, which: Callable[[Fields], bool]) -> None:
        """Drop the next matching message of a side, once."""
        self._losing.append((side, which))

    def messages(self, side: str, msg_type: str) -> list[Fields]:
        found = [fields_of(message) for sender, message in self.passed if sender == side]
        return [message for message in found if message["35"] == msg_type]

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """Relay every connection to `port`; gives the relay's port."""
        tasks: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(
                    self._pass_on(CLIENT, reader, far_writer),
                    self._pass_on(GATEWAY, far_reader, writer),
                )
            finally:
                writer.close()
                far_writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()
            # The closed transports' last callbacks.
            await asyncio.sleep(0)

    async def _pass_on(
        self, side: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        buffer = b""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                buffer += data
                while end := _END.search(buffer):
                    message, buffer = buffer[: end.end()], buffer[end.end() :]
                    if self._is_lost(side, message):
                        self.lost.append((side, message))
                        continue
                    self.passed.append((side, message))
                    writer.write(message)
                    await writer.drain()
        writer.close()

    def _is_lost(self, side: str, message: bytes) -> bool:
        for losing in self._losing:
            if losing[0] == side and losing[1](fields_of(message)):
                self._losing.remove(losing)
                return True
        return False
