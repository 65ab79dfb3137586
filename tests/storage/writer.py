"""A process that only saves and sends, until it is killed.

``python writer.py FILE ROUND``: each number goes to standard output after it is saved, as a message
would go to the wire; so does each received message that is delivered. ROUND messages in each
direction are saved together.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import replace

from gatepass.session.numbers import ReceivedMessage, SentMessage
from gatepass.session.store import together
from gatepass.storage import SqliteStore


def tell(word: str, number: int) -> None:
    # One write of a few bytes into a pipe is atomic.
    os.write(1, f"{word} {number}\n".encode())


def main() -> None:
    store, size = SqliteStore(sys.argv[1], "ABC123"), int(sys.argv[2])
    numbers = store.load()
    tell("begin", 0)
    while True:
        for kept in store.undelivered():
            tell("delivered", kept.number)
            store.delivered(kept.number, kept.epoch)
        fresh = range(numbers.next_out, numbers.next_out + size)
        with together(store) if size > 1 else nullcontext():
            for number in fresh:
                numbers = replace(numbers, next_out=number + 1)
                store.save(numbers, SentMessage(number, b"message %d" % number, True))
                received = ReceivedMessage(numbers.next_in, b"message %d" % numbers.next_in)
                numbers = replace(numbers, next_in=received.number + 1)
                store.save(numbers, received=received)
        for number in fresh:
            tell("sent", number)


if __name__ == "__main__":
    main()
