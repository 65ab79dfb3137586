"""Third-party engines, each a separate program with the same simple input and output.

It writes ``> MESSAGE`` for what it sends, ``< MESSAGE`` for what it receives, ``* logged on`` and
``* logged out``; a line of its input is the ClOrdID of a New Order, or ``in-session`` for an
in-session logon; the end of the input logs out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatepass.keys import write_key_file
from gatepass.keys.pair import IssuedPair

ROOT = Path(__file__).parents[2]
SENDER = "ABC123N"
#: Time limit of a single step: a JVM starts and compiles on a busy machine.
PATIENCE = 60.0


@dataclass(frozen=True)
class Command:
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Role:
    """An engine's address, session and key pair."""

    port: int
    pair: IssuedPair
    state: Path
    sender: str = SENDER
    target_sub_id: str = "G"


def quickfix(role: Role) -> Command:
    """QuickFIX, signed by `gatepass.integrations.quickfix`: the example itself."""
    keys = role.state / "keys.txt"
    write_key_file(keys, [role.pair])
    return Command(
        (
            *(sys.executable, "-m", "examples.quickfix_initiator", f"127.0.0.1:{role.port}"),
            *("--keys", str(keys), "--sender-comp-id", role.sender, "--state", str(role.state)),
            *("--target-sub-id", role.target_sub_id),
        ),
        {},
    )


def quickfixj(role: Role) -> Command:
    """QuickFIX/J, which does not use gatepass."""
    jars = os.environ["GATEPASS_QUICKFIXJ"]
    source = str(ROOT / "tests/interop/quickfixj/Initiator.java")
    return Command(
        (
            *("java", "-cp", f"{jars}/*", source, "127.0.0.1", str(role.port), role.sender),
            *(role.target_sub_id, role.pair.access_key_id, str(role.state)),
        ),
        {"GATEPASS_TEST_SECRET": role.pair.secret.reveal()},
    )


def quickfix_acceptor(role: Role) -> Command:
    """A QuickFIX acceptor that checks Logons as CME does, with the reference oracle."""
    module = "tests.interop.quickfix_acceptor"
    names = (role.sender, role.pair.access_key_id, str(role.state))
    return Command(
        (sys.executable, "-m", module, str(role.port), *names),
        {"GATEPASS_TEST_SECRET": role.pair.secret.reveal()},
    )


Engine = Callable[[Role], Command]


class Running:
    """A running engine."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line(self, *parts: str) -> str:
        """Wait for a line with all these parts."""
        assert self._process.stdout is not None
        while data := await asyncio.wait_for(self._process.stdout.readline(), PATIENCE):
            self.lines.append(data.decode().rstrip())
            if all(part in self.lines[-1] for part in parts):
                return self.lines[-1]
        raise AssertionError(f"it ended without {parts}:\n" + "\n".join(self.lines))

    async def order(self, name: str) -> None:
        """Give it a line of input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n".encode())
        await self._process.stdin.drain()

    async def log_out(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self.end()

    async def end(self) -> int:
        """Wait for the end; return the exit status."""
        assert self._process.stdout is not None
        rest = await asyncio.wait_for(self._process.stdout.read(), PATIENCE)
        self.lines += rest.decode().splitlines()
        return await self._process.wait()


@contextlib.asynccontextmanager
async def running(engine: Engine, role: Role) -> AsyncIterator[Running]:
    command = engine(role)
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        cwd=ROOT,
        env={**os.environ, **command.environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
