"""The programs under load: the gateway on two event loops, and QuickFIX's two acceptors."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Ports over which QuickFIX's sessions are spread; `benches.load.quickfix_acceptor` says why.
QUICKFIX_PORTS = 100


@dataclass(frozen=True)
class Engine:
    """A program that listens: its name for people, its package, and its command line."""

    name: str
    package: str
    module: str
    first: str
    last: tuple[str, ...] = ()

    def command(self, keys: Path) -> list[str]:
        return [sys.executable, "-m", self.module, self.first, str(keys), *self.last]


def _gateway(name: str, package: str, loop: str) -> Engine:
    return Engine(name, package, "benches.load.gateway_acceptor", loop)


def _quickfix(kind: str) -> Engine:
    last = (str(QUICKFIX_PORTS),)
    return Engine(f"QuickFIX {kind}", "quickfix", "benches.load.quickfix_acceptor", kind, last)


ENGINES: Mapping[str, Engine] = {
    "gatepass": _gateway("gatepass", "gatepass", "asyncio"),
    "uvloop": _gateway("gatepass on uvloop", "uvloop", "uvloop"),
    "quickfix": _quickfix("SocketAcceptor"),
    "quickfix-threaded": _quickfix("ThreadedSocketAcceptor"),
}

#: Without the threaded acceptor: ten thousand threads on one core are slower than one thread, and
#: slow down everything else on the machine.
DEFAULT = ("gatepass", "uvloop", "quickfix")
