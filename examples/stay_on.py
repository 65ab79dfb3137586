"""Stay logged on: a new session whenever one has ended, and each order is sent once.

Start ``gatepass simulate --keys keys.txt --port 9000``, then::

    python -m examples.stay_on localhost:9000 --keys keys.txt --sender-comp-id ABC123N --state s

and stop and start the gateway meanwhile (with ``store`` in its configuration it keeps its numbers).
The program ends when all orders are sent.
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
    """Send orders until there are none left, or the session has ended."""
    while orders:
        try:
            link.send("D", [(11, orders[0])])
        except NoConnectionError:
            # A send may come between the end of the session and your hearing of it. It was not
            # sent, so it is still the first for the next link.
            return
        except BacklogError:
            await link.drained()
            continue
        # It is in the store: what the connection loses of it now is sent again when asked for.
        orders.popleft()
        await asyncio.sleep(pause)


async def stay_on(links: Connector[Link], orders: deque[str], pause: float) -> None:
    """Take link after link until all orders are sent; the last is logged out.

    It is, too, where an error, a cancelled task or Ctrl-C ends this: that is what ``aclosing`` is
    for.
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
    logging.basicConfig(level=logging.WARNING)  # it says there why it tries again
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
