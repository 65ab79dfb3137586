"""Stay logged on: reconnect after each lost session, and send each order once.

Start ``gatepass simulate --keys keys.txt --port 9000``, then::

    python -m examples.stay_on localhost:9000 --keys keys.txt --sender-comp-id ABC123N --state s

and stop and restart the gateway meanwhile (with ``store`` in its configuration, it keeps its
sequence numbers). The program ends when all orders are sent.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections import deque
from contextlib import aclosing, closing

from gatepass import open_keys
from gatepass.client import ClientSettings, Connector, Link, SqliteStore, connect
from gatepass.errors import BacklogError, GatepassError, NoConnectionError


async def send_orders(link: Link, orders: deque[str], pause: float) -> None:
    """Send orders until none are left, or the session ends."""
    while orders:
        try:
            link.send("D", [(11, orders[0])])
        except NoConnectionError:
            # The session ended before this send. The order was not sent, so it stays the first
            # one for the next link.
            return
        except BacklogError:
            await link.drained()
            continue
        # It is in the store: if the connection loses it, it is resent on request.
        orders.popleft()
        await asyncio.sleep(pause)


async def stay_on(links: Connector[Link], orders: deque[str], pause: float) -> None:
    """Take link after link until all orders are sent, then log out.

    ``aclosing`` also logs out after an error, a cancelled task or Ctrl-C.
    """
    async with aclosing(links):
        async for link in links:
            await send_orders(link, orders, pause)


def main() -> int:
    """Log on and send."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--sender-comp-id", required=True)
    parser.add_argument("--state", required=True)
    parser.add_argument("--orders", type=int, default=10)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)  # the log says why it reconnects
    host, _, port = options.address.rpartition(":")
    us = ClientSettings(options.sender_comp_id, "OPER1", "G", "US", "GATEPASS", "1.0", "EXAMPLE")
    orders = deque(str(number) for number in range(options.orders))
    with closing(SqliteStore(options.state, options.sender_comp_id[:-1])) as store:
        links = connect(host, int(port), us, open_keys(options.keys), store)
        try:
            asyncio.run(stay_on(links, orders, 1.0))
        except GatepassError as error:
            print(error, file=sys.stderr)  # noqa: T201
        except KeyboardInterrupt:
            print(f"{len(orders)} orders were not sent", file=sys.stderr)  # noqa: T201
    return 1 if orders else 0


if __name__ == "__main__":
    sys.exit(main())
