"""gatepass's gateway under load: ``python -m benches.load.gateway_acceptor LOOP KEYS``.

LOOP is ``asyncio`` or ``uvloop``. Prints its ports as JSON, and ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys

from gatepass.gateway import Gateway, Kind
from gatepass.gateway.collector import rare_collections
from gatepass.keys import KeyFile


async def serve(path: str) -> None:
    """Run the gateway as ``gatepass simulate`` does, but without a log."""
    gateway = Gateway(KeyFile(path), Kind.parse("cgw"))
    port = await gateway.listen("127.0.0.1", 0)
    print(json.dumps([port]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await gateway.close()


if __name__ == "__main__":
    loop, keys = sys.argv[1:]
    with rare_collections():
        importlib.import_module(loop).run(serve(keys))
