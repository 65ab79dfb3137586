"""Real packets of the loopback interface, captured by dumpcap and read by tshark."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from tests.interop.engines import PATIENCE

RIGHTS = (
    "run these tests as root, or give dumpcap the right: setcap cap_net_raw+eip $(which dumpcap)"
)


@contextlib.asynccontextmanager
async def capturing(path: Path, port: int) -> AsyncIterator[None]:
    """Write what the block does on this port of the loopback interface to a file.

    A machine without the right to capture is a failure, not a reason to test less.
    """
    command = ("dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(path))
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = b""
    # It prints this once it captures.
    while b"File: " not in said:
        line = await asyncio.wait_for(process.stderr.readline(), PATIENCE)
        if not line:
            await process.wait()
            raise AssertionError(f"dumpcap cannot capture: {RIGHTS}\n{said.decode()}")
        said += line
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), PATIENCE)


async def written(path: Path, last: bytes) -> None:
    """Wait until bytes are in the file: the kernel hands packets on in blocks, and late."""

    async def look() -> None:
        while last not in path.read_bytes():
            await asyncio.sleep(0.05)

    await asyncio.wait_for(look(), PATIENCE)


def tshark(path: Path, port: int, *options: str) -> str:
    """Read a capture whose connections to `port` are FIX.

    TCP checksums are not checked: on the loopback interface, the kernel does not compute them.
    """
    command = ["tshark", "-n", "-r", str(path), "-d", f"tcp.port=={port},fix", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
